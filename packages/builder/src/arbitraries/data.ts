import type { ScopeName } from '@spop/codec';
import * as fc from 'fast-check';
import { toText } from '../data/text.ts';
import { bool, int32, int64, ipv4, ipv6, nil, string, uint32, uint64 } from '../data/values.ts';
import type { TypedData } from '../data/typed-data.ts';

/** The values at which a varint becomes one byte longer (SPOE.txt §3.1), from one byte to ten. */
const varintBoundaries: readonly bigint[] = [
  240n,
  2288n,
  264_432n,
  33_818_864n,
  4_328_786_160n,
  554_084_600_048n,
  70_922_828_777_712n,
  9_078_122_083_518_704n,
  1_161_999_626_690_365_680n,
];

function boundary(): fc.Arbitrary<bigint> {
  return fc
    .tuple(fc.constantFrom(...varintBoundaries), fc.bigInt({ min: -1n, max: 1n }))
    .map(([value, delta]) => value + delta);
}

/** 0 to 2^64-1, often near the boundaries between lengths of varints. */
export function unsigned64(): fc.Arbitrary<bigint> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }) },
    { weight: 1, arbitrary: boundary() },
  );
}

/** -2^63 to 2^63-1, often near the boundaries between lengths of varints. */
export function signed64(): fc.Arbitrary<bigint> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 3, arbitrary: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }) },
    { weight: 1, arbitrary: boundary().map((value) => BigInt.asIntN(64, value)) },
  );
}

/** Characters of one to four bytes in UTF-8, and those at which the number of bytes changes. */
const characters = ['a', 'é', '€', '😀', '\0', '\x7f', '\x80', '\u07ff', '\u0800', '\uffff', '\u{10000}', '\u{10ffff}'];

/** Text of UTF-8 or of any bytes as `toText` returns it, about `maxBytes` (64 by default) bytes at most. */
export function text(maxBytes: number = 64): fc.Arbitrary<string> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 4, arbitrary: fc.string({ maxLength: maxBytes, unit: 'grapheme-ascii' }) },
    { weight: 1, arbitrary: fc.string({ maxLength: Math.floor(maxBytes / 4), unit: fc.constantFrom(...characters) }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: maxBytes }).map(toText) },
  );
}

const nameCharacters = 'abcdefghijklmnopqrstuvwxyz0123456789_';

/** A name as in a configuration: one or more lower-case letters, digits, `_` and the characters of `extra`. */
function plainName(extra: string): fc.Arbitrary<string> {
  return fc.string({ unit: fc.constantFrom(...(nameCharacters + extra).split('')), minLength: 1, maxLength: 16 });
}

/** The name of a message: letters, digits, `_`, `-` and `.`. */
export function messageName(): fc.Arbitrary<string> {
  return plainName('-.');
}

/** The name of an argument that HAProxy's configuration allows, or an empty one. */
export function argumentName(): fc.Arbitrary<string> {
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 9, arbitrary: plainName('-.') },
    { weight: 1, arbitrary: fc.constant('') },
  );
}

/** The name of a variable that every HAProxy takes. */
export function variableName(): fc.Arbitrary<string> {
  return plainName('.ABCDEFGHIJKLMNOPQRSTUVWXYZ');
}

/** One of the five scopes. */
export function scope(): fc.Arbitrary<ScopeName> {
  return fc.constantFrom('proc', 'sess', 'txn', 'req', 'res');
}

/** One typed data of any type. */
export function typedData(): fc.Arbitrary<TypedData> {
  return fc.oneof(
    { withCrossShrink: true },
    fc.constant<TypedData>(nil),
    fc.boolean().map(bool),
    signed64().map(int64),
    fc.integer().map(int32),
    unsigned64().map((value) => uint32(BigInt.asUintN(32, value))),
    unsigned64().map(uint64),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map(ipv4),
    fc.uint8Array({ minLength: 16, maxLength: 16 }).map(ipv6),
    text().map(string),
    fc.uint8Array({ maxLength: 64 }).map((value): TypedData => ({ type: 'binary', value })),
  );
}

/** One typed data of a type that HAProxy sends: integers are always INT64. */
export function haproxyData(): fc.Arbitrary<TypedData> {
  return typedData().map((data) =>
    data.type === 'int32' || data.type === 'uint32' || data.type === 'uint64'
      ? int64(BigInt.asIntN(64, BigInt(data.value)))
      : data,
  );
}
