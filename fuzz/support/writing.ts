/** Compares what the codec writes with the plain writer of the builder, which shares no code with it. */
import {
  ack,
  type AckFrame,
  type Action,
  agentDisconnect,
  agentHello,
  haproxyHello,
  notify,
  type NotifyFrame,
  type PlainFrame,
  toBytes,
  type TypedData,
  writeFrame,
} from '@spop/builder';
import {
  AckWriter,
  type AgentHello,
  type AnyValueType,
  binary,
  bool,
  defineVariable,
  type Disconnect,
  Frame,
  FrameType,
  FrameWriter,
  type HaproxyHello,
  int32,
  int64,
  ipv4,
  ipv6,
  NotifyWriter,
  string,
  uint32,
  uint64,
  type ValueType,
  writeAgentHello,
  writeDisconnect,
  writeHaproxyHello,
} from '@spop/codec';
import { expectSame } from './plain-frames.ts';
import { codeOf } from './value-checks.ts';

const written = [bool, int32, uint32, int64, uint64, ipv4, ipv6, string, binary];
/** The type of each kind of typed data. */
export const wireTypes: Readonly<Record<string, AnyValueType>> = Object.fromEntries(
  written.map((type) => [type.kind, type]),
);

/** A type as one that takes any value, for values that may be wrong. */
export function open(type: AnyValueType | undefined): ValueType<unknown, unknown> {
  return type as unknown as ValueType<unknown, unknown>;
}

const CANARY = 0x5a;
const BEFORE = 7;
/** Room after the limit, in which a writer may not write. */
const AFTER = 40;

/** A frame with these ids, which an ACK takes over. */
export function frameWithIds(ids: { readonly streamId: bigint; readonly frameId: bigint }): Frame {
  const bytes = Buffer.from(notify(ids).toBytes());
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  return frame;
}

/** Memory that shows which bytes were written: from `start` on there is room for so many. */
class Memory {
  readonly start: number;
  readonly limit: number;
  readonly buffer: Buffer;

  constructor(room: number, start: number = BEFORE) {
    this.start = start;
    this.limit = start + room;
    this.buffer = Buffer.alloc(this.limit + AFTER, CANARY);
  }

  /** Fails unless all bytes outside of the room are as they were. */
  checkOutside(): void {
    const outside = Buffer.concat([this.buffer.subarray(0, this.start), this.buffer.subarray(this.limit)]);
    expectSame(outside, Buffer.alloc(this.start + AFTER, CANARY));
  }

  /** The bytes of a frame that ends at `end`. */
  written(end: number): Buffer {
    return this.buffer.subarray(this.start, end);
  }
}

/** The value as it is given to a writer: text that is not UTF-8 as bytes. */
function given(value: TypedData): unknown {
  if (value.type === 'null') return undefined;
  return value.type === 'string' && !value.value.isWellFormed() ? toBytes(value.value) : value.value;
}

function writeAction(writer: AckWriter, action: Action): void {
  const value = action.type === 'set-var' ? action.value : undefined;
  const variable = defineVariable(action.scope, action.name, open(wireTypes[value?.type ?? ''] ?? bool));
  if (value === undefined) writer.unset(variable);
  else if (value.type === 'null') writer.setNull(variable);
  else writer.set(variable, given(value));
}

/** An ACK without actions carries one byte 00 instead of an empty payload. */
function plainAck(frame: AckFrame): Uint8Array {
  return frame.actions.length > 0 ? writeFrame(frame) : ack(frame).raw('00').toBytes();
}

