import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DataType, KvListReader, type Value } from '../../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, thrown, toHex, valueOf, varint } from '../bytes.ts';

/** Offset of the typed data that `valueOf` gives: after the header of 11 bytes and the empty name. */
const AT = 12;

function integer(type: number, value: bigint): string {
  return `0${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
}

const { Null, Bool, Int32, Uint32, Int64, Uint64, Ipv4, Ipv6, String: Text, Binary } = DataType;

/** One value of each type. */
const samples: readonly [type: DataType, name: string, digits: string][] = [
  [Null, 'NULL', '00'],
  [Bool, 'BOOL', '11'],
  [Int32, 'INT32', '022a'],
  [Uint32, 'UINT32', '032a'],
  [Int64, 'INT64', '042a'],
  [Uint64, 'UINT64', '052a'],
  [Ipv4, 'IPV4', '06c0000201'],
  [Ipv6, 'IPV6', '0720010db8000000000000000000000001'],
  [Text, 'STRING', '0803474554'],
  [Binary, 'BINARY', '090300ff80'],
];

const integers: readonly DataType[] = [Int32, Uint32, Int64, Uint64];
const withBytes: readonly DataType[] = [Ipv4, Ipv6, Text, Binary];
const everything: readonly DataType[] = samples.map(([type]) => type);

/** Each accessor, and the types that it reads. */
const accessors: [string, (value: Value) => unknown, readonly DataType[]][] = [
  ['type', (value) => value.type, everything],
  ['isNull', (value) => value.isNull, everything],
  ['toString()', (value) => value.toString(), everything],
  ['boolean', (value) => value.boolean, [Bool]],
  ['lo', (value) => value.lo, integers],
  ['hi', (value) => value.hi, integers],
  ['toNumber()', (value) => value.toNumber(), [...integers, Ipv4]],
  ['toBigInt()', (value) => value.toBigInt(), [...integers, Ipv4, Ipv6]],
  ['family', (value) => value.family, [Ipv4, Ipv6]],
  ['wordAt()', (value) => value.wordAt(0), [Ipv4, Ipv6]],
  ['byteLength', (value) => value.byteLength, withBytes],
  ['byteAt()', (value) => value.byteAt(0), withBytes],
  ['equals() with text', (value) => value.equals('x'), withBytes],
  ['equals() with bytes', (value) => value.equals(hex('00')), withBytes],
  ['startsWith()', (value) => value.startsWith('x'), withBytes],
  ['endsWith()', (value) => value.endsWith('x'), withBytes],
  ['includes()', (value) => value.includes('x'), withBytes],
  ['indexOf()', (value) => value.indexOf('x'), withBytes],
  ['equalsIgnoreCase()', (value) => value.equalsIgnoreCase('x'), withBytes],
  ['includesIgnoreCase()', (value) => value.includesIgnoreCase('x'), withBytes],
  ['copyTo()', (value) => value.copyTo(Buffer.alloc(20)), withBytes],
  ['copyTo() of a part', (value) => value.copyTo(Buffer.alloc(20), 0, 1, 2), withBytes],
  ['toBytes()', (value) => value.toBytes(), withBytes],
];

describe.each(accessors)('Value.%s', (_, access, types) => {
  it.each(samples.filter(([type]) => types.includes(type)))('reads type %i, %s', (_type, _name, digits) => {
    expect(() => access(valueOf(digits))).not.toThrow();
  });

  const others = samples.filter(([type]) => !types.includes(type));
  if (others.length > 0) {
    it.each(others)('refuses type %i, %s, and names the expected and the found type', (_type, name, digits) => {
      const error = thrown(() => access(valueOf(digits)));
      expect([error.code, error.status, error.offset]).toEqual(['SPOP_WRONG_TYPE', undefined, AT]);
      expect(error.reason).toMatch(new RegExp(`^expected a value of type [A-Z].*; found ${name}$`));
    });
  }

  it.each(samples)('throws for type %i, %s, once the list moved on', (_type, _name, digits) => {
    const list = new KvListReader();
    const frame = onlyFrame(frameBytes(2, Buffer.concat([hex('00'), hex(digits)])));
    list.read(frame);
    list.next();
    const { value } = list;
    list.read(frame);
    expect(fault(() => access(value))).toEqual(['SPOP_VIEW_CLOSED', undefined, -1]);
  });
});

describe('Value.type', () => {
  it.each(samples)('is %i for %s, with any flags', (type, _, digits) => {
    const flagged = `f${digits.slice(1)}`;
    expect([valueOf(digits).type, valueOf(flagged).type]).toEqual([type, type]);
    expect(valueOf(digits).isNull).toBe(type === Null);
  });
});

describe('Value.boolean', () => {
  it.each([
    ['01', false],
    ['11', true],
    ['21', false],
    ['e1', false],
    ['f1', true],
  ])('reads %s as %s', (digits, expected) => {
    expect([valueOf(digits).boolean, valueOf(digits).toString()]).toEqual([expected, String(expected)]);
  });
});

const SAFE = (1n << 53n) - 1n;
const wholeNumbers: [string, number, bigint, boolean][] = [
  ['INT32 0', Int32, 0n, true],
  ['INT32 -1', Int32, -1n, true],
  ['INT32 2^31 - 1', Int32, 0x7fff_ffffn, true],
  ['INT32 -2^31', Int32, -0x8000_0000n, true],
  ['UINT32 2^31', Uint32, 0x8000_0000n, true],
  ['UINT32 2^32 - 1', Uint32, 0xffff_ffffn, true],
  ['INT64 239', Int64, 239n, true],
  ['INT64 240', Int64, 240n, true],
  ['INT64 -1', Int64, -1n, true],
  ['INT64 -240', Int64, -240n, true],
  ['INT64 2^32', Int64, 0x1_0000_0000n, true],
  ['INT64 -2^32', Int64, -0x1_0000_0000n, true],
  ['INT64 -2^32 - 1', Int64, -0x1_0000_0001n, true],
  ['INT64 2^53 - 1', Int64, SAFE, true],
  ['INT64 2^53', Int64, SAFE + 1n, false],
  ['INT64 -(2^53 - 1)', Int64, -SAFE, true],
  ['INT64 -2^53', Int64, -SAFE - 1n, false],
  ['INT64 2^63 - 1', Int64, (1n << 63n) - 1n, false],
  ['INT64 -2^63', Int64, -(1n << 63n), false],
  ['UINT64 0', Uint64, 0n, true],
  ['UINT64 2^32 - 1', Uint64, 0xffff_ffffn, true],
  ['UINT64 2^53 - 1', Uint64, SAFE, true],
  ['UINT64 2^53', Uint64, SAFE + 1n, false],
  ['UINT64 2^63', Uint64, 1n << 63n, false],
  ['UINT64 2^64 - 1', Uint64, (1n << 64n) - 1n, false],
];

describe('Value of an integer', () => {
  it.each(wholeNumbers)('reads %s as bigint, text and halves', (_, type, expected) => {
    const value = valueOf(integer(type, expected));
    expect([value.toBigInt(), value.toString()]).toEqual([expected, String(expected)]);
    expect(BigInt.asUintN(64, (BigInt(value.hi) << 32n) | BigInt(value.lo >>> 0))).toBe(BigInt.asUintN(64, expected));
  });

  it.each(wholeNumbers.filter(([, , , safe]) => safe))('reads %s as number', (_, type, expected) => {
    expect(valueOf(integer(type, expected)).toNumber()).toBe(Number(expected));
  });

  it.each(wholeNumbers.filter(([, , , safe]) => !safe))('refuses %s as number', (_, type, expected) => {
    const error = thrown(() => valueOf(integer(type, expected)).toNumber());
    expect([error.code, error.status, error.offset]).toEqual(['SPOP_UNSAFE_INTEGER', undefined, AT]);
    expect(error.reason).toContain(`found ${expected}`);
  });

  it('reads any 64 bits exactly', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(1n << 63n), max: (1n << 63n) - 1n }), (expected) => {
        expect(valueOf(integer(Int64, expected)).toBigInt()).toBe(expected);
        expect(valueOf(integer(Uint64, expected)).toBigInt()).toBe(BigInt.asUintN(64, expected));
      }),
    );
  });
});

describe('Value of an address', () => {
  it('reads IPV4 as bytes, words, number, bigint and text', () => {
    const value = valueOf('06c0a80001');
    expect([value.family, value.byteLength, value.byteAt(0), value.byteAt(3)]).toEqual([4, 4, 0xc0, 1]);
    expect([value.wordAt(0), value.toNumber(), value.toBigInt()]).toEqual([0xc0a80001 | 0, 0xc0a80001, 0xc0a80001n]);
    expect([value.toString(), toHex(value.toBytes())]).toEqual(['192.168.0.1', 'c0a80001']);
  });

  it('reads IPV6 as bytes, words, bigint and text', () => {
    const value = valueOf('07fe80000000000000505400fffe123456');
    expect([value.family, value.byteLength, value.byteAt(0), value.byteAt(15)]).toEqual([6, 16, 0xfe, 0x56]);
    expect([0, 1, 2, 3].map((index) => value.wordAt(index))).toEqual([0xfe800000 | 0, 0, 0x505400ff, 0xfe123456 | 0]);
    expect(value.toBigInt()).toBe(0xfe80000000000000505400fffe123456n);
    expect(value.toString()).toBe('fe80::5054:ff:fe12:3456');
  });

  it.each([
    ['0600000000', 0n],
    ['06ffffffff', 0xffff_ffffn],
    [`07${'00'.repeat(16)}`, 0n],
    [`07${'ff'.repeat(16)}`, (1n << 128n) - 1n],
  ])('reads %s as bigint %i', (digits, expected) => {
    expect(valueOf(digits).toBigInt()).toBe(expected);
  });

  it('equals text in any form, and the same bytes', () => {
    const value = valueOf('0720010db8000000000000000000000001');
    const equal = ['2001:db8::1', '2001:DB8:0:0::1', '2001:0db8:0000:0000:0000:0000:0000:0001', '2001:db8::0.0.0.1'];
    for (const text of equal) expect([text, value.equals(text)]).toEqual([text, true]);
    expect(value.equals(hex('20010db8000000000000000000000001'))).toBe(true);
  });

  it('of IPV4 equals the same address mapped to IPv6, as text and as bytes', () => {
    const value = valueOf('06c0000201');
    for (const text of ['192.0.2.1', '::ffff:192.0.2.1', '0:0:0:0:0:FFFF:C000:0201']) {
      expect([text, value.equals(text)]).toEqual([text, true]);
    }
    const mapped = hex('00000000000000000000ffffc0000201');
    expect(value.equals(mapped)).toBe(true);
    for (const digits of ['07c0000201000000000000000000000000', '0804c0000201', '0904c0000201']) {
      expect([digits, valueOf(digits).equals(mapped)]).toEqual([digits, false]);
    }
  });

  it.each([
    ['06c0000201', '192.0.2.2'],
    ['06c0000201', '192.0.2.01'],
    ['06c0000201', '::ffff:192.0.2.2'],
    ['06c0000201', '::192.0.2.1'],
    ['06c0000201', '192.0.2.1 '],
    ['06c0000201', 'no address'],
    ['06c0000201', ''],
    ['0700000000000000000000ffffc0000201', '192.0.2.1'],
    ['0720010db8000000000000000000000001', '2001:db8::2'],
  ])('%s does not equal %s', (digits, text) => {
    expect(valueOf(digits).equals(text)).toBe(false);
  });

  it.each(['06c0000201', '0720010db8000000000000000000000001'])('%s has no groups beyond its own', (digits) => {
    const value = valueOf(digits);
    const groups = value.family === 4 ? 1 : 4;
    for (const index of [-1, groups, groups + 1, 0.5, groups - 0.25, NaN]) {
      expect(() => value.wordAt(index)).toThrow(RangeError);
    }
  });
});

describe('Value of bytes', () => {
  it('reads a STRING', () => {
    const value = valueOf('0806c3a947455400');
    expect([value.byteLength, value.byteAt(0), value.byteAt(5)]).toEqual([6, 0xc3, 0]);
    expect([value.toString(), toHex(value.toBytes())]).toEqual(['éGET\u0000', 'c3a947455400']);
    expect([value.equals('éGET\u0000'), value.equals('éGET'), value.equals('éGET\u0000!')]).toEqual([
      true,
      false,
      false,
    ]);
    expect([value.startsWith(''), value.startsWith('éG'), value.startsWith('éGET\u0000')]).toEqual([true, true, true]);
    expect([value.startsWith('e'), value.startsWith('éGET\u0000!')]).toEqual([false, false]);
    expect([value.equals(hex('c3a947455400')), value.equals(hex('c3a9474554'))]).toEqual([true, false]);
  });

  it('reads bytes that are not UTF-8 as U+FFFD in text, and unchanged in bytes', () => {
    const value = valueOf('080461ff80c3');
    expect([value.toString(), toHex(value.toBytes())]).toEqual(['a\ufffd\ufffd\ufffd', '61ff80c3']);
    expect(value.equals('a\ufffd\ufffd\ufffd')).toBe(false);
  });

  it('reads the empty STRING and BINARY, with any bytes after them', () => {
    for (const digits of ['0800', '0900']) {
      const value = valueOf(digits, 0x41);
      expect([value.byteLength, value.byteAt(0), value.toString(), value.toBytes().length]).toEqual([0, -1, '', 0]);
      expect([value.equals(''), value.equals('A'), value.startsWith(''), value.startsWith('A')]).toEqual([
        true,
        false,
        true,
        false,
      ]);
    }
  });

  it.each([
    ['239', 239],
    ['240', 240],
    ['2287', 2287],
    ['2288', 2288],
  ])('reads %s bytes', (_, length) => {
    const content = 'x'.repeat(length - 1) + 'y';
    for (const type of ['08', '09']) {
      const value = valueOf(type + toHex(varint(BigInt(length))) + toHex(Buffer.from(content)));
      expect([value.byteLength, value.byteAt(length - 1), value.byteAt(length)]).toEqual([length, 0x79, -1]);
      expect([value.equals(content), value.toString() === content]).toEqual([true, true]);
    }
  });

  it('has no bytes outside of itself', () => {
    const value = valueOf('0903010203', 0xaa);
    for (const index of [-1, 3, 4, 1e9, -1e9, 0.5, NaN, Infinity]) {
      expect([index, value.byteAt(index)]).toEqual([index, -1]);
    }
  });

  it('copies the bytes that fit, and nothing beyond', () => {
    const value = valueOf('0905 0102030405', 0xaa);
    const target = Buffer.alloc(8, 0xee);
    expect([value.copyTo(target, 1), toHex(target)]).toEqual([5, 'ee0102030405eeee']);
    expect([value.copyTo(target, 6), toHex(target)]).toEqual([2, 'ee01020304050102']);
    expect([value.copyTo(target.subarray(0, 2)), toHex(target)]).toEqual([2, '0102020304050102']);
    expect(value.copyTo(target, 8)).toBe(0);
  });

  it.each<[start: number | undefined, end: number | undefined, copied: string]>([
    [0, 5, '0102030405'],
    [1, 3, '0203'],
    [2, undefined, '030405'],
    [undefined, 2, '0102'],
    [4, 5, '05'],
    [5, 9, ''],
    [3, 3, ''],
    [4, 2, ''],
    [-3, 2, '0102'],
    [1.9, 3.9, '0203'],
    [0, -1, ''],
    [6, 7, ''],
    [-Infinity, Infinity, '0102030405'],
    [NaN, 2, '0102'],
    [1, NaN, ''],
    [2 ** 31, 2 ** 32, ''],
    [1, 2 ** 40, '02030405'],
  ])('copies a part, from %s to %s', (start, end, copied) => {
    const value = valueOf('0905 0102030405', 0xaa);
    const target = Buffer.alloc(9, 0xee);
    expect(value.copyTo(target, 1, start, end)).toBe(copied.length / 2);
    expect(toHex(target)).toBe(`ee${copied}`.padEnd(18, 'e'));
    const small = Buffer.alloc(1, 0xee);
    expect([value.copyTo(small, 0, start, end), toHex(small)]).toEqual([
      Math.min(1, copied.length),
      copied === '' ? 'ee' : copied.slice(0, 2),
    ]);
  });

  it("gives copies that are the caller's: later changes to the frame do not show", () => {
    const bytes = frameBytes(2, hex('00 0803616263'));
    const list = new KvListReader();
    const frame = onlyFrame(bytes);
    list.read(frame);
    list.next();
    const [copy, text] = [list.value.toBytes(), list.value.toString()];
    frame.bytes.fill(0);
    expect([toHex(copy), text]).toEqual(['616263', 'abc']);
  });
});

describe('Value of NULL', () => {
  it('is the empty text', () => {
    expect([valueOf('00').isNull, valueOf('00').toString()]).toEqual([true, '']);
  });
});
