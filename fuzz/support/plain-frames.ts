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
  FrameType,
  KvListReader,
  MessageReader,
  type Name,
  SpopError,
  type SpopErrorCode,
  type Value,
} from '@spop/codec';
import { checkHeader, checkValue } from './value-checks.ts';

/** What a reader makes of a stream of bytes: whole frames, and what is wrong with the one after them. */
export interface Outcome {
  readonly frames: readonly PlainFrame[];
  /** Bytes of the whole frames that were accepted. */
  readonly consumed: number;
  readonly error: { readonly code: SpopErrorCode; readonly status: number; readonly offset: number } | undefined;
}

/** How a codec is given the bytes of a stream. */
export interface Feeding {
  readonly maxFrameSize: number;
  /** Sizes of the chunks, in bytes; they start over at the end. Without sizes all bytes come at once. */
  readonly chunkSizes: readonly number[];
  /** Fills what lies around each chunk in its buffer, and the chunk itself once the reader may not look at it again. */
  readonly canary: number;
}

const CANARY_BYTES = 16;

/** What the builder's plain reader makes of the bytes. */
export function readPlainly(bytes: Uint8Array, maxFrameSize: number): Outcome {
  const { frames, consumed, error } = parseStream(bytes, { maxFrameSize, ackPadding: true });
  return { frames: frames.map(withoutFlags), consumed, error: error === undefined ? undefined : describeError(error) };
}

/** What the codec makes of the same bytes, as the same plain objects. */
export function readWithCodec(bytes: Uint8Array, feeding: Feeding): Outcome {
  const reader = new FrameReader({ maxFrameSize: feeding.maxFrameSize });
  const frames: PlainFrame[] = [];
  let consumed = 0;
  try {
    for (const { buffer, start, end } of chunksOf(bytes, feeding)) {
      reader.push(buffer, start, end);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        frames.push(toPlainFrame(frame));
        consumed += frame.end - frame.start;
      }
      // Everything was read or kept: what the caller does with its chunk from now on is its own business.
      buffer.fill(feeding.canary);
      checkReader(reader, feeding.maxFrameSize);
    }
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    return { frames, consumed, error: describeError(error) };
  }
  return { frames, consumed, error: undefined };
}

/** Fails unless the codec and the builder agree on every byte: what was accepted, what was refused, why and where. */
export function checkAgreement(bytes: Uint8Array, feeding: Feeding): Outcome {
  const expected = readPlainly(bytes, feeding.maxFrameSize);
  const found = readWithCodec(bytes, feeding);
  expectSame(found, expected);
  return found;
}

/** Calls deepStrictEqual only for unequal values, since it is slow even for equal ones. */
export function expectSame(found: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(found, expected)) deepStrictEqual(found, expected);
}

function checkReader(reader: FrameReader, maxFrameSize: number): void {
  // The carry is the next power of two above what it has to hold.
  const mostHeld = Math.max(1_024, 2 * (maxFrameSize + 4));
  if (reader.heldBytes > mostHeld)
    throw new Error(`expected at most ${mostHeld} held bytes; found ${reader.heldBytes}`);
  if (reader.pendingBytes > maxFrameSize + 3)
    throw new Error(`a whole frame of ${reader.pendingBytes} bytes is kept back`);
}

function* chunksOf(bytes: Uint8Array, feeding: Feeding): Generator<{ buffer: Buffer; start: number; end: number }> {
  const sizes = feeding.chunkSizes.length === 0 ? [bytes.length] : feeding.chunkSizes;
  for (let position = 0, index = 0; position < bytes.length; index++) {
    const size = Math.min(Math.max(sizes[index % sizes.length]!, 1), bytes.length - position);
    const buffer = Buffer.alloc(size + 2 * CANARY_BYTES, feeding.canary);
    buffer.set(bytes.subarray(position, position + size), CANARY_BYTES);
    yield { buffer, start: CANARY_BYTES, end: CANARY_BYTES + size };
    position += size;
  }
}

function describeError({ code, status, offset }: SpopError): NonNullable<Outcome['error']> {
  if (status === undefined) throw new Error(`expected a status for the peer; found none with ${code}`);
  if (offset < 0) throw new Error(`expected the offset of a wrong byte; found none with ${code}`);
  return { code, status, offset };
}

