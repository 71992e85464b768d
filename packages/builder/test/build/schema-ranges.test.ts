import {
  address,
  type AnyValueType,
  binary,
  bool,
  defineMessage,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  optional,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { ack, type ArgumentsInput, data, notify, type TypedData } from '../../src/index.ts';

/** The typed data that a message of this declared type has for a value from a caller without types. */
function carried(type: AnyValueType, value: unknown): TypedData | undefined {
  const schema = defineMessage('m', { x: type });
  const frame = notify()
    .untypedMessage(schema, { x: value } as ArgumentsInput)
    .toFrame();
  return frame.type === 'NOTIFY' ? frame.messages[0]?.args[0]?.value : undefined;
}

const SAFE = 2n ** 53n - 1n;
const ranges: readonly (readonly [name: string, type: AnyValueType, min: bigint, max: bigint])[] = [
  ['integer', integer, -SAFE, SAFE],
  ['int32', int32, -(2n ** 31n), 2n ** 31n - 1n],
  ['uint32', uint32, 0n, 2n ** 32n - 1n],
  ['int64', int64, -(2n ** 63n), 2n ** 63n - 1n],
  ['uint64', uint64, 0n, 2n ** 64n - 1n],
];

/** The integer as HAProxy sends it, which has one integer type. */
function asHaproxySends(value: bigint): TypedData {
  return value < 2n ** 63n ? data.int64(value) : data.uint64(value);
}

describe('the range of a declared integer', () => {
  it.each(ranges)('of type %s has the ends of the type', (_, type, min, max) => {
    expect(carried(type, min)).toEqual(asHaproxySends(min));
    expect(carried(type, max)).toEqual(asHaproxySends(max));
    expect(carried(type, 0)).toEqual(data.int64(0));
    for (const outside of [min - 1n, max + 1n]) {
      expect(() => carried(type, outside)).toThrow(expect.objectContaining({ code: 'SPOP_INVALID_VALUE' }));
    }
  });

  it.each(ranges)('of type %s is also that of exact values', (_, type, min, max) => {
    for (const value of [min, max]) expect(carried(type, asHaproxySends(value))).toEqual(asHaproxySends(value));
    for (const outside of [min - 1n, max + 1n]) {
      if (outside < -(2n ** 63n) || outside >= 2n ** 64n) continue;
      expect(() => carried(type, asHaproxySends(outside))).toThrow(/SPOP_INVALID_VALUE/);
    }
  });

  it('changes from INT64 to UINT64 at 2^63', () => {
    expect(carried(uint64, 2n ** 63n - 1n)).toEqual(data.int64(2n ** 63n - 1n));
    expect(carried(uint64, 2n ** 63n)).toEqual(data.uint64(2n ** 63n));
  });

  it.each(ranges)('of type %s holds for a variable', (_, type, min, max) => {
    // Called without types.
    const set = (value: bigint): unknown => {
      const builder = ack();
      return Reflect.apply(builder.setVar, builder, [{ scope: 'txn', name: 'x', kind: type.kind }, value]);
    };
    expect(() => set(min)).not.toThrow();
    expect(() => set(max)).not.toThrow();
    expect(() => set(max + 1n)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => set(min - 1n)).toThrow(/SPOP_INVALID_VALUE/);
  });
});

describe('an integer of its own type', () => {
  it.each<[string, (value: number | bigint) => TypedData, bigint, bigint]>([
    ['int32', data.int32, -(2n ** 31n), 2n ** 31n - 1n],
    ['uint32', data.uint32, 0n, 2n ** 32n - 1n],
    ['int64', data.int64, -(2n ** 63n), 2n ** 63n - 1n],
    ['uint64', data.uint64, 0n, 2n ** 64n - 1n],
  ])('%s has the ends of the type', (type, make, min, max) => {
    expect(make(min)).toMatchObject({ type });
    expect(BigInt(String(Reflect.get(make(min), 'value')))).toBe(min);
    expect(BigInt(String(Reflect.get(make(max), 'value')))).toBe(max);
    expect(() => make(min - 1n)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => make(max + 1n)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => make(0.5)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => make(2 ** 53)).toThrow(/SPOP_INVALID_VALUE/);
  });
});

const exact: readonly TypedData[] = [
  data.bool(true),
  data.int32(1),
  data.uint32(1),
  data.int64(1),
  data.uint64(1),
  data.ipv4('10.0.0.1'),
  data.ipv6('::1'),
  data.string('x'),
  data.binary('x'),
];
const integers = ['int32', 'uint32', 'int64', 'uint64'];
const taken: readonly (readonly [name: string, type: AnyValueType, types: readonly string[]])[] = [
  ['bool', bool, ['bool']],
  ['integer', integer, integers],
  ['int32', int32, integers],
  ['uint32', uint32, integers],
  ['int64', int64, integers],
  ['uint64', uint64, integers],
  ['ipv4', ipv4, ['ipv4']],
  ['ipv6', ipv6, ['ipv6']],
  ['address', address, ['ipv4', 'ipv6']],
  ['string', string, ['string']],
  ['interned(string)', interned(string), ['string']],
  ['binary', binary, ['binary']],
];

describe('a declared type', () => {
  it.each(taken)('%s takes exact values of its own types, and no others', (_, type, types) => {
    for (const value of exact) {
      if (types.includes(value.type)) expect(carried(type, value)).toEqual(value);
      else expect(() => carried(type, value)).toThrow(/SPOP_INVALID_VALUE/);
    }
  });

  it.each(taken)('%s takes NULL only if it is optional', (_, type) => {
    expect(carried(optional(type), null)).toEqual(data.nil);
    expect(() => carried(type, null)).toThrow(expect.objectContaining({ code: 'SPOP_MISSING_ARGUMENT' }));
    expect(carried(optional(type), undefined)).toBeUndefined();
    expect(() => carried(type, undefined)).toThrow(expect.objectContaining({ code: 'SPOP_MISSING_ARGUMENT' }));
  });

  it('of an address takes the bytes of either family, and of no other length', () => {
    expect(carried(address, new Uint8Array(4))).toEqual(data.ipv4('0.0.0.0'));
    expect(carried(address, new Uint8Array(16))).toEqual(data.ipv6('::'));
    expect(() => carried(ipv4, new Uint8Array(16))).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => carried(ipv6, new Uint8Array(4))).toThrow(/SPOP_INVALID_VALUE/);
    for (const length of [0, 3, 5, 15, 17]) expect(() => carried(address, new Uint8Array(length))).toThrow();
  });
});

describe('flags of typed data', () => {
  it('are 1 to 15, and even for a BOOL', () => {
    expect(data.withFlags(data.string('x'), 1).flags).toBe(1);
    expect(data.withFlags(data.string('x'), 15).flags).toBe(15);
    expect(data.withFlags(data.bool(true), 14).flags).toBe(14);
    for (const flags of [0, 16, 0.5])
      expect(() => data.withFlags(data.string('x'), flags)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => data.withFlags(data.bool(true), 1)).toThrow(/SPOP_INVALID_VALUE/);
    expect(() => data.withFlags(data.bool(true), 15)).toThrow(/SPOP_INVALID_VALUE/);
  });
});