/** Fails unless an ACK holds every action that fits into the room, and no other, after it was taken back once, and after a move. */
function checkAckWithin(room: number, frame: AckFrame): void {
  const [first, second] = [new Memory(room), new Memory(room, 0)];
  const writer = new AckWriter();
  const sizeOf = (actions: readonly Action[]): number => writeFrame({ ...frame, actions }).length;
  const header = sizeOf([]);
  const begun = codeOf(() => writer.beginAck(first.buffer, BEFORE, first.limit, frameWithIds(frame)));
  expectSame(begun, header + 1 > room ? 'SPOP_FRAME_FULL' : undefined);
  first.checkOutside();
  if (begun !== undefined) return;
  for (const action of frame.actions) codeOf(() => writeAction(writer, action));
  writer.reset();
  const taken: Action[] = [];
  let left = room - header;
  for (const action of frame.actions) {
    const size = sizeOf([action]) - header;
    const code = codeOf(() => writeAction(writer, action));
    expectSame(code, size > left ? 'SPOP_FRAME_FULL' : undefined);
    if (code === undefined) {
      taken.push(action);
      left -= size;
    }
    expectSame(writer.remainingBytes, left);
  }
  first.checkOutside();
  writer.moveTo(second.buffer, second.limit);
  first.buffer.fill(0xff);
  expectSame(second.written(writer.end()), Buffer.from(plainAck({ ...frame, actions: taken })));
  second.checkOutside();
}

/** Fails unless a NOTIFY is written if it fits into the room, and no byte outside of the room changes. */
function checkNotifyWithin(room: number, frame: NotifyFrame): void {
  const memory = new Memory(room);
  const writer = new NotifyWriter();
  const expected = Buffer.from(writeFrame(frame));
  const code = codeOf(() => {
    writer.beginNotify(memory.buffer, BEFORE, memory.limit, frame.streamId, frame.frameId);
    for (const { name, args } of frame.messages) {
      writer.message(name);
      for (const { name: argument, value } of args) {
        if (value.type === 'null') writer.nullArgument(argument);
        else writer.argument(argument, open(wireTypes[value.type]), given(value));
      }
    }
  });
  expectSame(code, expected.length > room ? 'SPOP_FRAME_FULL' : undefined);
  if (code === undefined) expectSame(memory.written(writer.end()), expected);
  memory.checkOutside();
}

/** Fails unless the codec writes the NOTIFY or ACK as the plain writer does, in no byte more than it takes. */
export function checkWriting(frame: PlainFrame): void {
  const size = writeFrame(frame).length;
  if (frame.type === 'NOTIFY') {
    for (const room of [size, size - 1]) checkNotifyWithin(room, { ...frame, flags: 1 });
  } else if (frame.type === 'ACK' && frame.actions.every(({ name }) => /^[\w.]{1,40}$/.test(name))) {
    for (const room of [size + 1, size, size - 1, size >> 1]) checkAckWithin(room, { ...frame, flags: 1 });
  }
}

/** Fails unless `write` writes the same as the plain writer in just as much room. @param write Returns the end of the frame. */
function checkControlFrame(
  plain: { toBytes(): Uint8Array },
  write: (writer: FrameWriter, buffer: Buffer, start: number, limit: number) => number,
): void {
  const expected = Buffer.from(plain.toBytes());
  const memory = new Memory(expected.length);
  expectSame(memory.written(write(new FrameWriter(), memory.buffer, BEFORE, memory.limit)), expected);
  memory.checkOutside();
}

/** Fails unless a HAPROXY-HELLO is written as the plain writer does it. */
export function checkHaproxyHello(hello: HaproxyHello): void {
  const plain = { ...hello, capabilities: hello.capabilities.join(','), healthcheck: hello.healthcheck || null };
  checkControlFrame(haproxyHello(plain), (...where) => writeHaproxyHello(...where, hello));
}

/** Fails unless an AGENT-HELLO is written as the plain writer does it. */
export function checkAgentHello(hello: AgentHello): void {
  const plain = { ...hello, capabilities: hello.capabilities.join(',') };
  checkControlFrame(agentHello(plain), (...where) => writeAgentHello(...where, hello));
}

/** Fails unless an AGENT-DISCONNECT is written as the plain writer does it. Status codes above 99 are only read. */
export function checkDisconnect(disconnect: Disconnect): void {
  const { statusCode } = disconnect;
  if (statusCode < 0 || statusCode > 99) return;
  checkControlFrame(agentDisconnect(disconnect), (...where) =>
    writeDisconnect(...where, FrameType.AgentDisconnect, disconnect),
  );
}
