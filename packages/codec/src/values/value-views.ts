import type { DataType } from '../constants.ts';
import type { Network } from './network.ts';

/** What every value view can do. */
export interface AnyValue {
  /** The data type on the wire: IPV6 also where an IPv4-mapped address reads as IPv4. */
  readonly type: DataType;
  /** The value as text, whatever its type; see `Value.toString`. */
  toString(): string;
}

/** An integer of any of the four wire types, all 64 bits of it. */
export interface IntegerValue extends AnyValue {
  readonly type: typeof DataType.Int32 | typeof DataType.Uint32 | typeof DataType.Int64 | typeof DataType.Uint64;
  /** Low 32 bits as a signed integer. */
  readonly lo: number;
  /** High 32 bits as a signed integer. */
  readonly hi: number;
  /** @throws {SpopError} SPOP_UNSAFE_INTEGER outside ±(2^53 - 1). */
  toNumber(): number;
  toBigInt(): bigint;
}

/** What has bytes of its own. */
export interface BytesValue extends AnyValue {
  /** Length in bytes. */
  readonly byteLength: number;
  /** The byte at `index`, 0 to 255; -1 outside of the value. */
  byteAt(index: number): number;
  /** Whether the bytes are exactly those of `other`: of text, its UTF-8 form. */
  equals(other: string | Uint8Array): boolean;
  /**
   * Copies as many bytes as fit to `target` at `offset` (0 by default) and returns how many: those from `start` to `end`, all
   * of them by default. An offset outside of the value stands for its nearer end.
   */
  copyTo(target: Uint8Array, offset?: number, start?: number, end?: number): number;
  /** A copy that is the caller's to keep. */
  toBytes(): Buffer;
}

/** Bytes of any length. */
export interface BinaryValue extends BytesValue {
  readonly type: typeof DataType.Binary;
}

/**
 * Text; HAProxy does not check that it is UTF-8. It is compared as bytes, with the UTF-8 form of what is asked for, in which
 * half a surrogate pair is U+FFFD. Offsets count bytes. Nothing here makes text but what is named `to…`.
 */
export interface StringValue extends BytesValue {
  readonly type: typeof DataType.String;
  /** Whether the bytes begin with those of `text`. */
  startsWith(text: string): boolean;
  /** Whether the bytes end with those of `text`. */
  endsWith(text: string): boolean;
  /** Whether the bytes of `text` stand anywhere in it. */
  includes(text: string): boolean;
  /**
   * The offset in bytes at which those of `text` first stand, from the offset `from` on (0 by default); -1 where they do not.
   * Of the empty text that is `from`. It may take the product of both lengths, as where one is of the letter `a` alone.
   */
  indexOf(text: string, from?: number): number;
  /** As `equals`, with A to Z taken for a to z: for names of hosts, schemes and headers. All else has to be the same bytes. */
  equalsIgnoreCase(text: string): boolean;
}

/**
 * An IPv4 or IPv6 address. `toString()` gives RFC 5952 text. What is declared `address` is an IPv4 address wherever it came
 * mapped to IPv6, as `::ffff:192.0.2.1`.
 */
export interface AddressValue extends BytesValue {
  readonly type: typeof DataType.Ipv4 | typeof DataType.Ipv6;
  readonly family: 4 | 6;
  /**
   * Whether it is the address `other`, in any form that text has for it, or as its bytes. An IPv4 address also is the one
   * that is mapped to IPv6: `192.0.2.1` and `::ffff:192.0.2.1`.
   */
  equals(other: string | Uint8Array): boolean;
  /**
   * The 32 bits of group `index` as a signed integer: 0 for IPv4, 0 to 3 for IPv6. Groups 0 and 1 are the /64 of an IPv6
   * address: as keys of a Map of Maps they take no text.
   *
   * @throws {RangeError} for a group that the address does not have.
   */
  wordAt(index: number): number;
  /**
   * Whether the address is one of the network's, without making text. One that came as it was sent, mapped to IPv6, is also
   * within the IPv4 networks of the address that it holds.
   *
   * @throws {SpopError} SPOP_MISUSE for what {@link defineNetwork} did not make.
   */
  isWithin(network: Network): boolean;
  /** IPv4: 0 to 2^32 - 1. @throws {SpopError} SPOP_WRONG_TYPE for IPv6. */
  toNumber(): number;
  /** IPv4: 32 bits, IPv6: 128 bits, unsigned. */
  toBigInt(): bigint;
}

/** What has text in it: a view of a STRING or BINARY, or one of any type that turns out to be. */
export type TextValue = StringValue | BinaryValue | Value;

/**
 * A value of any type, as a walk over arguments or actions gives it. It has what any of the others has; to read it as what it
 * is not throws SPOP_WRONG_TYPE.
 */
export interface Value
  extends
    AnyValue,
    Omit<IntegerValue, 'type'>,
    Omit<StringValue, 'type'>,
    Omit<AddressValue, 'type' | 'equals' | 'toNumber' | 'toBigInt'> {
  readonly isNull: boolean;
  /** Where its first byte, that of its type, stands in the frame, from the length field; for errors. */
  readonly offset: number;
  /** The value of a BOOL. */
  readonly boolean: boolean;
}
