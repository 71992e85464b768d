import { DEFAULT_MAX_FRAME_SIZE, FrameFlag, LENGTH_BYTES, SpopError } from '@spop/codec';
import type { AckFrame, FragmentFrame, NotifyFrame, PlainFrame } from '../data/model.ts';
import { expectSpopError } from '../data/spop-error.ts';
import { concat } from '../data/text.ts';
import { checkLength, PlainReader } from './plain-reader.ts';

/** Input for functions that take bytes: the bytes, or a frame builder. */
export type BytesInput = Uint8Array | { toBytes(): Uint8Array };

/** How strictly bytes are read. */
export interface ParseOptions {
  /** The longest frame to accept, in bytes without the length field; 16380 by default, as HAProxy announces it. */
  readonly maxFrameSize?: number | undefined;
  /** Whether to read the single payload byte `00` as an ACK without actions (see {@link parseAck}); false by default. */
  readonly ackPadding?: boolean | undefined;
}

/** The frames of a stream of bytes, up to the first wrong byte. */
export interface ParsedStream {
  /** The whole frames, in their order. */
  readonly frames: PlainFrame[];
  /** The offset of each frame in the input, in bytes; as long as `frames`. */
  readonly offsets: number[];
  /** Bytes of all frames; an incomplete or a wrong frame follows. */
  readonly consumed: number;
  /** The error in the frame at `consumed`, from where its offset counts; undefined when only more bytes are needed. */
  readonly error: SpopError | undefined;
}

/** The bytes of a {@link BytesInput}, in the same memory; never a Buffer, whose `slice` would not copy. */
export function bytesOf(input: BytesInput): Uint8Array {
  const bytes = input instanceof Uint8Array ? input : input.toBytes();
  return new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** The frame's length field at `offset`; undefined until its four bytes are there. */
export function frameLength(bytes: Uint8Array, offset: number): number | undefined {
  if (bytes.length - offset < LENGTH_BYTES) return undefined;
  return new DataView(bytes.buffer, bytes.byteOffset + offset, LENGTH_BYTES).getUint32(0);
}

/** One frame, or the error in it, or undefined when more bytes are needed. A wrong length is an error before its frame is there. */
function parseOne(bytes: Uint8Array, offset: number, options: ParseOptions): PlainFrame | SpopError | undefined {
  const length = frameLength(bytes, offset);
  if (length === undefined) return undefined;
  const maxFrameSize = options.maxFrameSize ?? DEFAULT_MAX_FRAME_SIZE;
  const reader = new PlainReader(bytes.subarray(offset, offset + LENGTH_BYTES + length), {
    strict: true,
    ackPadding: options.ackPadding ?? false,
  });
  try {
    checkLength(reader, length, maxFrameSize);
    if (bytes.length - offset - LENGTH_BYTES < length) return undefined;
    return reader.readFrame(maxFrameSize);
  } catch (error) {
    expectSpopError(error);
    return error;
  }
}

/**
 * Reads frames until the input ends or is wrong, and never throws a {@link SpopError}: for input that may be incomplete or hostile.
 * Use {@link parse} for assertions.
 */
export function parseStream(input: BytesInput, options: ParseOptions = {}): ParsedStream {
  const bytes = bytesOf(input);
  const frames: PlainFrame[] = [];
  const offsets: number[] = [];
  let consumed = 0;
  for (;;) {
    const frame = parseOne(bytes, consumed, options);
    if (frame instanceof SpopError) return { frames, offsets, consumed, error: frame };
    if (frame === undefined) return { frames, offsets, consumed, error: undefined };
    frames.push(frame);
    offsets.push(consumed);
    consumed += LENGTH_BYTES + (frameLength(bytes, consumed) ?? 0);
  }
}

/**
 * Reads whole frames into plain objects, to compare and to print.
 *
 * @throws {SpopError} with the code and the offset of the first wrong byte, counted from its frame's length field;
 * SPOP_TRUNCATED at 0 when the last frame is not complete.
 */
export function parse(input: BytesInput, options: ParseOptions = {}): PlainFrame[] {
  const bytes = bytesOf(input);
  const { frames, consumed, error } = parseStream(bytes, options);
  if (error !== undefined) {
    const place = `${error.reason}, in frame ${frames.length + 1} (which begins at byte ${consumed} of the input)`;
    throw new SpopError(error.code, place, error.offset, { cause: error });
  }
  if (consumed < bytes.length) {
    const missing = (frameLength(bytes, consumed) ?? 0) + LENGTH_BYTES - (bytes.length - consumed);
    const reason = `expected whole frames; found frame ${frames.length + 1} without its last ${missing} bytes`;
    throw new SpopError('SPOP_TRUNCATED', `${reason} (it begins at byte ${consumed} of the input)`, 0);
  }
  return frames;
}

/**
 * Reads exactly one frame.
 *
 * @throws {SpopError} as {@link parse} does, and SPOP_MISUSE for no frame or more than one.
 */
export function parseFrame(input: BytesInput, options: ParseOptions = {}): PlainFrame {
  const frames = parse(input, options);
  const [frame] = frames;
  if (frame === undefined || frames.length > 1) {
    throw new SpopError(
      'SPOP_MISUSE',
      `expected bytes of one frame; found ${frames.length} frames: use parse() instead`,
    );
  }
  return frame;
}

/**
 * Reads exactly one ACK. Like HAProxy, it reads the single payload byte `00` as no action: agents write it because HAProxy
 * 3.1.0 hangs on an ACK with an empty payload.
 *
 * @throws {SpopError} as {@link parseFrame} does, and SPOP_UNEXPECTED_FRAME for another frame.
 */
export function parseAck(input: BytesInput, options: ParseOptions = {}): AckFrame {
  const frame = parseFrame(input, { ...options, ackPadding: options.ackPadding ?? true });
  if (frame.type === 'ACK') return frame;
  throw new SpopError('SPOP_UNEXPECTED_FRAME', `expected an ACK; found a frame of type ${frame.type}`, LENGTH_BYTES);
}

function messagesOf(first: FragmentFrame, payload: Uint8Array): NotifyFrame['messages'] {
  // A header with ids of one byte each is put before the payload, since messages are only read within a frame.
  const body = concat([Uint8Array.of(3, 0, 0, 0, FrameFlag.Fin, 0, 0), payload]);
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, body.length);
  const [whole] = parse(concat([length, body]), { maxFrameSize: body.length });
  if (whole?.type !== 'NOTIFY') throw new SpopError('SPOP_UNEXPECTED_FRAME', `expected a NOTIFY; found ${first.type}`);
  return whole.messages;
}

