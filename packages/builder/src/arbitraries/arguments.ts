import type { AnyValueType, ValueKind } from '@spop/codec';
import * as fc from 'fast-check';
import { type ArgumentsOf, type MessageSchema, toDeclaredData } from '../build/schema.ts';
import { ipv4, ipv6 } from '../data/values.ts';
import { text } from './data.ts';

const MAX_SAFE = BigInt(Number.MAX_SAFE_INTEGER);
/** The longest generated BINARY, in bytes. */
const MAX_BINARY_BYTES = 64;
/** The longest generated STRING, in characters; from 240 bytes on, its length has two bytes (SPOE.txt §3.1). */
const MAX_TEXT_LENGTH = 300;

/** Integers of a range. One in ten is the least one, and one in ten the greatest. They shrink towards 0. */
function integers(min: bigint, max: bigint): fc.Arbitrary<bigint> {
  const beyond = (max - min) / 8n;
  return fc.bigInt({ min: min - beyond, max: max + beyond }).map((value) => {
    if (value < min) return min;
    return value > max ? max : value;
  });
}

/** Any text or bytes, also text whose length takes two bytes on the wire, and text that an agent does not cache. */
function anyText(): fc.Arbitrary<string> {
  const long = fc.string({ maxLength: MAX_TEXT_LENGTH, size: 'max', unit: 'grapheme-ascii' });
  return fc.oneof({ withCrossShrink: true }, { weight: 7, arbitrary: text() }, { weight: 1, arbitrary: long });
}

function ipv4Text(): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes) => ipv4(bytes).value);
}

function ipv6Text(): fc.Arbitrary<string> {
  return fc.uint8Array({ minLength: 16, maxLength: 16 }).map((bytes) => ipv6(bytes).value);
}

/** The values of each kind that HAProxy sends, which has only signed integers of 64 bits. */
const valuesOf: Readonly<Record<ValueKind, () => fc.Arbitrary<boolean | number | bigint | string | Uint8Array>>> = {
  bool: () => fc.boolean(),
  integer: () => integers(-MAX_SAFE, MAX_SAFE).map(Number),
  int32: () => integers(-(2n ** 31n), 2n ** 31n - 1n).map(Number),
  uint32: () => integers(0n, 2n ** 32n - 1n).map(Number),
  int64: () => integers(-(2n ** 63n), 2n ** 63n - 1n),
  uint64: () => integers(0n, 2n ** 63n - 1n),
  ipv4: ipv4Text,
  ipv6: ipv6Text,
  address: () => fc.oneof({ withCrossShrink: true }, ipv4Text(), ipv6Text()),
  string: anyText,
  interned: anyText,
  binary: () => fc.uint8Array({ maxLength: MAX_BINARY_BYTES, size: 'max' }),
};

/**
 * The arguments of a declared message that HAProxy can send if its configuration matches the declaration, for
 * `peer.notify(definition, args)` and `notify().message(definition, args)`. Values have the declared types and ranges; text may
 * have any bytes. An optional argument may be NULL, for a sample without a value, or left out, as when the configuration does
 * not name it. The arguments come in any order.
 *
 * A required argument always has a value. HAProxy also sends NULL for it when its sample fails, but that does not match the
 * declaration.
 */
export function argumentsOf<Schema extends MessageSchema>(definition: Schema): fc.Arbitrary<ArgumentsOf<Schema>> {
  const names = Object.keys(definition.args);
  const order = fc.oneof(
    { withCrossShrink: true },
    fc.constant(names),
    fc.shuffledSubarray(names, { minLength: names.length }),
  );
  const values = fc.tuple(...Object.values(definition.args).map((type) => argument(type)));
  return fc.tuple(order, values).map(([ordered, all]) => {
    const given = ordered.map((name) => [name, all[names.indexOf(name)]] as const);
    // The compiler cannot see that each name of the declaration has a value of its kind.
    return Object.fromEntries(given.filter(([, value]) => value !== undefined)) as ArgumentsOf<Schema>;
  });
}

/** Values of one kind as typed data, since another kind of the argument could take the plain value. */
function exactly(kind: ValueKind): fc.Arbitrary<unknown> {
  const value: fc.Arbitrary<string | Uint8Array | boolean | number | bigint> = valuesOf[kind]();
  return value.map((given) => toDeclaredData('an argument', kind, given));
}

/** The values of one argument; undefined leaves it out. */
function argument({ kind, kinds = [], optional }: AnyValueType): fc.Arbitrary<unknown> {
  const value: fc.Arbitrary<unknown> = kind === 'oneOf' ? fc.oneof(...kinds.map(exactly)) : valuesOf[kind]();
  if (!optional) return value;
  return fc.oneof(
    { withCrossShrink: true },
    { weight: 1, arbitrary: fc.constant(undefined) },
    { weight: 1, arbitrary: fc.constant(null) },
    { weight: 4, arbitrary: value },
  );
}
