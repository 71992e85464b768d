import { MAX_VARINT_BYTES, SpopError, type SpopErrorCode } from '@spop/codec';
import { byteAt } from '../data/text.ts';
import type { TypedData } from '../data/typed-data.ts';

/** One field of the grammar that was read; `explain` prints one line for each. */
export interface Field {
  /** The first byte, counted from the start of the frame's length field. */
  readonly offset: number;
  /** Its length in bytes. */
  readonly length: number;
  /** The depth in the grammar: 0 for the frame, 1 for a message or action, 2 for an argument. */
  readonly depth: number;
  /** What it is, such as `frame-id`. */
  readonly label: string;
  /** Its value, for people. */
  readonly text: string;
  /** The value of a field that is typed data. */
  readonly data?: TypedData;
}

/** One wrong byte. */
export interface Problem {
  readonly code: SpopErrorCode;
  /** The byte, counted from the start of the frame's length field. */
  readonly offset: number;
  readonly reason: string;
}

/** How a reader treats malformed frames. */
export interface ReadMode {
  /** Whether to stop at the first problem; otherwise reading goes on while the next field can still be found. */
  readonly strict: boolean;
  /** Whether to read the single payload byte `00` as an ACK without actions, as HAProxy does. */
  readonly ackPadding: boolean;
}

/**
 * Takes bytes, integers and varints from one frame, never beyond its end, and keeps a trace of the fields and a list of the
 * problems. `PlainReader` knows what the fields mean.
 */
export class ByteReader {
  readonly fields: Field[] = [];
  readonly problems: Problem[] = [];
  /** Whether the payload could only be read in part. */
  isPartial: boolean = false;
  protected position: number = 0;
  protected readonly bytes: Uint8Array;
  protected readonly mode: ReadMode;
  #depth: number = 0;

  /** @param bytes One frame with its length field, and nothing after it, so that no read can leave the frame. */
  constructor(bytes: Uint8Array, mode: ReadMode) {
    this.bytes = bytes;
    this.mode = mode;
  }

  /** Reports a problem after which the rest of the frame cannot be read. */
  fail(code: SpopErrorCode, offset: number, reason: string): never {
    this.problems.push({ code, offset, reason });
    throw new SpopError(code, reason, offset);
  }

  /** Reports a problem after which the next field can still be found. */
  note(code: SpopErrorCode, offset: number, reason: string): void {
    if (this.mode.strict) this.fail(code, offset, reason);
    this.problems.push({ code, offset, reason });
  }

  protected field(offset: number, label: string, text: string, data?: TypedData): void {
    const field = { offset, length: this.position - offset, depth: this.#depth, label, text };
    this.fields.push(data === undefined ? field : { ...field, data });
  }

  protected nested<T>(read: () => T): T {
    this.#depth++;
    const result = read();
    this.#depth--;
    return result;
  }

  protected remaining(): number {
    return this.bytes.length - this.position;
  }

  #truncated(offset: number, what: string, needed: number | bigint): never {
    return this.fail(
      'SPOP_TRUNCATED',
      offset,
      `expected ${needed} ${Number(needed) === 1 ? 'byte' : 'bytes'} for the ${what}; found ${this.remaining()} left in the frame`,
    );
  }

  protected takeBytes(count: number, what: string): Uint8Array {
    if (this.remaining() < count) this.#truncated(this.position, what, count);
    this.position += count;
    return this.bytes.slice(this.position - count, this.position);
  }

  protected takeByte(what: string): number {
    return byteAt(this.takeBytes(1, what), 0);
  }

  protected takeUint32(what: string): number {
    return new DataView(this.takeBytes(4, what).buffer).getUint32(0);
  }

  /** Decodes a varint by adding whole bytes at shifts 0, 4, 11, 18, … (HAProxy include/haproxy/intops.h). */
  protected takeVarint(what: string): bigint {
    const start = this.position;
    let value = BigInt(this.#varintByte(start, what));
    if (value < 240n) return value;
    for (let count = 1, shift = 4n; ; count++, shift += 7n) {
      const byte = this.#varintByte(start, what);
      value += BigInt(byte) << shift;
      if (count === MAX_VARINT_BYTES - 1 && byte >= 128) {
        this.fail(
          'SPOP_VARINT_OVERFLOW',
          start,
          `expected at most ${MAX_VARINT_BYTES} bytes for the varint of the ${what}; found more`,
        );
      }
      if (byte < 128) break;
    }
    if (value >= 2n ** 64n) {
      this.fail('SPOP_VARINT_OVERFLOW', start, `expected less than 2^64 for the ${what}; found ${value}`);
    }
    return value;
  }

  #varintByte(start: number, what: string): number {
    if (this.remaining() === 0) {
      this.fail('SPOP_TRUNCATED', start, `expected the rest of the varint of the ${what}; found the end of the frame`);
    }
    return this.takeByte(what);
  }

  /** `<LENGTH:varint><BYTES>` */
  protected takeCounted(what: string): Uint8Array {
    const start = this.position;
    const length = this.takeVarint(`length of the ${what}`);
    if (length > BigInt(this.remaining())) this.#truncated(start, what, length);
    return this.takeBytes(Number(length), what);
  }
}
