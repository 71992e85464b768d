import { defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { data } from '../../src/index.ts';

/** As a caller without types calls it. */
const untyped = (call: (...args: never[]) => unknown, ...args: unknown[]): unknown =>
  Reflect.apply(call, undefined, args);

describe('a word of data, which makes a value, where a type is declared', () => {
  it.each(Object.entries(data))('is refused when it is declared: %s', (name, word) => {
    for (const declare of [
      () => untyped(defineMessage, 'm', { host: string, ip: word }),
      () => untyped(defineVariable, 'txn', 'ip', word),
    ]) {
      expect(declare).toThrow(TypeError);
      expect(declare).toThrow(typeof word === 'function' ? `found the function` : 'found another object');
      expect(declare).toThrow(name === 'nil' ? 'found' : name);
    }
  });

  it('says where the type is that was meant', () => {
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
