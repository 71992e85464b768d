import { describe, expect, it } from 'vitest';
import { address, defineMessage, defineVariable, optional, string } from '../src/index.ts';

/** The function as a caller without types sees it. */
const untyped = (call: (...args: never[]) => unknown, ...args: unknown[]): unknown =>
  Reflect.apply(call, undefined, args);

/** The builder's function of the same name, which makes a value for a test. */
const builders = { address: (text: string) => ({ type: 'ipv4', value: text }) };

const types: readonly (readonly [unknown, string])[] = [
  ['address', `"address": import the type of that name, and write it without quotes`],
  [
    builders.address,
    'the function address(), as data.address of @spop/builder is: import address from @spop/agent or @spop/codec',
  ],
  [parseInt, 'the function "parseInt"'],
  [undefined, 'undefined'],
  [null, 'null'],
  [5, 'the number 5'],
  [{ kind: 'address' }, 'another object'],
  [{ optional: false }, 'another object'],
  [{ kind: 'toString', optional: false }, 'another object'],
  [{ kind: ['address'], optional: false }, 'another object'],
  [{ kind: 'address', optional: 'no' }, 'another object'],
  [{ type: 'ipv4', value: '192.0.2.1' }, 'another object'],
];

describe('defineMessage, without types', () => {
  it.each(types)('refuses %o for a type', (type, found) => {
    expect(() => untyped(defineMessage, 'ask', { host: string, ip: type })).toThrow(
      new TypeError(
        `expected the type of argument "ip" of message "ask" to be a type, such as string or optional(address); found ${found}`,
      ),
    );
  });

  it('refuses an optional() that wraps no type', () => {
    expect(() => untyped(defineMessage, 'ask', { ip: untyped(optional, 'address') })).toThrow('found another object');
    expect(() => defineMessage('ask', { ip: optional(address) })).not.toThrow();
  });

  it.each([
    [5, {}, 'a message name to be a string; found number'],
    [null, {}, 'a message name to be a string; found null'],
    ['ask', undefined, 'the arguments of "ask" to be an object, such as { ip: address }; found undefined'],
    ['ask', ['ip'], 'the arguments of "ask" to be an object, such as { ip: address }; found an array'],
    ['ask', null, 'the arguments of "ask" to be an object, such as { ip: address }; found null'],
  ])('refuses %o with the arguments %o', (name, args, reason) => {
    expect(() => untyped(defineMessage, name, args)).toThrow(new TypeError(`expected ${reason}`));
  });
});

describe('defineVariable, without types', () => {
  it.each(types)('refuses %o for a type', (type, found) => {
    expect(() => untyped(defineVariable, 'txn', 'score', type)).toThrow(
      new TypeError(
        `expected the type of variable txn.score to be a type, such as string or optional(address); found ${found}`,
      ),
    );
  });

  it('refuses a name that is no string', () => {
    expect(() => untyped(defineVariable, 'txn', 5, string)).toThrow(
      new TypeError('expected a variable name to be a string; found number'),
    );
  });
});
