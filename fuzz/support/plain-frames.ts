/** Compares what the codec reads with what the plain reader of the builder reads, which shares no code with it. */
import { deepStrictEqual } from 'node:assert/strict';
import { isDeepStrictEqual } from 'node:util';
import { parseStream, toBytes, toText } from '@spop/builder';
import type { Action, Argument, Message, PlainFrame, TypedData } from '@spop/builder';
import {
  ActionReader,
  ActionType,
  DataType,
  type Frame,
  FrameReader,
  KvListReader,
  MessageReader,
  type Name,
  SpopError,
  type SpopErrorCode,
  type Value,
} from '@spop/codec';
import { checkHeader, checkValue } from './value-checks.ts';

/** What a reader makes of a stream: its whole frames, and what is wrong with the one after them. */
export interface Outcome {
  readonly frames: readonly PlainFrame[];
  /** Bytes of the whole frames. */
  readonly consumed: number;
  readonly error: { readonly code: SpopErrorCode; readonly status: number; readonly offset: number } | undefined;
}

/** How the codec gets the bytes of a stream, and how it is asked for frames. */
export interface Feeding {
  readonly maxFrameSize: number;
  /** Sizes of the chunks in bytes, used over and over. Without sizes all bytes come at once. */
  readonly chunkSizes: readonly number[];
  /** Fills the memory around each chunk, and the chunk itself once its reader may not look at it again. */
  readonly canary: number;
  /** The most frames taken after each chunk; the others stay with the reader. */
  readonly takes: number;
  /** Whether the reader copies what is left of each chunk. */
  readonly detaches: boolean;
}

/** All bytes at once, up to HAProxy's default max-frame-size. */
export const WHOLE: Feeding = { maxFrameSize: 16_380, chunkSizes: [], canary: 0x5a, takes: Infinity, detaches: false };

const CANARY_BYTES = 16;

/** What the builder's plain reader makes of the bytes. */
export function readPlainly(bytes: Uint8Array, maxFrameSize: number): Outcome {
  const { frames, consumed, error } = parseStream(bytes, { maxFrameSize, ackPadding: true });
  return { frames: frames.map(asShown), consumed, error: error === undefined ? undefined : describeError(error) };
}

/** Fails unless the codec and the plain reader accept the same, and refuse the same for the same reason at the same byte. */
export function checkAgreement(bytes: Uint8Array, feeding: Feeding): Outcome {
  const expected = readPlainly(bytes, feeding.maxFrameSize);
  const reader = new FrameReader({ maxFrameSize: feeding.maxFrameSize });
  const frames: unknown[] = [];
  let consumed = 0;
  let error: Outcome['error'];
  /** Takes frames, and returns whether there are no more of them. */
  const take = (most: number): boolean => {
    for (let count = 0; count < most; count++) {
      const frame = reader.next();
      if (frame === undefined) return true;
      frames.push(toPlainFrame(frame));
      consumed += frame.end - frame.start;
    }
    return false;
  };
  try {
    let last: Uint8Array = Buffer.alloc(0);
    for (const { chunk, end } of chunksOf(bytes, feeding)) {
      reader.push(chunk, CANARY_BYTES, chunk.length - CANARY_BYTES);
      // The reader has copied what it had not read of the chunk before.
      last.fill(feeding.canary);
      const isDrained = take(feeding.takes);
      if (feeding.detaches) reader.detachChunk();
      if (feeding.detaches || isDrained) chunk.fill(feeding.canary);
      expectSame(reader.pendingBytes, end - consumed);
      if (isDrained) checkDrained(reader, bytes.subarray(consumed, end), feeding.maxFrameSize);
      last = chunk;
    }
    take(Infinity);
  } catch (thrown) {
    if (!(thrown instanceof SpopError)) throw thrown;
    error = describeError(thrown);
    if (error.offset === 0)
      expectSame(
        errorOf(() => reader.next()),
        error,
      );
  }
  expectSame({ frames, consumed, error }, expected);
  return expected;
}

/** Calls deepStrictEqual only for unequal values, since it is slow even for equal ones. */
export function expectSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) deepStrictEqual(found, expected);
}

/** Code, status and offset of the peer's error that `read` throws. */
export function errorOf(read: () => unknown): Outcome['error'] {
  try {
    read();
    return undefined;
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    return describeError(error);
  }
}

function describeError({ code, status, offset }: SpopError): NonNullable<Outcome['error']> {
  if (status === undefined) throw new Error(`expected a status for the peer; found none with ${code}`);
  return { code, status, offset };
}

function* chunksOf(bytes: Uint8Array, feeding: Feeding): Generator<{ chunk: Buffer; end: number }> {
  const { chunkSizes, canary } = feeding;
  for (let start = 0, index = 0; start < bytes.length; index++) {
    const end = start + Math.max(chunkSizes[index % chunkSizes.length] ?? bytes.length, 1);
    const around = Buffer.alloc(CANARY_BYTES, canary);
    yield { chunk: Buffer.concat([around, bytes.subarray(start, end), around]), end: Math.min(end, bytes.length) };
    start = end;
  }
}

/** Fails if a reader without a frame keeps a whole one back, or holds more memory than a frame needs. */
function checkDrained(reader: FrameReader, rest: Uint8Array, maxFrameSize: number): void {
  const isWhole = rest.length >= 4 && Buffer.from(rest).readUInt32BE(0) <= rest.length - 4;
  if (isWhole) throw new Error(`expected every whole frame; found ${rest.length} bytes kept back`);
  // The carry is the next power of two above what it has to hold.
  const mostHeld = Math.max(1_024, 2 * (maxFrameSize + 4));
  if (reader.heldBytes > mostHeld)
    throw new Error(`expected at most ${mostHeld} held bytes; found ${reader.heldBytes}`);
}

