import { toHex, varint } from './bytes.ts';

const TWO_64 = 1n << 64n;

/** The hex digits of an integer of that data type, negative ones as HAProxy sends them. */
export function integerDigits(type: number, value: bigint): string {
  return `0${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
}

/** Typed data with a label, as hex digits. */
export const VALID: readonly [name: string, digits: string][] = [
  ['NULL', '00'],
  ['NULL with flags', 'f0'],
  ['BOOL false', '01'],
  ['BOOL true', '11'],
  ['BOOL with reserved flags', 'e1'],
  ['INT32 0', '0200'],
  ['INT32 -1', integerDigits(2, -1n)],
  ['INT32 2^31 - 1', integerDigits(2, 0x7fff_ffffn)],
  ['INT32 -2^31', integerDigits(2, -0x8000_0000n)],
  ['UINT32 2^31', integerDigits(3, 0x8000_0000n)],
  ['UINT32 2^32 - 1', integerDigits(3, 0xffff_ffffn)],
  ['INT64 -2^63', integerDigits(4, -(1n << 63n))],
  ['INT64 2^63 - 1', integerDigits(4, (1n << 63n) - 1n)],
  ['UINT64 2^63', integerDigits(5, 1n << 63n)],
  ['UINT64 2^64 - 1', integerDigits(5, TWO_64 - 1n)],
  ['IPV4', '06c0000201'],
  ['IPV6', '0720010db8000000000000000000000001'],
  ['STRING, empty', '0800'],
  ['STRING', '0803616263'],
  ['STRING of 239 bytes', `08ef${'61'.repeat(239)}`],
  ['STRING of 240 bytes', `08f000${'61'.repeat(240)}`],
  ['BINARY, empty', '0900'],
  ['BINARY', '090300ff80'],
  ['BINARY of 2287 bytes', `09ff7f${'00'.repeat(2287)}`],
  ['BINARY of 2288 bytes', `09f08000${'00'.repeat(2288)}`],
];

/** Malformed typed data, with the code and the offset of the error. */
export const MALFORMED: readonly [name: string, digits: string, code: string, offset: number][] = [
  ['nothing', '', 'SPOP_TRUNCATED', 0],
  ['INT32 2^31', integerDigits(2, 0x8000_0000n), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 -2^31 - 1', integerDigits(2, -0x8000_0001n), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 2^32 - 1, a -1 that is not sign-extended', integerDigits(2, 0xffff_ffffn), 'SPOP_INTEGER_RANGE', 0],
  ['INT32 2^63', integerDigits(2, 1n << 63n), 'SPOP_INTEGER_RANGE', 0],
  ['UINT32 2^32', integerDigits(3, 0x1_0000_0000n), 'SPOP_INTEGER_RANGE', 0],
  ['UINT32 -1', integerDigits(3, -1n), 'SPOP_INTEGER_RANGE', 0],
  ['INT64 2^64', `04${toHex(varint(TWO_64))}`, 'SPOP_VARINT_OVERFLOW', 1],
  ['UINT64 of eleven bytes', `05${'ff'.repeat(11)}`, 'SPOP_VARINT_OVERFLOW', 1],
  ['STRING whose length is above 2^31', `08${toHex(varint(0x8000_0000n))}61`, 'SPOP_TRUNCATED', 1],
  ['STRING whose length is 2^32', `08${toHex(varint(0x1_0000_0000n))}61`, 'SPOP_TRUNCATED', 1],
  ['BINARY whose length is 2^64 - 1', `09${toHex(varint(TWO_64 - 1n))}61`, 'SPOP_TRUNCATED', 1],
  ...[10, 11, 12, 13, 14, 15].map((type): [string, string, string, number] => [
    `reserved type ${type}`,
    `0${type.toString(16)}00`,
    'SPOP_RESERVED_TYPE',
    0,
  ]),
  ['reserved type 15 with flags', 'ff00', 'SPOP_RESERVED_TYPE', 0],
];
