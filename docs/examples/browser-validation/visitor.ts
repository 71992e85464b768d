/** The visitor of a cookie or a challenge: an address, or the /64 of an IPv6 one, and a host. */
import type { AddressValue, StringValue } from '@spop/codec';

/** No name of a host is longer. */
const MAX_HOST_BYTES = 255;
const MAX_ADDRESS_BYTES = 9;
const COLON = 0x3a;

/** One visitor as bytes, read again for each message. */
export class Visitor {
  readonly #buffer: Buffer = Buffer.alloc(MAX_ADDRESS_BYTES + MAX_HOST_BYTES);
  #length = 0;

  /** The address's family and its bytes, then the host without its port, in lower case. Valid until the next `read`. */
  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  /** All clients without an address, on a unix socket for instance, count as one. */
  read(src: AddressValue | undefined, host: StringValue | undefined): void {
    const buffer = this.#buffer;
    buffer[0] = src?.family ?? 0;
    let at = 1;
    if (src !== undefined) {
      at = buffer.writeInt32BE(src.wordAt(0), at);
      if (src.family === 6) at = buffer.writeInt32BE(src.wordAt(1), at);
    }
    const hostEnd = at + (host?.copyTo(buffer, at) ?? 0);
    this.#length = withoutPort(buffer, at, hostEnd);
    for (let index = at; index < this.#length; index++) {
      const byte = buffer[index]!;
      if (byte >= 0x41 && byte <= 0x5a) buffer[index] = byte + 0x20;
    }
  }
}

/** The end of the host, before the port if there is one; IPv6 is in brackets. */
function withoutPort(bytes: Uint8Array, from: number, to: number): number {
  let at = to;
  while (at > from && bytes[at - 1]! >= 0x30 && bytes[at - 1]! <= 0x39) at--;
  return at > from && bytes[at - 1] === COLON ? at - 1 : to;
}
