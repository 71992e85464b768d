import type { DataType } from '../constants.ts';
import type { Network } from './network.ts';

/** The members of every value view. */
export interface AnyValue {
  /** The data type on the wire: IPV6 also when an IPv4-mapped address reads as IPv4. */
  readonly type: DataType;
  /** The value of any type as text; see `Value.toString`. */
  toString(): string;
}

/** An integer of any of the four wire types, all 64 bits of it. */
export interface IntegerValue extends AnyValue {
  /** The integer type on the wire. HAProxy sends every integer as INT64. */
  readonly type: typeof DataType.Int32 | typeof DataType.Uint32 | typeof DataType.Int64 | typeof DataType.Uint64;
  /** Low 32 bits as a signed integer. */
  readonly lo: number;
  /** High 32 bits as a signed integer. */
  readonly hi: number;
  /** The integer as a number. @throws {SpopError} SPOP_UNSAFE_INTEGER outside ±(2^53 - 1). */
  toNumber(): number;
  /** The integer, of any size. */
  toBigInt(): bigint;
}

/** A value with bytes of its own: a STRING, BINARY or address. */
export interface BytesValue extends AnyValue {
  /** Length in bytes. */
  readonly byteLength: number;
  /** The byte at `index`, 0 to 255; -1 outside the value. */
  byteAt(index: number): number;
  /** Whether the bytes are exactly those of `other`; for a string, those of its UTF-8 form. */
  equals(other: string | Uint8Array): boolean;
  /**
   * Copies the bytes from `start` to `end`, all by default, to `target` at `offset` (0 by default), as far as they fit, and returns
   * their number. A `start` or `end` outside the value means its nearer end.
   */
  copyTo(target: Uint8Array, offset?: number, start?: number, end?: number): number;
  /** A copy of the bytes, which stays valid. */
  toBytes(): Buffer;
}

/** Bytes of any length. */
export interface BinaryValue extends BytesValue {
  /** Always BINARY. */
  readonly type: typeof DataType.Binary;
}

/**
 * Text; HAProxy does not check that it is UTF-8. Its bytes are compared with the UTF-8 form of the given text, in which half a
 * surrogate pair is U+FFFD. Offsets count bytes. Only methods named `to…` allocate text.
 */
export interface StringValue extends BytesValue {
  /** Always STRING. */
  readonly type: typeof DataType.String;
  /** Whether the bytes begin with those of `text`. */
  startsWith(text: string): boolean;
  /** Whether the bytes end with those of `text`. */
  endsWith(text: string): boolean;
  /** Whether it contains the bytes of `text`. */
  includes(text: string): boolean;
  /**
   * The offset of the first occurrence of `text`, searched from the offset `from` (0 by default); -1 if there is none. For the
   * empty text it is `from`. The time may grow with the product of both lengths, for instance when both repeat one letter.
   */
  indexOf(text: string, from?: number): number;
  /** As `equals`, but A to Z equal a to z: for names of hosts, schemes and headers. All other bytes have to be the same. */
  equalsIgnoreCase(text: string): boolean;
  /** As `includes`, but A to Z equal a to z: for User-Agents and other text of clients. The time may grow as that of `indexOf`. */
  includesIgnoreCase(text: string): boolean;
}

/**
 * An IPv4 or IPv6 address. `toString()` gives RFC 5952 text. An argument declared `address` is an IPv4 address also when it came
 * mapped to IPv6, as `::ffff:192.0.2.1`.
 */
export interface AddressValue extends BytesValue {
  /** The data type on the wire: IPV6 also for an IPv4-mapped address, whose `family` is 4. */
  readonly type: typeof DataType.Ipv4 | typeof DataType.Ipv6;
  /** 4 for IPv4, 6 for IPv6. */
  readonly family: 4 | 6;
  /**
   * Whether it is the address `other`, which is text in any form, or bytes. An IPv4 address equals itself mapped to IPv6:
   * `192.0.2.1` and `::ffff:192.0.2.1`.
   */
  equals(other: string | Uint8Array): boolean;
  /**
   * The 32 bits of group `index` as a signed integer; `index` is 0 for IPv4, 0 to 3 for IPv6. Groups 0 and 1 are the /64 of an
   * IPv6 address, and can be the keys of a Map of Maps without allocating text.
   *
   * @throws {RangeError} for a group that the address does not have.
   */
  wordAt(index: number): number;
  /**
   * Whether the address is within the network; allocates nothing. An IPv4-mapped IPv6 address is also within the IPv4 networks of
   * the IPv4 address in it.
   *
   * @throws {SpopError} SPOP_MISUSE for a network that {@link defineNetwork} did not make.
   */
  isWithin(network: Network): boolean;
  /** The IPv4 address as 0 to 2^32 - 1. @throws {SpopError} SPOP_WRONG_TYPE for IPv6. */
  toNumber(): number;
  /** The address as an unsigned integer: 32 bits for IPv4, 128 bits for IPv6. */
  toBigInt(): bigint;
}

/** A view of a STRING or BINARY, or a view of any type whose value is one. */
export type TextValue = StringValue | BinaryValue | Value;

/**
 * A value of any type, as readers of arguments and actions give it. It has the members of all views; one that its type does not
 * have throws SPOP_WRONG_TYPE.
 */
export interface Value
  extends
    AnyValue,
    Omit<IntegerValue, 'type'>,
    Omit<StringValue, 'type'>,
    Omit<AddressValue, 'type' | 'equals' | 'toNumber' | 'toBigInt'> {
  /** Whether it is NULL, which HAProxy sends for an expression without a result. */
  readonly isNull: boolean;
  /** Offset of its first byte, which has its type, from the frame's length field; for errors. */
  readonly offset: number;
  /** The value of a BOOL. */
  readonly boolean: boolean;
}
