import type { TcpSegment } from './tcp-segment.ts';

/** Bytes that one side sent, in their order, or how many of them the capture does not have. */
export type StreamPiece = { readonly bytes: Uint8Array } | { readonly missing: number };

/** Segments that wait for one before them; with more, that one is taken for lost. */
const MAX_WAITING = 1000;
/** A capture on several processors can have packets in another order than they came, by a few. */
const MAX_OVERDUE = 8;

/** Puts the segments of one side of a TCP connection in their order: late, repeated and overlapping ones (RFC 9293 §3.4). */
export class TcpStream {
  /** The sequence number of the next byte; undefined before the first segment. */
  #next: number | undefined;
  #waiting: TcpSegment[] = [];
  /** Packets that acknowledged what is missing. */
  #overdue = 0;

  /** Takes a segment of this side. @returns what can be told in order now. */
  push(segment: TcpSegment): StreamPiece[] {
    if (segment.isSyn) {
      this.#next = (segment.seq + 1) >>> 0;
      return [];
    }
    // A capture that begins within a connection.
    this.#next ??= segment.seq;
    if (segment.payload.length + segment.missing === 0) return [];
    this.#waiting.push(segment);
    const pieces = this.#inOrder();
    return this.#waiting.length > MAX_WAITING ? [...pieces, ...this.#skip()] : pieces;
  }

  /**
   * The other side has received everything before `ack`: what is missing there is missing in the capture alone, unless it comes with
   * the next few packets.
   */
  acknowledge(ack: number): StreamPiece[] {
    if (this.#waiting.length === 0 || this.#gap() > this.#distance(ack)) return [];
    return ++this.#overdue < MAX_OVERDUE ? [] : this.#skip();
  }

  /** Nothing more comes. @returns what waits, with what is missing before it. */
  finish(): StreamPiece[] {
    const pieces: StreamPiece[] = [];
    while (this.#waiting.length > 0) pieces.push(...this.#skip());
    return pieces;
  }

  /** Where a sequence number lies behind the next one; numbers begin again after 2^32. */
  #distance(seq: number): number {
    return (seq - (this.#next ?? 0)) | 0;
  }

  /** How many bytes are missing before the first segment that waits. */
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

  /** Goes on at the first segment that waits. */
  #skip(): StreamPiece[] {
    const missing = this.#gap();
    if (missing > 0) this.#advance(missing);
    const pieces = this.#inOrder();
    return missing > 0 ? [{ missing }, ...pieces] : pieces;
  }

  #advance(count: number): void {
    this.#next = ((this.#next ?? 0) + count) >>> 0;
    this.#overdue = 0;
  }
}
