import {
  address,
  type AnyValueType,
  binary,
  bool,
  defineMessage,
  int32,
  int64,
  integer,
  ipv4,
  ipv6,
  oneOf,
  optional,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import { isIPv4, isIPv6 } from 'node:net';
import { describe, expect, it } from 'vitest';
import { argumentsOf } from '../../src/arbitraries.ts';
import { always, ends, sample, shrunk } from './samples.ts';

/** The values of an argument of this type. */
function valuesOf(type: AnyValueType, count: number): unknown[] {
  return sample(argumentsOf(defineMessage('m', { x: type })), count).map((args) => Reflect.get(args, 'x'));
}

describe('an integer', () => {
  it.each<[name: string, type: AnyValueType, min: number | bigint, max: number | bigint]>([
    ['integer', integer, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ['int32', int32, -(2 ** 31), 2 ** 31 - 1],
    ['uint32', uint32, 0, 2 ** 32 - 1],
    ['int64', int64, -(2n ** 63n), 2n ** 63n - 1n],
    ['uint64', uint64, 0n, 2n ** 63n - 1n],
  ])('of type %s is in its range, and often at each end', (_, type, min, max) => {
    const values = valuesOf(type, 400);
    const outside = values.filter(
      (value) => typeof value !== typeof min || Number(value) < Number(min) || BigInt(String(value)) > BigInt(max),
    );
    expect(outside).toEqual([]);
    for (const end of [min, max]) {
      const count = values.filter((value) => value === end).length;
      expect(count).toBeGreaterThan(20);
      expect(count).toBeLessThan(120);
    }
  });
});

describe('text and bytes', () => {
  it('are up to 300 characters and 64 bytes long', () => {
    const texts = valuesOf(string, 250).map((value) => (typeof value === 'string' ? value.length : -1));
    expect(texts).toContain(0);
    expect(Math.max(...texts)).toBeGreaterThan(240);
    expect(Math.max(...texts)).toBeLessThanOrEqual(300);
    const sizes = valuesOf(binary, 150).map((value) => (value instanceof Uint8Array ? value.length : -1));
    expect(ends(sizes)).toEqual([0, 64]);
  });
});

describe('a value', () => {
  it.each<[name: string, type: AnyValueType, isRight: (value: unknown) => boolean]>([
    ['bool', bool, (value) => typeof value === 'boolean'],
    ['ipv4', ipv4, (value) => isIPv4(String(value))],
    ['ipv6', ipv6, (value) => isIPv6(String(value))],
    ['address', address, (value) => isIPv4(String(value)) || isIPv6(String(value))],
  ])('of type %s is right, and changes', (_, type, isRight) => {
    const values = valuesOf(type, 20);
    expect(values.filter((value) => !isRight(value))).toEqual([]);
    expect(new Set(values).size).toBeGreaterThan(1);
  });

  it('of one of several types is typed data of each of them', () => {
    const values = valuesOf(oneOf(int64, string, binary), 30);
    const types = values.map((value) =>
      typeof value === 'object' && value !== null && 'type' in value ? String(value.type) : 'plain',
    );
    expect([...new Set(types)].toSorted()).toEqual(['binary', 'int64', 'string']);
  });

  it('that is optional is there more often than NULL, or than nothing', () => {
    const values = valuesOf(optional(bool), 300);
    const counts = [undefined, null].map((none) => values.filter((value) => value === none).length);
    for (const count of counts) {
      expect(count).toBeGreaterThan(25);
      expect(count).toBeLessThan(80);
    }
  });
});

describe('an address', () => {
  it('shrinks to 0.0.0.0', () => {
    expect(shrunk(argumentsOf(defineMessage('m', { x: address })))).toEqual(always({ x: '0.0.0.0' }));
  });
});

describe('the arguments', () => {
  const three = defineMessage('m', { a: int32, b: bool, c: optional(string) });

  it('come in any order, most often in the declared one', () => {
    const orders = sample(argumentsOf(defineMessage('m', { a: bool, b: bool, c: bool })), 150).map((args) =>
      Object.keys(args).join(''),
    );
    expect([...new Set(orders)].toSorted()).toEqual(['abc', 'acb', 'bac', 'bca', 'cab', 'cba']);
    expect(orders.filter((order) => order === 'abc').length).toBeGreaterThan(60);
  });

  it('shrink to the declared order, and to as few as there may be', () => {
    expect(shrunk(argumentsOf(three)).map((args) => JSON.stringify(args))).toEqual(always('{"a":0,"b":false}'));
  });
});
