import { describe, expect, it } from 'vitest';
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
  MessageSet,
  Notify,
  optional,
  string,
  uint32,
  uint64,
} from '../../src/index.ts';
import { ValueView } from '../../src/values/value.ts';
import { message, notifyFrame, thrown, toHex, varint } from '../bytes.ts';

/** The property `a` of a message that declares it as `type`; `digits` is its typed data, undefined for none. */
function readAs(type: AnyValueType, digits: string | undefined): unknown {
  const definition = defineMessage('m', { a: type });
  const notify = new Notify(new MessageSet([definition]));
  notify.read(notifyFrame([message('m', digits === undefined ? [] : [['a', digits]])]));
  return notify.get(definition)?.a;
}

function integerHex(type: number, value: bigint): string {
  return `0${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
}

const wire: readonly [name: string, digits: string, text: string][] = [
  ['BOOL', '11', 'true'],
  ['INT32', '0207', '7'],
  ['UINT32', '0307', '7'],
  ['INT64', '0407', '7'],
  ['UINT64', '0507', '7'],
  ['IPV4', '06c0000201', '192.0.2.1'],
  ['IPV6', '0720010db8000000000000000000000001', '2001:db8::1'],
  ['STRING', '0803474554', 'GET'],
  ['BINARY', '0903474554', 'GET'],
];
const integers = ['INT32', 'UINT32', 'INT64', 'UINT64'];

const kinds: readonly [name: string, type: AnyValueType, accepted: readonly string[], isView: boolean][] = [
  ['bool', bool, ['BOOL'], false],
  ['integer', integer, integers, false],
  ['int32', int32, integers, false],
  ['uint32', uint32, integers, false],
  ['int64', int64, integers, true],
  ['uint64', uint64, integers, true],
  ['ipv4', ipv4, ['IPV4'], true],
  ['ipv6', ipv6, ['IPV6'], true],
  ['address', address, ['IPV4', 'IPV6'], true],
  ['string', string, ['STRING'], true],
  ['interned', interned(string), ['STRING'], false],
  ['binary', binary, ['BINARY'], true],
];

describe.each(kinds)('an argument declared %s', (kind, type, accepted, isView) => {
  it.each(wire.filter(([name]) => accepted.includes(name)))('reads %s', (_, digits, text) => {
    for (const declared of [type, optional(type)]) {
      const value = readAs(declared, digits);
      expect(value instanceof ValueView).toBe(isView);
      expect(String(value)).toBe(text);
    }
  });

  it.each(wire.filter(([name]) => !accepted.includes(name)))(
    'refuses %s and says message, argument, expected and found',
    (name, digits) => {
      for (const declared of [type, optional(type)]) {
        const error = thrown(() => readAs(declared, digits));
        // After the header of 11 bytes, `m`, NB-ARGS and `a`.
        expect([error.code, error.status, error.offset]).toEqual(['SPOP_WRONG_TYPE', undefined, 16]);
        expect(error.reason).toContain(`message 'm', argument 'a': expected ${kind}; found ${name}.`);
      }
    },
  );

  it.each([
    ['missing', undefined, 'no argument of that name. Declare it optional(…), or write a=… in the args line'],
    ['NULL', '00', 'NULL'],
  ])('is refused if it is %s, unless it is optional', (_, digits, found) => {
    const error = thrown(() => readAs(type, digits));
    expect([error.code, error.status, error.offset]).toEqual(['SPOP_MISSING_ARGUMENT', undefined, -1]);
    expect(error.reason).toContain(`message 'm', argument 'a': expected ${kind}; found ${found}`);
    expect(error.reason).toContain('optional');
    expect(readAs(optional(type), digits)).toBeUndefined();
  });
});

const SAFE = (1n << 53n) - 1n;
const ranges: [string, AnyValueType, bigint, bigint][] = [
  ['int32', int32, -(1n << 31n), (1n << 31n) - 1n],
  ['uint32', uint32, 0n, (1n << 32n) - 1n],
  ['integer', integer, -SAFE, SAFE],
];

describe.each(ranges)('the range of %s', (_, type, min, max) => {
  it('is read in full, from every integer type that can hold it', () => {
    for (const value of [min, min + 1n, 0n, 1n, 239n, 240n, max - 1n, max]) {
      expect(readAs(type, integerHex(4, value))).toBe(Number(value));
      if (value >= 0n) expect(readAs(type, integerHex(5, value))).toBe(Number(value));
    }
    if (min < 0n) expect(readAs(type, integerHex(2, -1n))).toBe(-1);
  });

  it('is complete: numbers beyond it are refused with message, argument, range and value', () => {
    const beyond: [number, bigint][] = [
      [4, min - 1n],
      [4, max + 1n],
      [4, -(1n << 63n)],
      [4, (1n << 63n) - 1n],
      [5, max + 1n],
      [5, (1n << 64n) - 1n],
      [5, 1n << 63n],
    ];
    for (const [wireType, value] of beyond) {
      const error = thrown(() => readAs(type, integerHex(wireType, value)));
      expect([value, error.code, error.status, error.offset]).toEqual([value, 'SPOP_UNSAFE_INTEGER', undefined, 16]);
      expect(error.reason).toBe(`message 'm', argument 'a': expected ${min} to ${max}; found ${value}`);
    }
  });
});

describe('64-bit arguments', () => {
  it.each([
    ['INT64 -2^63', integerHex(4, -(1n << 63n)), -(1n << 63n)],
    ['UINT64 2^63', integerHex(5, 1n << 63n), 1n << 63n],
    ['UINT64 2^64 - 1', integerHex(5, (1n << 64n) - 1n), (1n << 64n) - 1n],
  ])('hold %s, whichever of the two is declared', (_, digits, expected) => {
    for (const type of [int64, uint64]) {
      const value = readAs(type, digits);
      expect(value instanceof ValueView && value.toBigInt()).toBe(expected);
    }
  });
});

describe('an interned argument', () => {
  it('is the same text again and again, and separate for each argument', () => {
    const definition = defineMessage('m', { a: interned(string), b: interned(string) });
    const notify = new Notify(new MessageSet([definition]));
    for (const [a, b] of [
      ['GET', 'POST'],
      ['GET', 'GET'],
      ['', 'x'.repeat(33)],
      ['é', 'GET'],
    ] as const) {
      const typed = (text: string): string =>
        `08${toHex(varint(BigInt(Buffer.byteLength(text))))}${toHex(Buffer.from(text))}`;
      notify.read(
        notifyFrame([
          message('m', [
            ['a', typed(a)],
            ['b', typed(b)],
          ]),
        ]),
      );
      expect([notify.get(definition)?.a, notify.get(definition)?.b]).toEqual([a, b]);
    }
  });
});

describe('defineMessage', () => {
  it.each([
    ['an empty name', '', {}],
    ['a name of 240 bytes', 'n'.repeat(240), {}],
    ['an argument name of 240 bytes', 'm', { ['n'.repeat(240)]: bool }],
  ])('refuses %s', (_, name, args) => {
    expect(thrown(() => defineMessage(name, args))).toMatchObject({ code: 'SPOP_INVALID_NAME', status: undefined });
  });

  it('takes hundreds of arguments and finds each, in order and backwards', () => {
    const names = Array.from({ length: 255 }, (_, index) => `argument-${index}-name`);
    const definition = defineMessage('m', Object.fromEntries(names.map((name) => [name, integer])));
    const notify = new Notify(new MessageSet([definition]));
    const pairs = names.map((name, index): [string, string] => [name, `04${toHex(varint(BigInt(index)))}`]);
    for (const args of [pairs, pairs.toReversed(), pairs]) {
      notify.read(notifyFrame([message('m', args)]));
      const view = notify.get(definition);
      for (const [index, name] of names.entries()) expect([name, view?.[name]]).toEqual([name, index]);
    }
  });
});
