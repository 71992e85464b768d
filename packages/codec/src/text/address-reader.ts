import type { AddressValue, TextValue } from '../values/value-views.ts';
import type { ViewSource } from '../values/view-source.ts';
import { parseIpv4Bytes, parseIpv6Bytes } from '../wire/address-bytes.ts';
import { IPV4_BYTES, IPV6_BYTES } from '../wire/typed-data.ts';
import { areQuotesPaired, elementStart, forNode, hasOnlyPort, MAX_NODE_BYTES, unquote } from './forwarded.ts';
import { TextAddress } from './text-address.ts';
import { skipSpace, TextPlace, trimSpace } from './text-place.ts';

const COMMA = 0x2c;
const COLON = 0x3a;
const QUOTE = 0x22;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;

/**
 * Reads addresses from text that proxies wrote, and allocates nothing:
 *
 *     addresses.read(message.realIp)?.isWithin(internal);      // the text is one address
 *
 *     addresses.readXForwardedFor(message.xForwardedFor);      // or readForwarded(message.forwarded)
 *     while (addresses.next()) addresses.address;              // from the last element, the nearest proxy's, to the first
 *
 * An address is written as
 *
 *     192.0.2.1            IPv4, in four decimal numbers without leading zeros
 *     2001:db8::1          IPv6, in any spelling, without a zone
 *     [2001:db8::1]        IPv6 in brackets
 *     192.0.2.1:8080       any of these but a bare IPv6, with a port: up to five digits, or an obfuscated one, `_p8`
 *     "[2001:db8::1]:80"   any of these in quotes, in which a backslash escapes the next character
 *
 * with spaces and tabs around it. An IPv4 address mapped to IPv6, `::ffff:192.0.2.1`, is the IPv4 address. Any other text is
 * neither an address nor an error: `unknown`, `_hidden`, empty or malformed text, and text of more than 256 bytes.
 *
 * The address is always the same object, valid until the reader reads or moves on, and as long as the argument. A reader has one
 * place: handlers that await while they use an address need a reader each.
 */
export class AddressReader {
  readonly #parsed: Buffer = Buffer.alloc(IPV6_BYTES);
  readonly #address: TextAddress = new TextAddress(this.#parsed);
  /** A node without its backslashes. */
  readonly #unquoted: Buffer = Buffer.alloc(MAX_NODE_BYTES);
  /** The rest of the list, before the comma of the element that was read last. */
  readonly #place: TextPlace = new TextPlace();
  #isForwarded: boolean = false;
  #isMalformed: boolean = false;
  #isDone: boolean = true;
  #hasAddress: boolean = false;

  /** The address of the element that {@link AddressReader.next} moved to; undefined when it has none. */
  get address(): AddressValue | undefined {
    return this.#hasAddress ? this.#address : undefined;
  }

  /**
   * The address that is the whole text, as in `X-Real-IP`; undefined when the text is not an address.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED; SPOP_WRONG_TYPE for a value that is not a STRING or BINARY.
   */
  read(text: TextValue): AddressValue | undefined {
    this.#begin(text);
    this.#isDone = true;
    const { source, start, end } = this.#place;
    this.#readElement(source, source.origin + start, source.origin + end);
    return this.address;
  }

  /**
   * Begins after the last element of an X-Forwarded-For field, `192.0.2.1, 10.0.0.7`, whose elements are separated by commas.
   *
   * @throws {SpopError} as `read`.
   */
  readXForwardedFor(text: TextValue): void {
    this.#begin(text);
    this.#isForwarded = false;
  }

  /**
   * Begins after the last element of a Forwarded field (RFC 7239 §4), `for=192.0.2.1;proto=https, for="[2001:db8::1]:80"`. The
   * address of an element is its parameter `for`, in which IPv6 has to be in brackets. Quotes around a port or brackets may be
   * missing.
   *
   * An element without `for`, with two of them, or malformed in any place has no address. A field with unpaired quotes counts as
   * one element without an address, since its elements cannot be told apart.
   *
   * @throws {SpopError} as `read`.
   */
  readForwarded(text: TextValue): void {
    this.#begin(text);
    this.#isForwarded = true;
    const { source, start, end } = this.#place;
    this.#isMalformed = !areQuotesPaired(source.bytes, source.origin + start, source.origin + end);
  }

