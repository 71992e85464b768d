import { DataType } from '../constants.ts';
import type { AddressValue, AnyValue, BinaryValue, IntegerValue, StringValue, Value } from './value-views.ts';

/** What a {@link ValueType} reads and writes as, apart from `optional`. */
export type ValueKind =
  | 'bool'
  | 'integer'
  | 'int32'
  | 'uint32'
  | 'int64'
  | 'uint64'
  | 'ipv4'
  | 'ipv6'
  | 'address'
  | 'string'
  | 'interned'
  | 'binary';

/**
 * Text or bytes for a STRING or BINARY: text is written as UTF-8, and a view of another one is copied. An address is
 * neither: write its `toString()` or `toBytes()`.
 */
export type BytesLike = string | Uint8Array | Value | StringValue | BinaryValue;

/** An address as text, as 4 or 16 bytes, or as a view of another address. */
export type AddressLike = string | Uint8Array | Value | AddressValue;

/**
 * The declared type of an argument or a variable: `Read` is what a message's property gives, `Write` what an action or
 * argument takes. Made by {@link bool}, {@link string} and their like; not by hand.
 */
export interface ValueType<Read, Write> {
  /** What it is; `oneOf` where it is any of {@link ValueType.kinds}. */
  readonly kind: ValueKind | 'oneOf';
  /** Of {@link oneOf} the kinds that it may be, in their order. */
  readonly kinds?: readonly ValueKind[];
  /** Whether a missing or NULL argument reads as undefined instead of throwing. */
  readonly optional: boolean;
  /** Only in the type system: carries `Read`. */
  readonly '~read'?: Read;
  /** Only in the type system: carries `Write`. */
  readonly '~write'?: (value: Write) => void;
}

/** A value type of any kind. */
export type AnyValueType = ValueType<unknown, never>;

/** What a message's property of type `T` reads as. */
export type ReadOf<T> = T extends ValueType<infer Read, never> ? Read : never;

/** What an action or argument of type `T` takes. */
export type WriteOf<T> = T extends { readonly '~write'?: (value: infer Write) => void } ? Write : never;

/** BOOL, as a boolean. */
export const bool: ValueType<boolean, boolean> = { kind: 'bool', optional: false };

/** Any integer on the wire within ±(2^53 - 1), as a number; written as INT64, which is what HAProxy itself sends. */
export const integer: ValueType<number, number> = { kind: 'integer', optional: false };

/** Any integer on the wire from -2^31 to 2^31 - 1, as a number; written as INT32. */
export const int32: ValueType<number, number> = { kind: 'int32', optional: false };

/** Any integer on the wire from 0 to 2^32 - 1, as a number; written as UINT32. */
export const uint32: ValueType<number, number> = { kind: 'uint32', optional: false };

/** Any integer on the wire, all 64 bits, as a view; written as INT64 from a number (safe) or bigint. */
export const int64: ValueType<IntegerValue, number | bigint> = { kind: 'int64', optional: false };

/**
 * Any integer on the wire, all 64 bits, as a view; written as UINT64 from a number (safe) or bigint. HAProxy keeps all
 * integers as signed 64 bits, so 2^63 and above turn negative there.
 */
export const uint64: ValueType<IntegerValue, number | bigint> = { kind: 'uint64', optional: false };

/** An IPv4 address, as a view. */
export const ipv4: ValueType<AddressValue, AddressLike> = { kind: 'ipv4', optional: false };

/** An IPv6 address, as a view: an IPv4-mapped one (`::ffff:192.0.2.1`) as it was sent, unlike that of {@link address}. */
export const ipv6: ValueType<AddressValue, AddressLike> = { kind: 'ipv6', optional: false };

/**
 * An IPv4 or IPv6 address, as a view: what `src` gives for clients of either family. An IPv4-mapped IPv6 address
 * (`::ffff:192.0.2.1`, RFC 4291 §2.5.5.2), which HAProxy sends for IPv4 clients of `bind :::80 v4v6`, reads as the IPv4
 * address. Text and bytes are written as they are.
 */
