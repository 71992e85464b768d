import { DataType } from '../constants.ts';
import type { AddressValue, AnyValue, BinaryValue, IntegerValue, StringValue, Value } from './value-views.ts';

/** The kinds of a {@link ValueType}, apart from `optional`. */
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
 * Text or bytes for a STRING or BINARY. Text is written as UTF-8; the bytes of a view of another STRING or BINARY are copied.
 * For an address, write its `toString()` or `toBytes()`.
 */
export type BytesLike = string | Uint8Array | Value | StringValue | BinaryValue;

/** An address as text, as 4 or 16 bytes, or as a view of another address. */
export type AddressLike = string | Uint8Array | Value | AddressValue;

/**
 * The declared type of an argument or a variable: `Read` is the type of a message's property, `Write` the type that an action or
 * argument takes. Use {@link bool}, {@link string} and the others; do not make one by hand.
 */
export interface ValueType<Read, Write> {
  /** The kind; `oneOf` for any of {@link ValueType.kinds}. */
  readonly kind: ValueKind | 'oneOf';
  /** The kinds of a {@link oneOf}, in their order. */
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

/** The type of a message's property that is declared as `T`. */
export type ReadOf<T> = T extends ValueType<infer Read, never> ? Read : never;

/** The type of value that an action or argument declared as `T` takes. */
export type WriteOf<T> = T extends { readonly '~write'?: (value: infer Write) => void } ? Write : never;

/** BOOL, as a boolean. */
export const bool: ValueType<boolean, boolean> = { kind: 'bool', optional: false };

/** Any integer on the wire within ±(2^53 - 1), as a number; written as INT64, as HAProxy does. */
export const integer: ValueType<number, number> = { kind: 'integer', optional: false };

/** Any integer on the wire from -2^31 to 2^31 - 1, as a number; written as INT32. */
export const int32: ValueType<number, number> = { kind: 'int32', optional: false };

/** Any integer on the wire from 0 to 2^32 - 1, as a number; written as UINT32. */
export const uint32: ValueType<number, number> = { kind: 'uint32', optional: false };

/** Any integer on the wire, all 64 bits, as a view; written as INT64 from a safe integer or a bigint. */
export const int64: ValueType<IntegerValue, number | bigint> = { kind: 'int64', optional: false };

/**
 * Any integer on the wire, all 64 bits, as a view; written as UINT64 from a safe integer or a bigint. HAProxy keeps integers in
 * 64 signed bits, so that 2^63 and above become negative there.
 */
export const uint64: ValueType<IntegerValue, number | bigint> = { kind: 'uint64', optional: false };

/** An IPv4 address, as a view. */
export const ipv4: ValueType<AddressValue, AddressLike> = { kind: 'ipv4', optional: false };

/** An IPv6 address, as a view. An IPv4-mapped one (`::ffff:192.0.2.1`) stays an IPv6 address, unlike with {@link address}. */
export const ipv6: ValueType<AddressValue, AddressLike> = { kind: 'ipv6', optional: false };

/**
 * An IPv4 or IPv6 address, as a view: the type of HAProxy's `src`. An IPv4-mapped IPv6 address (`::ffff:192.0.2.1`, RFC 4291
 * §2.5.5.2), which HAProxy sends for IPv4 clients of `bind :::80 v4v6`, reads as the IPv4 address. Text and bytes are written
 * without that change.
 */
export const address: ValueType<AddressValue, AddressLike> = { kind: 'address', optional: false };

/** STRING, as a view that compares without allocating text. */
export const string: ValueType<StringValue, BytesLike> = { kind: 'string', optional: false };

/** BINARY, as a view. */
export const binary: ValueType<BinaryValue, BytesLike> = { kind: 'binary', optional: false };

/**
 * STRING, as a JavaScript string from a bounded cache: for arguments with few different values, such as a method, a scheme or a
 * host. A value that is not in the cache, or longer than 32 bytes, is decoded each time.
 */
export function interned(type: typeof string): ValueType<string, BytesLike> {
  return { kind: 'interned', optional: type.optional };
}

/** The same type, which reads as undefined when the argument is missing or NULL. */
export function optional<Read, Write>(type: ValueType<Read, Write>): ValueType<Read | undefined, Write> {
  return { ...type, optional: true };
}

/** A type that reads as a view: any but {@link bool}, {@link interned} and the integers that read as numbers. */
export type ViewType = ValueType<AnyValue, never>;

/**
 * An argument of one of several types; `type` of the view says which:
 *
 *     const checkClient = defineMessage('check-client', { client: optional(oneOf(string, address)) });
 *     // args client=req.hdr(x-forwarded-for) is a STRING, args client=src an IPV4 or IPV6.
 *     if (client?.type === DataType.String) addresses.readXForwardedFor(client);
 *
 * No two of them may accept the same type on the wire. A variable always has one type.
 *
 * @throws {TypeError} for fewer than two types, for one that is optional or does not read as a view, and for two that accept the
 * same type on the wire.
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

/** The kinds of {@link ViewType}. */
const VIEW_KINDS: ReadonlySet<ValueKind> = new Set(['int64', 'uint64', 'ipv4', 'ipv6', 'address', 'string', 'binary']);

/** The kinds of a type: several for `oneOf`. */
export function kindsOf(type: AnyValueType): readonly ValueKind[] {
  return type.kind === 'oneOf' ? (type.kinds ?? []) : [type.kind];
}

/** The name of a type, for errors. */
export function nameOf(type: AnyValueType): string {
  return kindsOf(type).join(' or ');
}

/** The data types that each kind accepts on the wire, as a bit set indexed by {@link DataType}. */
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
