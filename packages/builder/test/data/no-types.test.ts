import { defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { data } from '../../src/index.ts';

/** The function as a caller without types sees it. */
const untyped = (call: (...args: never[]) => unknown, ...args: unknown[]): unknown =>
  Reflect.apply(call, undefined, args);

describe('a function of data, which makes a value, in place of a type', () => {
  it.each(Object.entries(data))('is refused in a declaration: %s', (name, word) => {
    for (const declare of [
      () => untyped(defineMessage, 'm', { host: string, ip: word }),
      () => untyped(defineVariable, 'txn', 'ip', word),
    ]) {
      expect(declare).toThrow(TypeError);
      expect(declare).toThrow(typeof word === 'function' ? `found the function` : 'found another object');
      expect(declare).toThrow(name === 'nil' ? 'found' : name);
    }
  });

  it('causes an error that names the right import', () => {
    // @ts-expect-error and it does not compile.
    expect(() => defineMessage('m', { ip: data.address })).toThrow(
      new TypeError(
        'expected the type of argument "ip" of message "m" to be a type, such as string or optional(address); found the function ' +
          'address(), as data.address of @spop/builder is: import address from @spop/agent or @spop/codec',
      ),
    );
    // @ts-expect-error and it does not compile.
    expect(() => defineVariable('sess', 'ip_score', data.int32)).toThrow(/ip_score .* import int32 from @spop\/agent/);
  });
});