const TYPES: Readonly<Record<number, PlainFrame['type']>> = {
  0: 'UNSET',
  1: 'HAPROXY-HELLO',
  2: 'HAPROXY-DISCONNECT',
  3: 'NOTIFY',
  101: 'AGENT-HELLO',
  102: 'AGENT-DISCONNECT',
  103: 'ACK',
};
const messages = new MessageReader();

/** The frame and everything in it, as the plain reader gives it. */
function toPlainFrame(frame: Frame): unknown {
  checkHeader(frame);
  const type = TYPES[frame.type];
  const header = { type, flags: frame.flags >>> 0, streamId: frame.toStreamId(), frameId: frame.toFrameId() };
  if (type === 'NOTIFY' && frame.fin) {
    messages.read(frame);
    return { ...header, messages: walkMessages(messages) };
  }
  if (type === 'ACK') return { ...header, actions: toActions(frame) };
  if (type !== undefined && type !== 'NOTIFY' && type !== 'UNSET') return { ...header, items: toItems(frame) };
  const payload = Uint8Array.from(frame.bytes.subarray(frame.payloadStart, frame.end));
  if (type === undefined) return { ...header, type: 'UNKNOWN', typeByte: frame.type, payload };
  return { ...header, type: type === 'NOTIFY' ? 'NOTIFY-FRAGMENT' : type, payload };
}

const items = new KvListReader();
const actions = new ActionReader();

function toItems(frame: Frame): Argument[] {
  const list: Argument[] = [];
  items.read(frame);
  while (items.next()) list.push({ name: toPlainName(items.name), value: toPlainValue(items.value) });
  return list;
}

/** All messages of a walk with all their arguments. */
export function walkMessages(walk: MessageReader): Message[] {
  const list: Message[] = [];
  while (walk.next()) {
    const name = toPlainName(walk.name);
    const count = walk.argumentCount;
    const args: Argument[] = [];
    while (walk.nextArgument()) args.push({ name: toPlainName(walk.argumentName), value: toPlainValue(walk.value) });
    if (args.length !== count) throw new Error(`expected ${count} arguments, as NB-ARGS says; found ${args.length}`);
    list.push({ name, args });
  }
  return list;
}

function toActions(frame: Frame): Action[] {
  const list: Action[] = [];
  actions.read(frame);
  while (actions.next()) {
    const { type, scope } = actions;
    const name = toPlainName(actions.name);
    if (type === ActionType.UnsetVar) list.push({ type: 'unset-var', scope, name });
    else list.push({ type: 'set-var', scope, name, value: toPlainValue(actions.value) });
  }
  return list;
}

/** The name as text, which it must equal, and no other. */
function toPlainName(name: Name): string {
  const text = name.toString();
  // U+FFFD may stand for bytes that are not UTF-8.
  const isExact = !text.includes('\ufffd');
  if (isExact && !name.equals(text)) throw new Error(`expected the name ${text} to equal itself`);
  if ((isExact && text !== '' && name.equals(text.slice(0, -1))) || name.equals(`${text}x`)) {
    throw new Error(`expected the name ${text} to differ from a shorter and a longer one`);
  }
  return text;
}

const BY_TYPE: Readonly<Record<DataType, (value: Value) => TypedData>> = {
  [DataType.Null]: () => ({ type: 'null' }),
  [DataType.Bool]: (value) => ({ type: 'bool', value: value.boolean }),
  [DataType.Int32]: (value) => ({ type: 'int32', value: value.toNumber() }),
  [DataType.Uint32]: (value) => ({ type: 'uint32', value: value.toNumber() }),
  [DataType.Int64]: (value) => ({ type: 'int64', value: value.toBigInt() }),
  [DataType.Uint64]: (value) => ({ type: 'uint64', value: value.toBigInt() }),
  [DataType.Ipv4]: (value) => ({ type: 'ipv4', value: value.toString() }),
  [DataType.Ipv6]: (value) => ({ type: 'ipv6', value: value.toString() }),
  [DataType.String]: (value) => ({ type: 'string', value: toText(value.toBytes()) }),
  [DataType.Binary]: (value) => ({ type: 'binary', value: Uint8Array.from(value.toBytes()) }),
};

/** The value of a view, which every way of reading must return. */
export function toPlainValue(value: Value): TypedData {
  checkValue(value);
  return BY_TYPE[value.type](value);
}

/** What the codec shows of a plain frame: wrong UTF-8 in names as U+FFFD, and typed data without meaningless flags. */
function asShown(frame: PlainFrame): PlainFrame {
  if ('messages' in frame) {
    return {
      ...frame,
      messages: frame.messages.map(({ name, args }) => ({ name: utf8(name), args: args.map(shown) })),
    };
  }
  if ('actions' in frame) {
    const named = frame.actions.map((each) => ({ ...each, name: utf8(each.name) }));
    return { ...frame, actions: named.map((each) => (each.type === 'set-var' ? { ...each, ...shown(each) } : each)) };
  }
  return 'items' in frame ? { ...frame, items: frame.items.map(shown) } : frame;
}

function shown({ name, value }: Argument): Argument {
  const { flags: _, ...plain } = value;
  return { name: utf8(name), value: plain };
}

/** The text with U+FFFD for each wrong byte, which the builder keeps as a lone surrogate. */
export function utf8(text: string): string {
  return Buffer.from(toBytes(text)).toString('utf8');
}