/**
 * Joins fragmented NOTIFYs (HAProxy 3.0 and older, SPOE.txt §3.2 there). Each becomes one whole NOTIFY at the place of its last
 * fragment, aborted ones are removed, and all other frames are unchanged.
 *
 * @throws {SpopError} SPOP_INTERLACED_FRAMES, SPOP_FRAME_ID_NOT_FOUND, or the error in the joined payload, whose offset counts
 * as in a frame with ids of one byte each.
 */
export function reassemble(frames: readonly PlainFrame[]): PlainFrame[] {
  const whole: PlainFrame[] = [];
  let parts: FragmentFrame[] = [];
  for (const frame of frames) {
    const [first] = parts;
    if (frame.type === 'NOTIFY-FRAGMENT') {
      if (first !== undefined) throw interlaced(first, frame);
      parts = [frame];
    } else if (frame.type === 'UNSET') {
      if (first === undefined) {
        throw new SpopError(
          'SPOP_FRAME_ID_NOT_FOUND',
          'expected a NOTIFY without FIN before a continuation; found none',
        );
      }
      if (first.streamId !== frame.streamId || first.frameId !== frame.frameId) throw interlaced(first, frame);
      parts.push(frame);
      const isAborted = (frame.flags & FrameFlag.Abort) !== 0;
      if (isAborted || (frame.flags & FrameFlag.Fin) !== 0) {
        if (!isAborted) whole.push(joined(first, parts, frame.flags));
        parts = [];
      }
    } else {
      whole.push(frame);
    }
  }
  return whole;
}

function joined(first: FragmentFrame, parts: readonly FragmentFrame[], flags: number): NotifyFrame {
  const messages = messagesOf(first, concat(parts.map((part) => part.payload)));
  return { type: 'NOTIFY', flags, streamId: first.streamId, frameId: first.frameId, messages };
}

function interlaced(first: FragmentFrame, frame: FragmentFrame): SpopError {
  return new SpopError(
    'SPOP_INTERLACED_FRAMES',
    `expected a fragment of stream-id ${first.streamId}, frame-id ${first.frameId}; found ${frame.type} of stream-id ${frame.streamId}, frame-id ${frame.frameId}`,
  );
}
