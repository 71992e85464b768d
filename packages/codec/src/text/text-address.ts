import { DataType } from '../constants.ts';
import { definePrintable } from '../printable.ts';
import type { Network } from '../values/network.ts';
import type { AddressValue } from '../values/value-views.ts';
import { ValueView } from '../values/value.ts';
import { NO_GENERATION, ViewSource, viewClosed } from '../values/view-source.ts';
import { isMappedAddress, MAPPED_PREFIX_BYTES } from '../wire/address.ts';
import { IPV4_BYTES, IPV6_BYTES } from '../wire/typed-data.ts';
import { NO_SOURCE } from './text-place.ts';

/**
 * A view of an address that was read from text. Its bytes are in memory of its own, since the frame has none of them. It may only
 * be read as long as the text: the next request's address will use the same memory.
 */
export class TextAddress implements AddressValue {
  readonly #bytes: Buffer;
  readonly #value: ValueView;
  /** The source of the text. */
  #source: ViewSource = NO_SOURCE;
  #generation: number = NO_GENERATION;

  /** @param bytes The 16 bytes that the address is read into, which nothing else uses. */
  constructor(bytes: Buffer) {
    this.#bytes = bytes;
    const own = new ViewSource();
    own.open(bytes, 0, IPV6_BYTES);
    this.#value = new ValueView(own);
  }

  /** Takes the `size` bytes that were read from the text of `source`; an address mapped to IPv6 becomes IPv4. */
  place(source: ViewSource, size: number): void {
    const isMapped = size === IPV6_BYTES && isMappedAddress(this.#bytes, 0);
    const isIpv4 = isMapped || size === IPV4_BYTES;
    const type = isIpv4 ? DataType.Ipv4 : DataType.Ipv6;
    const start = isMapped ? MAPPED_PREFIX_BYTES : 0;
    this.#value.placeBytes(type, start, isIpv4 ? IPV4_BYTES : IPV6_BYTES);
    this.#source = source;
    this.#generation = source.generation;
  }

  /** Closes the view: reading it throws from now on. */
  recall(): void {
    this.#generation = NO_GENERATION;
  }

  get type(): AddressValue['type'] {
    return this.family === 4 ? DataType.Ipv4 : DataType.Ipv6;
  }

  get family(): 4 | 6 {
    return this.#open().family;
  }

  get byteLength(): number {
    return this.#open().byteLength;
  }

  byteAt(index: number): number {
    return this.#open().byteAt(index);
  }

  wordAt(index: number): number {
    return this.#open().wordAt(index);
  }

  equals(other: string | Uint8Array): boolean {
    return this.#open().equals(other);
  }

  isWithin(network: Network): boolean {
    return this.#open().isWithin(network);
  }

  copyTo(target: Uint8Array, offset?: number, start?: number, end?: number): number {
    return this.#open().copyTo(target, offset, start, end);
  }

  toNumber(): number {
    return this.#open().toNumber();
  }

  toBigInt(): bigint {
    return this.#open().toBigInt();
  }

  toString(): string {
    return this.#open().toString();
  }

  toBytes(): Buffer {
    return this.#open().toBytes();
  }

  #open(): ValueView {
    if (this.#source.generation !== this.#generation) throw viewClosed();
    return this.#value;
  }
}

definePrintable(TextAddress.prototype, (address) => address.toString());
