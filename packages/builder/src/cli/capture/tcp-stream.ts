import type { TcpSegment } from './tcp-segment.ts';

/** Bytes that one side sent, in their order, or the number of bytes that the capture lacks. */
export type StreamPiece = { readonly bytes: Uint8Array } | { readonly missing: number };

/** The most segments that wait for an earlier one; with more, that one counts as lost. */
const MAX_WAITING = 1000;
/** The most packets by which a capture on several processors may have packets out of order. */
const MAX_OVERDUE = 8;

/** Orders the segments of one side of a TCP connection: late, repeated and overlapping ones (RFC 9293 §3.4). */
export class TcpStream {
  #hasBegun: boolean = false;
  /** The sequence number of the next byte, once it has begun. */
  #next: number = 0;
  #waiting: TcpSegment[] = [];
  /** The number of packets that acknowledged missing bytes. */
  #overdue: number = 0;

  /** Takes a segment of this side. @returns The pieces that are in order now. */
  push(segment: TcpSegment): StreamPiece[] {
    if (segment.isSyn) {
      this.#begin(segment.seq + 1);
      return [];
    }
    // The capture may begin within a connection.
    if (!this.#hasBegun) this.#begin(segment.seq);
    if (segment.payload.length + segment.missing === 0) return [];
    this.#waiting.push(segment);
    const pieces = this.#inOrder();
    return this.#waiting.length > MAX_WAITING ? [...pieces, ...this.#skip()] : pieces;
  }

  /**
   * The other side has received all bytes before `ack`. If some are missing here, the capture lacks them, unless they come with
   * the next few packets.
   */
  acknowledge(ack: number): StreamPiece[] {
    if (this.#waiting.length === 0 || this.#gap() > this.#distance(ack)) return [];
    return ++this.#overdue < MAX_OVERDUE ? [] : this.#skip();
  }

  /** Ends the stream. @returns The waiting pieces, with the missing bytes before them. */
  end(): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    while (this.#waiting.length > 0) pieces.push(...this.#skip());
    return pieces;
  }

  #begin(seq: number): void {
    this.#hasBegun = true;
    this.#next = seq >>> 0;
  }

  /** The distance of a sequence number after the next one; numbers wrap at 2^32. */
  #distance(seq: number): number {
    return (seq - this.#next) | 0;
  }

  /** The number of bytes missing before the first waiting segment. */
  #gap(): number {
    return Math.min(...this.#waiting.map(({ seq }) => this.#distance(seq)));
  }

  #inOrder(): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    for (;;) {
      const index = this.#waiting.findIndex(({ seq }) => this.#distance(seq) <= 0);
      const [segment] = index < 0 ? [] : this.#waiting.splice(index, 1);
      if (segment === undefined) return pieces;
      const known = -this.#distance(segment.seq);
      const bytes = segment.payload.subarray(Math.min(known, segment.payload.length));
      if (bytes.length > 0) pieces.push({ bytes });
      const missing = Math.max(0, segment.payload.length + segment.missing - Math.max(known, segment.payload.length));
      if (missing > 0) pieces.push({ missing });
      this.#advance(bytes.length + missing);
    }
  }

  /** Goes on at the first waiting segment. */
  #skip(): StreamPiece[] {
    const missing = this.#gap();
    if (missing > 0) this.#advance(missing);
    const pieces = this.#inOrder();
    return missing > 0 ? [{ missing }, ...pieces] : pieces;
  }

  #advance(count: number): void {
    this.#next = (this.#next + count) >>> 0;
    this.#overdue = 0;
  }
}
