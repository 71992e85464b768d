import {
  DEFAULT_MAX_FRAME_SIZE,
  LENGTH_BYTES as LENGTH_BYTES_,
  MIN_FRAME_BYTES as MIN_FRAME_BYTES_,
} from '../constants.ts';
import { SpopError } from '../errors.ts';
import { NO_BYTES } from '../wire/cursor.ts';
import { WordViewCache, NO_WORD_VIEW, toWordView } from '../wire/word-view.ts';
import { Frame } from './frame.ts';
import { otherProtocol } from './other-protocols.ts';

/** A carry larger than this is released once it is empty. */
const CARRY_KEPT_BYTES = 65_536;
/** The largest carry that is kept as the spare one: as many bytes as the agent reads at once. */
const SPARE_BYTES = 524_288;

/** An empty large carry for all readers: a reader that is cut short again and again would otherwise allocate each time. */
let spare: Buffer = NO_BYTES;

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode tiny`).
const LENGTH_BYTES = LENGTH_BYTES_;
const MIN_FRAME_BYTES = MIN_FRAME_BYTES_;

/** The largest FRAME-LENGTH that can be accepted, since it is read as a signed integer. */
const MAX_LENGTH = 0x7fff_ffff;

/** Shared by all readers, since an agent's sockets share one read buffer. */
const chunkWordViews: WordViewCache = new WordViewCache();

/** Options of a {@link FrameReader}. */
export interface FrameReaderOptions {
  /** The longest frame accepted, in bytes without the length field; 16,380 by default. */
  readonly maxFrameSize?: number | undefined;
}

/**
 * Takes the bytes of a connection in chunks of any size, and returns whole frames. Frames are read in the chunk itself. Only the
 * beginning of a frame that the chunk cuts off is copied, to memory of the reader (the carry), and never more of it than
 * `maxFrameSize` allows.
 *
 *     reader.push(chunk);
 *     for (let frame = reader.next(); frame !== undefined; frame = reader.next()) { … }
 *
 * The chunk must stay unchanged until `next()` has returned undefined or {@link FrameReader.detachChunk} was called.
 */
export class FrameReader {
  #maxFrameSize: number = DEFAULT_MAX_FRAME_SIZE;
  readonly #frame: Frame = new Frame();
  /** The bytes in which frames are read, from `#position` to `#end`: the chunk, or the carry while it holds bytes. */
  #bytes: Buffer = NO_BYTES;
  #wordView: DataView = NO_WORD_VIEW;
  #position: number = 0;
  #end: number = 0;
  /** Memory of the reader, for bytes that came before the chunk. */
  #carry: Buffer = NO_BYTES;
  #carryWordView: DataView = NO_WORD_VIEW;
  /** The chunk after the carry, which is read once the carry is empty. */
  #nextChunk: Buffer = NO_BYTES;
  #nextChunkPosition: number = 0;
  #nextChunkEnd: number = 0;

  /** @throws {RangeError} when `maxFrameSize` is not an integer from 7 to 2^31 - 1. */
  constructor(options: FrameReaderOptions = {}) {
    if (options.maxFrameSize !== undefined) this.maxFrameSize = options.maxFrameSize;
  }

  /** The longest frame accepted from now on, in bytes without the length field. @throws {RangeError} as the constructor. */
  get maxFrameSize(): number {
    return this.#maxFrameSize;
  }

  set maxFrameSize(bytes: number) {
    if (!(Number.isInteger(bytes) && bytes >= MIN_FRAME_BYTES && bytes <= MAX_LENGTH)) {
      throw new RangeError(
        `expected maxFrameSize to be an integer from ${MIN_FRAME_BYTES} to ${MAX_LENGTH}; found ${bytes}`,
      );
    }
    this.#maxFrameSize = bytes;
  }

  /** Bytes that were pushed and not read yet. */
  get pendingBytes(): number {
    return this.#end - this.#position + this.#nextChunkEnd - this.#nextChunkPosition;
  }

  /** Bytes of memory that the reader holds. */
  get heldBytes(): number {
    return this.#carry.length;
  }

  /**
   * Gives the reader the bytes from `start` to `end` of `chunk`, all by default. @throws {RangeError} when these are not within
   * it.
   */
  push(chunk: Buffer, start: number = 0, end: number = chunk.length): void {
    if (!(start >= 0 && start <= end && end <= chunk.length)) {
      throw new RangeError(`expected 0 <= start <= end <= ${chunk.length}; found start ${start} and end ${end}`);
    }
    if (this.pendingBytes > 0) {
      this.detachChunk();
      this.#nextChunk = chunk;
      this.#nextChunkPosition = start;
      this.#nextChunkEnd = end;
    } else {
      this.#readChunk(chunk, start, end);
    }
  }

  /**
   * The next whole frame, or undefined while more bytes are needed. It is the same object each time, and valid until the next
   * call of `next()`, `push()` or `detachChunk()`.
   *
   * @throws {SpopError} SPOP_FRAME_TOO_BIG, SPOP_FRAME_TOO_SMALL; SPOP_TRUNCATED or SPOP_VARINT_OVERFLOW for malformed ids. The
   * reader does not move: the stream cannot be read on, and each further call throws the same.
   */
  next(): Frame | undefined {
    const position = this.#position;
    const available = this.#end - position;
    if (available >= LENGTH_BYTES) {
      const length = this.#readFrameLength(this.#wordView, position);
      if (length <= available - LENGTH_BYTES) {
        const end = position + LENGTH_BYTES + length;
        this.#frame.read(this.#bytes, position, end, this.#wordView);
        this.#position = end;
        return this.#frame;
      }
    }
    return this.#nextJoined();
  }

  /** Copies the unread bytes of the chunk to the reader's memory, so that the chunk may be overwritten. */
  detachChunk(): void {
    if (this.#isCarrying) {
      this.#carryOver(this.#nextChunkEnd - this.#nextChunkPosition);
      return;
    }
    const chunk = this.#bytes;
    const start = this.#position;
    const end = this.#end;
    if (end - start > this.#carry.length) this.#allocateCarry(end - start);
    chunk.copy(this.#carry, 0, start, end);
    this.#readCarry(end - start);
  }

  /** Drops the bytes that were pushed and not read yet, and releases all memory that the reader holds. */
  clear(): void {
    this.#dropNextChunk();
    this.#releaseCarry();
  }

  get #isCarrying(): boolean {
    return this.#bytes === this.#carry;
  }

  #readChunk(chunk: Buffer, start: number, end: number): void {
    if (this.#carry.length > CARRY_KEPT_BYTES) this.#releaseCarry();
    this.#bytes = chunk;
    this.#wordView = chunkWordViews.of(chunk);
    this.#position = start;
    this.#end = end;
  }

  #readCarry(end: number): void {
    this.#bytes = this.#carry;
    this.#wordView = this.#carryWordView;
    this.#position = 0;
    this.#end = end;
  }

  /** The next frame when the chunk, or the carry, has no further whole one. */
  #nextJoined(): Frame | undefined {
    if (!this.#isCarrying) {
      this.detachChunk();
      return undefined;
    }
    if (this.#position === this.#end) return this.#nextAfterCarry();
    if (!this.#fillCarry(LENGTH_BYTES)) return undefined;
    const size = LENGTH_BYTES + this.#readFrameLength(this.#wordView, this.#position);
    return this.#fillCarry(size) ? this.next() : undefined;
  }

  /** The next frame once the carry is empty. */
  #nextAfterCarry(): Frame | undefined {
    const chunk = this.#nextChunk;
    const start = this.#nextChunkPosition;
    const end = this.#nextChunkEnd;
    this.#dropNextChunk();
    if (start < end) {
      this.#readChunk(chunk, start, end);
      return this.next();
    }
    if (this.#carry.length > CARRY_KEPT_BYTES) this.#releaseCarry();
    return undefined;
  }

  #dropNextChunk(): void {
    this.#nextChunk = NO_BYTES;
    this.#nextChunkPosition = 0;
    this.#nextChunkEnd = 0;
  }

  /** Fills the carry up to `size` bytes from the chunk after it; returns whether it then holds as many. */
  #fillCarry(size: number): boolean {
    const missing = size - (this.#end - this.#position);
    const available = this.#nextChunkEnd - this.#nextChunkPosition;
    this.#carryOver(Math.min(missing, available));
    return missing <= available;
  }

  /** Moves `count` bytes of the chunk after the carry into it, and drops the chunk with its last byte. */
  #carryOver(count: number): void {
    if (count > 0) {
      const held = this.#end - this.#position;
      if (this.#end + count > this.#carry.length) {
        const former = this.#carry;
        const needed = held + count;
        if (needed > former.length) this.#allocateCarry(needed);
        former.copy(this.#carry, 0, this.#position, this.#end);
        this.#readCarry(held);
      }
      this.#nextChunk.copy(this.#carry, this.#end, this.#nextChunkPosition, this.#nextChunkPosition + count);
      this.#end += count;
      this.#nextChunkPosition += count;
    }
    if (this.#nextChunkPosition === this.#nextChunkEnd) this.#dropNextChunk();
  }

  #allocateCarry(needed: number): void {
    this.#carry = allocateCarry(needed);
    this.#carryWordView = toWordView(this.#carry);
  }

  /** Releases the carry, which is no longer read. */
  #releaseCarry(): void {
    const { length } = this.#carry;
    if (length > CARRY_KEPT_BYTES && length <= SPARE_BYTES && length > spare.length) spare = this.#carry;
    this.#carry = NO_BYTES;
    this.#carryWordView = NO_WORD_VIEW;
    this.#readCarry(0);
    // Otherwise the reused frame would keep the large carry alive.
    this.#frame.bytes = NO_BYTES;
    this.#frame.wordView = NO_WORD_VIEW;
  }

  /** Reads FRAME-LENGTH (SPOE.txt §3.2) and checks it before a byte of the frame is kept. */
  #readFrameLength(wordView: DataView, position: number): number {
    // Signed: a length of 2^31 or more is negative here, and refused as well.
    const length = wordView.getInt32(position);
    if (length < MIN_FRAME_BYTES || length > this.#maxFrameSize) throw badLength(length, this.#maxFrameSize);
    return length;
  }
}

/** A buffer of at least `needed` bytes, and 1,024 or twice as many at most; or the spare carry. */
function allocateCarry(needed: number): Buffer {
  let size = 1_024;
  while (size < needed) size *= 2;
  if (size <= CARRY_KEPT_BYTES || size > spare.length) return Buffer.allocUnsafeSlow(size);
  const taken = spare;
  spare = NO_BYTES;
  return taken;
}

function badLength(length: number, maxFrameSize: number): SpopError {
  const unsigned = length >>> 0;
  if (unsigned < MIN_FRAME_BYTES) {
    return new SpopError(
      'SPOP_FRAME_TOO_SMALL',
      `expected a frame of at least ${MIN_FRAME_BYTES} bytes; found a length of ${unsigned}`,
      0,
    );
  }
  const other = otherProtocol(unsigned);
  return new SpopError(
    'SPOP_FRAME_TOO_BIG',
    `expected a frame of at most ${maxFrameSize} bytes, the max-frame-size; found a length of ${unsigned}` +
      (other === undefined
        ? '. Not SPOP, or a peer that ignores the negotiated size'
        : `, which is how another protocol begins: ${other}`),
    0,
  );
}
