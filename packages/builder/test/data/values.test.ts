import { describe, expect, it } from 'vitest';
import { given } from '../../src/data/options.ts';
import { data, type TypedData } from '../../src/index.ts';

/** The function as a caller without types sees it. */
const untyped = (call: (...args: never[]) => unknown, ...args: unknown[]): unknown =>
  Reflect.apply(call, undefined, args);

describe('an integer', () => {
  it.each<[name: string, make: (value: number | bigint) => TypedData, min: bigint, max: bigint]>([
    ['int32', data.int32, -(2n ** 31n), 2n ** 31n - 1n],
    ['uint32', data.uint32, 0n, 2n ** 32n - 1n],
    ['int64', data.int64, -(2n ** 63n), 2n ** 63n - 1n],
    ['uint64', data.uint64, 0n, 2n ** 64n - 1n],
  ])('of type %s has a range', (type, make, min, max) => {
    const isShort = type.endsWith('32');
    for (const value of [min, max]) expect(make(value)).toEqual({ type, value: isShort ? Number(value) : value });
    for (const value of [min - 1n, max + 1n]) {
      expect(() => make(value)).toThrow(
        expect.objectContaining({ reason: `expected ${min} to ${max} for ${type}; found ${value}` }),
      );
    }
  });

  it.each([0.5, 2 ** 53, Number.NaN])('is not %d', (value) => {
    expect(() => data.int64(value)).toThrow(
      expect.objectContaining({
        reason: `expected an integer for int64; found ${value}: pass a bigint beyond 2^53`,
      }),
    );
  });
});

describe('an IPv6 address', () => {
  it.each([
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:0:3:0:5:0:7:0', '1:0:3:0:5:0:7:0'],
    ['1:0:0:4:0:0:7:8', '1::4:0:0:7:8'],
    ['1:0:0:4:0:0:0:8', '1:0:0:4::8'],
    ['1:2:3:4:5:6:0:0', '1:2:3:4:5:6::'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['::ffff:102:304', '::ffff:1.2.3.4'],
    ['1::ffff:102:304', '1::ffff:102:304'],
    ['1:1:1:1:1:ffff:102:304', '1:1:1:1:1:ffff:102:304'],
    ['::fffe:102:304', '::fffe:102:304'],
    ['64:ff9b::1.2.3.4', '64:ff9b::102:304'],
    ['ABCD::00f0', 'abcd::f0'],
  ])('%s is written as %s', (text, shown) => {
    expect(data.ipv6(text)).toEqual({ type: 'ipv6', value: shown });
  });

  it.each(['1.2.3.4', 'fe80::1%eth0', '1:2:3', ''])('is not %j', (text) => {
    expect(() => data.ipv6(text)).toThrow(/expected an IPv6 address or 16 bytes; found "/);
  });
});

describe('infer', () => {
  it.each<[value: unknown, typed: object]>([
    [null, data.nil],
    [false, data.bool(false)],
    [-1, data.int64(-1)],
    [1n, data.int64(1)],
    ['10.0.0.1', data.string('10.0.0.1')],
    [Uint8Array.of(1), data.binary(Uint8Array.of(1))],
    [data.int32(1), data.int32(1)],
    [{ type: 'string', value: 'x', flags: undefined }, data.string('x')],
    [data.withFlags(data.string('x'), 2), { type: 'string', value: 'x', flags: 2 }],
    [data.raw('0a'), { type: 'raw', value: Uint8Array.of(10) }],
    [
      { type: 'raw', value: Uint8Array.of(10), flags: 1 },
      { type: 'raw', value: Uint8Array.of(10) },
    ],
  ])('makes typed data of %o', (value, typed) => {
    expect(untyped(data.infer, value)).toStrictEqual(typed);
  });

  it.each<[value: unknown, found: string]>([
    [undefined, 'undefined'],
    [{}, 'an object'],
    [{ type: 7 }, 'a value of type 7'],
    [() => {}, '() => {}'],
    [Object.assign(() => {}, { type: 'null' }), '() => {}'],
  ])('refuses %o', (value, found) => {
    expect(() => untyped(data.infer, value)).toThrow(
      expect.objectContaining({ reason: `expected a value that SPOP can carry; found ${found}` }),
    );
  });

  it('refuses typed data of an unknown type', () => {
    expect(() => untyped(data.infer, { type: 'float' })).toThrow(
      expect.objectContaining({ reason: 'expected typed data; found a value of type float' }),
    );
  });
});

describe('given options', () => {
  it('are a copy without undefined ones', () => {
    const options = { a: undefined, b: 0, c: null };
    expect(given(options)).toStrictEqual({ b: 0, c: null });
    expect(options).toStrictEqual({ a: undefined, b: 0, c: null });
  });
});
