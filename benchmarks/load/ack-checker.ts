/**
 * Checks every ACK of one connection: type, flags, ids that are in flight, and the value of sess.ip_score for exactly
 * that NOTIFY.
 */
import { Histogram } from './histogram.ts';
import type { Variant } from './traffic.ts';

/** The most NOTIFYs in flight on one connection. A power of two. */
export const RING: number = 1 << 16;
const RING_MASK = RING - 1;

const IP_SCORE = Buffer.from('\x01\x03\x01\x08ip_score', 'latin1');

export class AckChecker {
  readonly histogram: Histogram = new Histogram();
  sent = 0;
  acked = 0;
  /** Why the first wrong answer is wrong. */
  error: string | undefined;
  greeted = false;
  pipelining = false;
  /** By index modulo RING: 0 where nothing is in flight, else the time of sending. */
  readonly #sentAt = new Float64Array(RING);
  readonly #expected: Int32Array;
  #tail = Buffer.alloc(0);
  #position = 0;

  constructor(variants: readonly Variant[]) {
    this.#expected = Int32Array.from(variants, (variant) => variant.expected);
  }

  /** How many of `wanted` may be sent before the ring is full. */
  room(wanted: number): number {
    let free = 0;
    const most = Math.min(wanted, RING);
    while (free < most && this.#sentAt[(this.sent + free) & RING_MASK] === 0) free++;
    return free;
  }

  /** Notes `count` further NOTIFYs as in flight since `time` (ms). */
  sending(count: number, time: number): void {
    for (let i = 0; i < count; i++) this.#sentAt[(this.sent + i) & RING_MASK] = time;
    this.sent += count;
  }

  /** Takes bytes from the socket, read at `time` (ms). */
  push(chunk: Buffer, time: number): void {
    let bytes = chunk;
    if (this.#tail.length > 0) bytes = Buffer.concat([this.#tail, chunk]);
    let position = 0;
    while (bytes.length - position >= 4 && this.error === undefined) {
      const length = bytes.readUInt32BE(position);
      if (length > 16_380) return this.#fail('frame longer than max-frame-size: the stream is corrupt');
      const end = position + 4 + length;
      if (end > bytes.length) break;
      this.#frame(bytes, position + 4, end, time);
      position = end;
    }
    this.#tail = position === bytes.length ? Buffer.alloc(0) : Buffer.from(bytes.subarray(position));
  }

  #frame(bytes: Buffer, start: number, end: number, time: number): void {
    const type = bytes[start];
    if (end - start < 7) return this.#fail('frame shorter than its header');
    if (type === 103 && this.greeted) return this.#ack(bytes, start, end, time);
    if (type === 101 && !this.greeted) {
      const content = bytes.toString('latin1', start, end);
      this.greeted = content.includes('2.0');
      this.pipelining = content.includes('pipelining');
      return undefined;
    }
    return this.#fail(
      type === 102 ? `AGENT-DISCONNECT: ${bytes.toString('latin1', start + 7, end)}` : `frame type ${type}`,
    );
  }

  #ack(bytes: Buffer, start: number, end: number, time: number): void {
    this.#position = start + 5;
    const index = (readVarint(this, bytes, end) - 1) / 2;
    const frameId = readVarint(this, bytes, end);
    const slot = index & RING_MASK;
    const sentAt = this.#sentAt[slot] ?? 0;
    if (((bytes[start + 4] ?? 0) & 1) === 0) return this.#fail('ACK without FIN');
    if (frameId !== 1 || index >= this.sent || this.sent - index > RING || !Number.isInteger(index) || sentAt === 0) {
      return this.#fail('ACK for ids that are not in flight');
    }
    if (this.#score(bytes, end) !== this.#expected[index % this.#expected.length]) {
      return this.#fail("ACK does not carry this NOTIFY's sess.ip_score");
    }
    this.#sentAt[slot] = 0;
    this.acked++;
    this.histogram.record((time - sentAt) * 1e6);
    return undefined;
  }

  /** The value of the one action, or -1 where the payload is not exactly one set-var of sess.ip_score to an integer. */
  #score(bytes: Buffer, end: number): number {
    let position = this.#position;
    if (end - position < IP_SCORE.length + 2) return -1;
    for (let i = 0; i < IP_SCORE.length; i++) if (bytes[position + i] !== IP_SCORE[i]) return -1;
    position += IP_SCORE.length;
    const type = (bytes[position] ?? 0) & 15;
    if (type < 2 || type > 5) return -1;
    this.#position = position + 1;
    const value = readVarint(this, bytes, end);
    return this.#position === end ? value : -1;
  }

  /** Where {@link readVarint} reads next. */
  get position(): number {
    return this.#position;
  }

  set position(value: number) {
    this.#position = value;
  }

  #fail(reason: string): undefined {
    this.error ??= reason;
    return undefined;
  }
}

/** Reads at and advances `cursor.position`; NaN where the varint runs past `end`. */
function readVarint(cursor: { position: number }, bytes: Buffer, end: number): number {
  let position = cursor.position;
  let value = bytes[position++] ?? 0;
  if (value >= 240) {
    let factor = 16;
    let byte: number;
    do {
      byte = bytes[position++] ?? 0;
      value += byte * factor;
      factor *= 128;
    } while (byte >= 128 && position < end);
  }
  cursor.position = position;
  return position > end ? Number.NaN : value;
}
