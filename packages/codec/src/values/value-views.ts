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
  /** Low 32 bits as a signed integer. */
  readonly lo: number;
  /** High 32 bits as a signed integer. */
  readonly hi: number;
  /** @throws {SpopError} SPOP_UNSAFE_INTEGER outside ±(2^53 - 1). */
  toNumber(): number;
  toBigInt(): bigint;
}

/** Bytes of any length. */
export interface BinaryValue extends AnyValue {
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

/**
 * Text; HAProxy does not check that it is UTF-8. It is compared as bytes, with the UTF-8 form of what is asked for, in which
 * half a surrogate pair is U+FFFD. Offsets count bytes. Nothing here makes text but what is named `to…`.
 */
export interface StringValue extends BinaryValue {
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
export interface AddressValue extends BinaryValue {
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