/** The frame and everything in it. */
export function toPlainFrame(frame: Frame): PlainFrame {
  checkHeader(frame);
  const header = { flags: frame.flags >>> 0, streamId: frame.toStreamId(), frameId: frame.toFrameId() };
  const payload = (): Uint8Array => Uint8Array.from(frame.bytes.subarray(frame.payloadStart, frame.end));
  switch (frame.type) {
    case FrameType.HaproxyHello:
      return { type: 'HAPROXY-HELLO', ...header, items: toItems(frame) };
    case FrameType.HaproxyDisconnect:
      return { type: 'HAPROXY-DISCONNECT', ...header, items: toItems(frame) };
    case FrameType.AgentHello:
      return { type: 'AGENT-HELLO', ...header, items: toItems(frame) };
    case FrameType.AgentDisconnect:
      return { type: 'AGENT-DISCONNECT', ...header, items: toItems(frame) };
    case FrameType.Ack:
      return { type: 'ACK', ...header, actions: toActions(frame) };
    case FrameType.Notify:
      return frame.fin
        ? { type: 'NOTIFY', ...header, messages: toMessages(frame) }
        : { type: 'NOTIFY-FRAGMENT', ...header, payload: payload() };
    case FrameType.Unset:
      return { type: 'UNSET', ...header, payload: payload() };
    default:
      return { type: 'UNKNOWN', typeByte: frame.type, ...header, payload: payload() };
  }
}

const items = new KvListReader();
const messages = new MessageReader();
const actions = new ActionReader();

function toItems(frame: Frame): Argument[] {
  const list: Argument[] = [];
  items.read(frame);
  while (items.next()) list.push({ name: toPlainName(items.name), value: toPlainValue(items.value) });
  return list;
}

function toMessages(frame: Frame): Message[] {
  messages.read(frame);
  return walkMessages(messages);
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

/** The codec reads names as UTF-8 with U+FFFD for wrong bytes; the builder keeps wrong bytes apart. */
function toPlainName(name: Name): string {
  const text = name.toString();
  if (!text.includes('\ufffd') && !name.equals(text)) throw new Error(`expected the name ${text} to equal itself`);
  if (text !== '' && !text.includes('\ufffd') && name.equals(text.slice(0, -1))) {
    throw new Error(`expected the name ${text} to differ from a shorter one`);
  }
  if (name.equals(`${text}x`)) throw new Error(`expected the name ${text} to differ from a longer one`);
  return text;
}

function lossyName(name: string): string {
  return Buffer.from(toBytes(name)).toString('utf8');
}

/** The value of a view, which every way of reading must return. */
export function toPlainValue(value: Value): TypedData {
  checkValue(value);
  switch (value.type) {
    case DataType.Null:
      return { type: 'null' };
    case DataType.Bool:
      return { type: 'bool', value: value.boolean };
    case DataType.Int32:
      return { type: 'int32', value: value.toNumber() };
    case DataType.Uint32:
      return { type: 'uint32', value: value.toNumber() };
    case DataType.Int64:
      return { type: 'int64', value: value.toBigInt() };
    case DataType.Uint64:
      return { type: 'uint64', value: value.toBigInt() };
    case DataType.Ipv4:
      return { type: 'ipv4', value: value.toString() };
    case DataType.Ipv6:
      return { type: 'ipv6', value: value.toString() };
    case DataType.String:
      return { type: 'string', value: toText(value.toBytes()) };
    case DataType.Binary:
      return { type: 'binary', value: Uint8Array.from(value.toBytes()) };
  }
}

/** The builder's frame without what the codec does not show: typed data's meaningless flags, and wrong UTF-8 in names. */
function withoutFlags(frame: PlainFrame): PlainFrame {
  switch (frame.type) {
    case 'NOTIFY':
      return {
        ...frame,
        messages: frame.messages.map(({ name, args }) => ({ name: lossyName(name), args: args.map(plainArgument) })),
      };
    case 'ACK':
      return { ...frame, actions: frame.actions.map(plainAction) };
    case 'NOTIFY-FRAGMENT':
    case 'UNSET':
    case 'UNKNOWN':
      return frame;
    default:
      return { ...frame, items: frame.items.map(plainArgument) };
  }
}

function plainAction(action: Action): Action {
  const name = lossyName(action.name);
  return action.type === 'set-var' ? { ...action, name, value: plainValue(action.value) } : { ...action, name };
}

function plainArgument({ name, value }: Argument): Argument {
  return { name: lossyName(name), value: plainValue(value) };
}

function plainValue(value: TypedData): TypedData {
  if (value.flags === undefined) return value;
  const { flags: _, ...plain } = value;
  return plain;
}
