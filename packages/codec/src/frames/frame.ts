import { FrameFlag, LENGTH_BYTES } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { defineHidden, definePrintable } from '../printable.ts';
import { Cursor, NO_BYTES } from '../wire/cursor.ts';
import {
  ONE_BYTE_VARINTS as ONE_BYTE_VARINTS_,
  readVarint,
  SHORT_VARINT_BYTES,
  shortVarintEnd,
} from '../wire/varint.ts';
import { NO_WORD_VIEW, toWordView } from '../wire/word-view.ts';

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode tiny`).
const IDS_OFFSET = LENGTH_BYTES + 5;
/** Bytes before a frame's ids: length, type, flags. */
const IDS_OFFSET_: number = IDS_OFFSET;
export { IDS_OFFSET_ as IDS_OFFSET };
const SHORT_IDS_BYTES = SHORT_VARINT_BYTES + 1;
const ONE_BYTE_VARINTS = ONE_BYTE_VARINTS_;
const FIN = FrameFlag.Fin;

const decoding = new Cursor();

/**
 * One whole frame within the bytes of a chunk (SPOE.txt §3.2):
 *
 *     <FRAME-LENGTH:4 bytes> <FRAME-TYPE:1 byte> <FLAGS:4 bytes> <STREAM-ID:varint> <FRAME-ID:varint> <FRAME-PAYLOAD>
 *
 * A frame reader reuses one object for all frames: it is valid until the reader's next `next()`, `push()` or `detachChunk()`.
 */
export class Frame {
  /** The bytes that contain the frame; only those from `start` to `end` are the frame's. */
  declare bytes: Buffer;
  /** @internal The same bytes, for reading words of four bytes. */
  declare wordView: DataView;
  /** Offset of the length field. */
  start: number = 0;
  /** Offset after the frame's last byte. */
  end: number = 0;
  /** A {@link FrameType}, or any other byte. */
  type: number = 0;
  /** The FLAGS field as a signed 32-bit integer. */
  flags: number = 0;
  /** Offset of the stream-id; both ids end at `payloadStart`. */
  idsStart: number = 0;
  /** Offset of the payload, which ends at `end`. */
  payloadStart: number = 0;

  constructor() {
    defineHidden(this, 'bytes', NO_BYTES);
    defineHidden(this, 'wordView', NO_WORD_VIEW);
  }

  /** Whether this is the last or only fragment of its payload. */
  get fin(): boolean {
    return (this.flags & FIN) !== 0;
  }

  /** Whether HAProxy gives up the fragmented NOTIFY. */
  get abort(): boolean {
    return (this.flags & FrameFlag.Abort) !== 0;
  }

  /**
   * The stream-id as a number. HAProxy's stay below 2^32.
   *
   * @throws {SpopError} SPOP_UNSAFE_INTEGER above 2^53 - 1; {@link Frame.toStreamId} reads all 64 bits.
   */
  get streamId(): number {
    return readSafeId(this.bytes, this.idsStart, this.payloadStart, 0);
  }

  /**
   * The frame-id as a number.
   *
   * @throws {SpopError} SPOP_UNSAFE_INTEGER above 2^53 - 1; {@link Frame.toFrameId} reads all 64 bits.
   */
  get frameId(): number {
    return readSafeId(this.bytes, this.idsStart, this.payloadStart, 1);
  }

  /** The stream-id as an unsigned bigint. */
  toStreamId(): bigint {
    return toBigId(this.bytes, this.idsStart, this.payloadStart, 0);
  }

  /** The frame-id as an unsigned bigint. */
  toFrameId(): bigint {
    return toBigId(this.bytes, this.idsStart, this.payloadStart, 1);
  }

  /**
   * Reads the frame from its length field at `start` up to `end`. The caller has checked the length.
   *
   * @param wordView The same bytes, for a caller that reads frame after frame in them; made by default.
   * @throws {SpopError} SPOP_TRUNCATED or SPOP_VARINT_OVERFLOW when the ids are malformed.
   */
  read(bytes: Buffer, start: number, end: number, wordView?: DataView): void {
    if (this.bytes !== bytes) {
      this.bytes = bytes;
      this.wordView = wordView ?? toWordView(bytes);
    }
    this.start = start;
    this.end = end;
    this.type = bytes[start + 4]!;
    this.flags = this.wordView.getInt32(start + 5);
    const ids = start + IDS_OFFSET;
    this.idsStart = ids;
    // HAProxy's stream-ids are below 2^32 and its frame-ids nearly always below 240. Such ids are skipped, not decoded, in so
    // little code that V8 inlines it (benchmark `load`).
    if (end - ids >= SHORT_IDS_BYTES) {
      const frameId = shortVarintEnd(bytes, ids);
      if (frameId !== 0 && bytes[frameId]! < ONE_BYTE_VARINTS) {
        this.payloadStart = frameId + 1;
        return;
      }
    }
    this.payloadStart = idsEnd(bytes, ids, end, start);
  }

  /** Whether the other frame has the same stream-id and frame-id, byte by byte. */
  hasIdsOf(other: Frame): boolean {
    const length = this.payloadStart - this.idsStart;
    if (other.payloadStart - other.idsStart !== length) return false;
    for (let i = 0; i < length; i++) {
      if (this.bytes[this.idsStart + i] !== other.bytes[other.idsStart + i]) return false;
    }
    return true;
  }
}

definePrintable(Frame.prototype, ({ type, flags, start, end }) => ({ type, flags, byteLength: end - start }));

/** The offset after both ids, which begin at `ids`, in the frame from `start` to `end`. */
function idsEnd(bytes: Buffer, ids: number, end: number, start: number): number {
  decoding.moveTo(bytes, ids, end, start);
  readVarint(decoding);
  readVarint(decoding);
  return decoding.position;
}

/** The `index`th id from `start`, as a number. @throws {SpopError} SPOP_UNSAFE_INTEGER. */
export function readSafeId(bytes: Buffer, start: number, end: number, index: 0 | 1): number {
  const { lo, hi } = readId(bytes, start, end, index);
  // Every id that HAProxy sends, without a double, which unoptimised code would box.
  if (hi === 0 && lo >= 0) return lo;
  const id = (hi >>> 0) * 4_294_967_296 + (lo >>> 0);
  if (!Number.isSafeInteger(id)) {
    throw new SpopError(
      'SPOP_UNSAFE_INTEGER',
      'expected an id up to 2^53 - 1; found a larger one: read it with toStreamId() or toFrameId()',
    );
  }
  return id;
}

function toBigId(bytes: Buffer, start: number, end: number, index: 0 | 1): bigint {
  const { lo, hi } = readId(bytes, start, end, index);
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

function readId(bytes: Buffer, start: number, end: number, index: 0 | 1): Cursor {
  decoding.moveTo(bytes, start, end, start);
  for (let i = 0; i <= index; i++) readVarint(decoding);
  return decoding;
}