export const address: ValueType<AddressValue, AddressLike> = { kind: 'address', optional: false };

/** STRING, as a view that compares without making text. */
export const string: ValueType<StringValue, BytesLike> = { kind: 'string', optional: false };

/** BINARY, as a view. */
export const binary: ValueType<BinaryValue, BytesLike> = { kind: 'binary', optional: false };

/**
 * STRING, as JavaScript text from a bounded cache: for values of few kinds, such as a method, a scheme or a host. A
 * value that is not in the cache, or is longer than 32 bytes, is made anew.
 */
export function interned(type: typeof string): ValueType<string, BytesLike> {
  return { kind: 'interned', optional: type.optional };
}

/** The same type, reading as undefined where the argument is missing or NULL. */
export function optional<Read, Write>(type: ValueType<Read, Write>): ValueType<Read | undefined, Write> {
  return { ...type, optional: true };
}

/** A type that reads as a view: all but {@link bool}, {@link interned} and the integers that are numbers. */
export type ViewType = ValueType<AnyValue, never>;

/**
 * An argument that comes as one of several types, which `type` of the view tells apart:
 *
 *     const checkClient = defineMessage('check-client', { client: optional(oneOf(string, address)) });
 *     // args client=req.hdr(x-forwarded-for) is a STRING, args client=src an IPV4 or IPV6.
 *     if (client?.type === DataType.String) addresses.readXForwardedFor(client);
 *
 * No type on the wire may be that of two of them. A variable is always one type.
 *
 * @throws {TypeError} for fewer than two types, one that is optional or reads as no view, or two that take the same.
 */
export function oneOf<const Types extends readonly [ViewType, ViewType, ...ViewType[]]>(
  ...types: Types
): ValueType<ReadOf<Types[number]>, WriteOf<Types[number]>> {
  const kinds = types.map(({ kind }) => kind) as ValueKind[];
  const names = types.map((type, index) => (type.optional ? `optional(${kinds[index]})` : kinds[index]));
  const accepted = kinds.map((kind) => (VIEW_KINDS.has(kind) ? acceptedTypes[kind] : 0));
  const all = accepted.reduce((sum, bits) => sum | bits, 0);
  const isApart = accepted.reduce((sum, bits) => sum + bits, 0) === all;
  const areViews = types.every((type, index) => !type.optional && accepted[index] !== 0);
  if (kinds.length < 2 || !areViews || !isApart) {
    throw new TypeError(
      `expected two types or more that read as views and are not the same on the wire, such as oneOf(string, address); ` +
        `found oneOf(${names.join(', ')})`,
    );
  }
  return { kind: 'oneOf', kinds, optional: false };
}

/** Those of {@link ViewType}. */
const VIEW_KINDS: ReadonlySet<ValueKind> = new Set(['int64', 'uint64', 'ipv4', 'ipv6', 'address', 'string', 'binary']);

/** The kinds that a type may be. */
export function kindsOf(type: AnyValueType): readonly ValueKind[] {
  return type.kind === 'oneOf' ? (type.kinds ?? []) : [type.kind];
}

/** What a type is, for errors. */
export function nameOf(type: AnyValueType): string {
  return kindsOf(type).join(' or ');
}

/** Which data types a kind takes on the wire, as a bit set indexed by {@link DataType}. */
export const acceptedTypes: Readonly<Record<ValueKind, number>> = {
  bool: 1 << DataType.Bool,
  integer: anyInteger(),
  int32: anyInteger(),
  uint32: anyInteger(),
  int64: anyInteger(),
  uint64: anyInteger(),
  ipv4: 1 << DataType.Ipv4,
  ipv6: 1 << DataType.Ipv6,
  address: (1 << DataType.Ipv4) | (1 << DataType.Ipv6),
  string: 1 << DataType.String,
  interned: 1 << DataType.String,
  binary: 1 << DataType.Binary,
};

function anyInteger(): number {
  return (1 << DataType.Int32) | (1 << DataType.Uint32) | (1 << DataType.Int64) | (1 << DataType.Uint64);
}