  /**
   * Moves to the next element, towards the first; returns false before the first. Empty elements count.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED.
   */
  next(): boolean {
    const source = this.#place.open();
    this.#forget();
    if (this.#isDone) return false;
    if (this.#isMalformed) {
      this.#isDone = true;
      return true;
    }
    const { bytes, origin } = source;
    const start = origin + this.#place.start;
    const end = origin + this.#place.end;
    const from = this.#isForwarded ? elementStart(bytes, start, end) : afterLastComma(bytes, start, end);
    this.#isDone = from === start;
    this.#place.end = from - 1 - origin;
    if (this.#isForwarded) this.#readForwardedElement(source, from, end);
    else this.#readElement(source, from, end);
    return true;
  }

  #begin(text: TextValue): void {
    this.#forget();
    this.#isDone = true;
    this.#isMalformed = false;
    const place = this.#place;
    place.standOn(text);
    const { bytes, origin } = place.source;
    // Text of spaces and tabs has no elements.
    this.#isDone = trimSpace(bytes, origin + place.start, origin + place.end) === origin + place.start;
  }

  #forget(): void {
    this.#hasAddress = false;
    this.#address.recall();
  }

  /** Reads the element from `from` to `to`, with or without quotes. */
  #readElement(source: ViewSource, from: number, to: number): void {
    const { bytes } = source;
    const start = skipSpace(bytes, from, to);
    const end = trimSpace(bytes, start, to);
    this.#readNode(source, start, end, true);
  }

  #readForwardedElement(source: ViewSource, from: number, to: number): void {
    const { bytes } = source;
    const node = forNode(bytes, skipSpace(bytes, from, to), trimSpace(bytes, from, to));
    if (node.start >= 0) this.#readNode(source, node.start, node.end, false);
  }

  /** Reads a node, which may be in quotes (RFC 7239 §6). */
  #readNode(source: ViewSource, start: number, end: number, isBareTaken: boolean): void {
    if (end - start > MAX_NODE_BYTES) return;
    if (start < end && source.bytes[start] === QUOTE) {
      const length = unquote(source.bytes, start, end, this.#unquoted);
      this.#parse(source, this.#unquoted, 0, length, isBareTaken);
    } else {
      this.#parse(source, source.bytes, start, end, isBareTaken);
    }
  }

  #parse(source: ViewSource, bytes: Buffer, start: number, end: number, isBareTaken: boolean): void {
    const parsed = this.#parsed;
    let size = 0;
    let addressEnd = end;
    if (start < end && bytes[start] === OPENING_BRACKET) {
      const closing = indexOf(bytes, CLOSING_BRACKET, start, end);
      addressEnd = closing + 1;
      if (closing < end && parseIpv6Bytes(bytes, start + 1, closing, parsed)) size = IPV6_BYTES;
    } else {
      const colon = indexOf(bytes, COLON, start, end);
      const isBare = indexOf(bytes, COLON, colon + 1, end) < end;
      if (isBare) {
        if (isBareTaken && parseIpv6Bytes(bytes, start, end, parsed)) size = IPV6_BYTES;
      } else {
        addressEnd = colon;
        if (parseIpv4Bytes(bytes, start, colon, parsed, 0)) size = IPV4_BYTES;
      }
    }
    if (size === 0 || !hasOnlyPort(bytes, addressEnd, end)) return;
    this.#address.place(source, size);
    this.#hasAddress = true;
  }
}

/** The offset of the first such byte; `end` if there is none. */
function indexOf(bytes: Buffer, byte: number, start: number, end: number): number {
  let position = start;
  while (position < end && bytes[position] !== byte) position++;
  return position < end ? position : end;
}

function afterLastComma(bytes: Buffer, start: number, end: number): number {
  let position = end;
  while (position > start && bytes[position - 1] !== COMMA) position--;
  return position;
}
