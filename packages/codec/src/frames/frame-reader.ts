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

/** A carry larger than this is given back as soon as it is empty. */
const CARRY_KEPT_BYTES = 65_536;
/** The largest carry that is kept for the next reader that needs a large one: what a socket's agent reads at once. */
const SPARE_BYTES = 524_288;

/** A large carry that is empty, for all readers: one that is cut short again and again would allocate each time. */
let spare: Buffer = NO_BYTES;

// Module-local copies: see "Code that V8 compiles well" in ARCHITECTURE.md (benchmark `decode tiny`).
const LENGTH_BYTES = LENGTH_BYTES_;
const MIN_FRAME_BYTES = MIN_FRAME_BYTES_;

/** The longest that FRAME-LENGTH is taken for, read as a signed integer. */
const MAX_LENGTH = 0x7fff_ffff;

/** Shared, as the buffer is that an agent's sockets read into. */
const chunkWordViews: WordViewCache = new WordViewCache();

/** Options of a {@link FrameReader}. */
export interface FrameReaderOptions {
  /** The longest frame accepted, in bytes without the length field; 16,380 by default. */
  readonly maxFrameSize?: number | undefined;
}

/**
 * Takes the bytes of a connection in chunks of any size and gives whole frames. Frames are read where they lie in the
 * chunk; only the beginning of one that a chunk cuts off is copied, to memory that the reader owns (the carry), and
 * never more of it than `maxFrameSize` allows.
 *
 *     reader.push(chunk);
 *     for (let frame = reader.next(); frame !== undefined; frame = reader.next()) { … }
 *
 * The chunk must stay unchanged until `next()` has returned undefined or {@link FrameReader.detachChunk} was called.
 */
export class FrameReader {
  #maxFrameSize: number = DEFAULT_MAX_FRAME_SIZE;
  readonly #frame: Frame = new Frame();
  /** Where frames are read, from `#position` to `#end`: the chunk, or the carry while there is one. */
  #bytes: Buffer = NO_BYTES;
  #wordView: DataView = NO_WORD_VIEW;
  #position: number = 0;
  #end: number = 0;
  /** Memory of the reader's own, for bytes that came before those of the chunk. */
  #carry: Buffer = NO_BYTES;
  #carryWordView: DataView = NO_WORD_VIEW;
  /** The chunk behind the carry, of which nothing is read before the carry is empty. */
  #behind: Buffer = NO_BYTES;
  #behindPosition: number = 0;
  #behindEnd: number = 0;

  /** @throws {RangeError} where `maxFrameSize` is no integer from 7 to 2^31 - 1. */
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

  /** Bytes that were pushed and are not read yet. */
  get pendingBytes(): number {
    return this.#end - this.#position + this.#behindEnd - this.#behindPosition;
  }

  /** Bytes of memory that the reader itself holds. */
  get heldBytes(): number {
    return this.#carry.length;
  }

  /** Gives the reader the bytes from `start` to `end` of `chunk`: all of it by default. */
  push(chunk: Buffer, start: number = 0, end: number = chunk.length): void {
    if (!(start >= 0 && start <= end && end <= chunk.length)) {
      throw new RangeError(`expected 0 <= start <= end <= ${chunk.length}; found start ${start} and end ${end}`);
    }
    if (this.pendingBytes > 0) {
      this.detachChunk();
      this.#behind = chunk;
      this.#behindPosition = start;
      this.#behindEnd = end;
    } else {
      this.#readChunk(chunk, start, end);
    }
  }

  /**
   * The next whole frame, or undefined while more bytes are needed. It is the same object each time and valid until
   * the next call of `next()`, `push()` or `detachChunk()`.
   *
   * @throws {SpopError} SPOP_FRAME_TOO_BIG, SPOP_FRAME_TOO_SMALL, or what is wrong with the frame's ids. The reader
   * stays where it is: the stream cannot be read on, and each further call throws the same.
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

  /** Copies what is left of the chunk to the reader's own memory, so that the chunk may be overwritten. */
  detachChunk(): void {
    if (this.#isCarrying) {
      this.#carryOver(this.#behindEnd - this.#behindPosition);
      return;
    }
    const chunk = this.#bytes;
    const start = this.#position;
    const end = this.#end;
    if (end - start > this.#carry.length) this.#allocateCarry(end - start);
    chunk.copy(this.#carry, 0, start, end);
    this.#readCarry(end - start);
  }

  /** Forgets what was pushed and is not read yet, and gives back all memory that the reader holds. */
  clear(): void {
    this.#letGoBehind();
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

  /** The next frame where the chunk or the carry has no further whole one. */
  #nextJoined(): Frame | undefined {
    if (!this.#isCarrying) {
      this.detachChunk();
      return undefined;
    }
    if (this.#position === this.#end) return this.#nextBehind();
    if (!this.#fillCarry(LENGTH_BYTES)) return undefined;
    const size = LENGTH_BYTES + this.#readFrameLength(this.#wordView, this.#position);
    return this.#fillCarry(size) ? this.next() : undefined;
  }

  /** The next frame after all that was carried. */
  #nextBehind(): Frame | undefined {
    const chunk = this.#behind;
    const start = this.#behindPosition;
    const end = this.#behindEnd;
    this.#letGoBehind();
    if (start < end) {
      this.#readChunk(chunk, start, end);
      return this.next();
    }
    if (this.#carry.length > CARRY_KEPT_BYTES) this.#releaseCarry();
    return undefined;
  }

  #letGoBehind(): void {
    this.#behind = NO_BYTES;
    this.#behindPosition = 0;
    this.#behindEnd = 0;
  }

  /** Whether the carry holds `size` bytes, after taking what is missing from the chunk behind it. */
  #fillCarry(size: number): boolean {
    const missing = size - (this.#end - this.#position);
    const available = this.#behindEnd - this.#behindPosition;
    this.#carryOver(Math.min(missing, available));
    return missing <= available;
  }

  /** Takes `count` bytes of the chunk behind the carry into it, and lets go of the chunk with its last one. */
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
      this.#behind.copy(this.#carry, this.#end, this.#behindPosition, this.#behindPosition + count);
      this.#end += count;
      this.#behindPosition += count;
    }
    if (this.#behindPosition === this.#behindEnd) this.#letGoBehind();
  }

  #allocateCarry(needed: number): void {
    this.#carry = allocateCarry(needed);
    this.#carryWordView = toWordView(this.#carry);
  }

  /** Gives the carry back, of which nothing is to be read any more. */
  #releaseCarry(): void {
    const { length } = this.#carry;
    if (length > CARRY_KEPT_BYTES && length <= SPARE_BYTES && length > spare.length) spare = this.#carry;
    this.#carry = NO_BYTES;
    this.#carryWordView = NO_WORD_VIEW;
    this.#readCarry(0);
    // Or the frame would keep it until there is another one.
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

/** A buffer of `needed` bytes or more, up to twice as many. */
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
