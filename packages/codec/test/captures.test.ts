import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  ActionReader,
  type AnyValueType,
  address,
  argumentState,
  binary,
  bool,
  DataType,
  defineMessage,
  type Frame,
  FrameReader,
  FrameType,
  int64,
  KvListReader,
  MessageReader,
  MessageSet,
  Notify,
  optional,
  string,
  toAgentHello,
  toDisconnect,
  toHaproxyHello,
  type Value,
} from '../src/index.ts';
import { frameBytes, hex, onlyFrame } from './bytes.ts';
import {
  type Capture,
  type CapturedFrame,
  type CapturedMessage,
  type CapturedValue,
  readCaptures,
} from '@spop-internal/testbed/captures';

const captures = readCaptures();
const typeNames = Object.fromEntries(Object.entries(DataType).map(([name, type]) => [type, name.toLowerCase()]));

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes of a STRING or BINARY in the form of the capture's JSON. */
function describeBytes(value: Value, captured: CapturedValue | undefined): Partial<CapturedValue> {
  const bytes = value.toBytes();
  if (captured?.sha256 !== undefined) {
    return { length: bytes.length, sha256: sha256(bytes), head_hex: bytes.toString('hex', 0, 16) };
  }
  return captured?.hex === undefined ? { value: value.toString() } : { hex: bytes.toString('hex') };
}

function describeValue(name: string, value: Value, captured: CapturedValue | undefined): CapturedValue {
  const head = { name, type: typeNames[value.type] ?? '' };
  switch (value.type) {
    case DataType.Null:
      return head;
    case DataType.Bool:
      return { ...head, value: value.boolean };
    case DataType.String:
    case DataType.Binary:
      return { ...head, ...describeBytes(value, captured) };
    default:
      return { ...head, value: value.toString() };
  }
}

function describeItems(frame: Frame, captured: readonly CapturedValue[]): readonly CapturedValue[] {
  const list = new KvListReader();
  list.read(frame);
  const items: CapturedValue[] = [];
  while (list.next()) items.push(describeValue(list.name.toString(), list.value, captured[items.length]));
  return items;
}

function describeMessages(messages: MessageReader, captured: readonly CapturedMessage[]): readonly CapturedMessage[] {
  const found: CapturedMessage[] = [];
  while (messages.next()) {
    const expected = captured[found.length]?.args ?? [];
    const args: CapturedValue[] = [];
    while (messages.nextArgument()) {
      args.push(describeValue(messages.argumentName.toString(), messages.value, expected[args.length]));
    }
    expect(messages.argumentCount).toBe(args.length);
    found.push({ name: messages.name.toString(), args });
  }
  return found;
}

/** The frame in the form of the capture's JSON, read as the type that the JSON names. */
function describeFrame(frame: Frame, offset: number, captured: CapturedFrame | undefined): object {
  const head = {
    offset,
    length: frame.end - frame.start - 4,
    type: frame.type,
    flags: frame.flags,
    fin: frame.fin,
    abort: frame.abort,
    streamId: frame.streamId,
    frameId: frame.frameId,
  };
  if (captured?.kv !== undefined) return { ...head, kv: describeItems(frame, captured.kv) };
  if (captured?.messages !== undefined) {
    const messages = new MessageReader();
    messages.read(frame);
    return { ...head, messages: describeMessages(messages, captured.messages) };
  }
  const payload = frame.bytes.subarray(frame.payloadStart, frame.end);
  return { ...head, payload: { length: payload.length, sha256: sha256(payload) } };
}

function decode(capture: Capture, sizes: Iterable<number>): object[] {
  const reader = new FrameReader();
  const frames: object[] = [];
  let [from, offset] = [0, 0];
  for (const size of sizes) {
    const chunk = Buffer.from(capture.bytes.subarray(from, from + size));
    from += size;
    reader.push(chunk);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      frames.push(describeFrame(frame, offset, capture.frames[frames.length]));
      offset += frame.end - frame.start;
    }
    // A view that shows bytes of an earlier read too late shows these.
    chunk.fill(0xdd);
  }
  expect([from, offset, reader.pendingBytes]).toEqual([capture.bytes.length, capture.bytes.length, 0]);
  return frames;
}

function expectedFrames(capture: Capture): object[] {
  return capture.frames.map(
    ({ offset, length, type, flags, fin, abort, streamId, frameId, kv, messages, payload }) => ({
      offset,
      length,
      type,
      flags,
      fin,
      abort,
      streamId,
      frameId,
      ...(kv === undefined ? {} : { kv }),
      ...(messages === undefined ? {} : { messages }),
      ...(payload === undefined ? {} : { payload }),
    }),
  );
}

it('finds the captures', () => {
  expect(captures).toHaveLength(90);
  expect(captures.reduce((sum, { frames }) => sum + frames.length, 0)).toBe(804);
});

describe.each(captures.map((capture) => [capture.label, capture] as const))(
  '%s decodes to the frames that were sent',
  (_, capture) => {
    const expected = expectedFrames(capture);

    it('whole', () => {
      expect(decode(capture, [capture.bytes.length])).toEqual(expected);
    });

    it('byte by byte', () => {
      expect(
        decode(
          capture,
          Array.from(capture.bytes, () => 1),
        ),
      ).toEqual(expected);
    });

    it('in the pieces of the recording', () => {
      expect(decode(capture, capture.read_sizes)).toEqual(expected);
    });

    it('by declared messages, each argument as its type', () => {
      for (const frame of framesOf(capture.bytes)) {
        const messages = capture.frames.find(({ offset }) => offset === frame.start)?.messages;
        if (messages !== undefined) expectDeclared(frame, messages);
      }
    });

    it('in HELLO and DISCONNECT as objects', () => {
      for (const frame of framesOf(capture.bytes)) {
        const items = new Map(
          capture.frames.find(({ offset }) => offset === frame.start)?.kv?.map((item) => [item.name, item.value]),
        );
        if (frame.type === FrameType.HaproxyHello) {
          const capabilities = String(items.get('capabilities'));
          expect(toHaproxyHello(frame)).toEqual({
            supportedVersions: items.get('supported-versions'),
            maxFrameSize: Number(items.get('max-frame-size')),
            capabilities: capabilities === '' ? [] : capabilities.split(','),
            healthcheck: items.get('healthcheck') === true,
            engineId: items.get('engine-id'),
          });
        } else if (frame.type === FrameType.HaproxyDisconnect) {
          expect(toDisconnect(frame)).toEqual({
            statusCode: Number(items.get('status-code')),
            message: items.get('message'),
          });
        }
      }
    });

    it('in the answers of the agent, too', () => {
      const bytes = Buffer.concat(capture.agent_sent.map((sent) => hex(sent.hex)));
      for (const frame of framesOf(bytes)) {
        if (frame.type === FrameType.AgentHello) expect(toAgentHello(frame).version).toMatch(/^[12]\.0$/);
        else if (frame.type === FrameType.Ack) expectActions(frame);
        else expect(toDisconnect(frame).statusCode).toBeLessThan(100);
      }
    });
  },
);

const fragmented = captures.flatMap((capture) =>
  (capture.reassembled ?? []).map(
    (joined) => [`${capture.label}, frames ${joined.frames.join(' to ')}`, capture, joined] as const,
  ),
);

describe.each(fragmented)('fragments of %s', (_, capture, joined) => {
  const [first, last] = joined.frames;
  const frames = framesOf(capture.bytes).slice(first, last + 1);
  const payload = Buffer.concat(frames.map((frame) => frame.bytes.subarray(frame.payloadStart, frame.end)));

  it('have the ids of the first, and FIN on the last alone', () => {
    for (const frame of frames) {
      expect(frame.hasIdsOf(frames[0]!)).toBe(true);
      expect([frame.type, frame.fin]).toEqual([
        frame === frames[0] ? FrameType.Notify : FrameType.Unset,
        frame === frames.at(-1),
      ]);
    }
    expect([frames[0]?.streamId, frames[0]?.frameId]).toEqual([joined.streamId, joined.frameId]);
    expect(frames.at(-1)?.abort).toBe(joined.aborted ?? false);
  });

  it('join to the payload that was sent', () => {
    if (joined.aborted === true) {
      expect(payload).toHaveLength(joined.payload_bytes_before_abort!);
      return;
    }
    expect([payload.length, sha256(payload)]).toEqual([joined.payload_length, joined.payload_sha256]);
    const messages = new MessageReader();
    messages.read(onlyFrame(frameBytes(FrameType.Notify, payload)));
    expect(describeMessages(messages, joined.messages!)).toEqual(joined.messages);
  });
});

/** All frames of the bytes, each a separate object on a copy of all bytes. */
function framesOf(bytes: Buffer): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  while (at < bytes.length) {
    const reader = new FrameReader();
    reader.push(Buffer.from(bytes), at);
    const frame = reader.next();
    if (frame === undefined) throw new Error(`expected a whole frame at byte ${at}`);
    frames.push(frame);
    at = frame.end;
  }
  return frames;
}

function expectActions(ack: Frame): void {
  const actions = new ActionReader();
  actions.read(ack);
  while (actions.next()) {
    expect(actions.name.toString()).toMatch(/^[a-z0-9_.]+$/);
    if (actions.type === 1) expect(() => actions.value.toString()).not.toThrow();
  }
}

const declarable: Readonly<Record<string, AnyValueType>> = {
  bool,
  int64,
  ipv4: address,
  ipv6: address,
  string,
  binary,
  null: string,
};

/** Longer names cannot be declared, but can be walked. */
const LONGEST_NAME = 239;

/** Declares every argument of the messages with its type, and reads the frame with these declarations. */
function expectDeclared(frame: Frame, captured: readonly CapturedMessage[]): void {
  const messages = captured.map(({ name, args }) => ({
    name,
    args: args.filter((argument) => argument.name.length <= LONGEST_NAME),
  }));
  const byName = new Map(messages.toReversed().map((message) => [message.name, message]));
  const definitions = [...byName.values()].map(({ name, args }) =>
    defineMessage(
      name,
      Object.fromEntries(
        args.toReversed().map((argument) => [argument.name, optional(declarable[argument.type] ?? string)]),
      ),
    ),
  );
  const notify = new Notify(new MessageSet(definitions));
  notify.read(frame);
  expect(notify.messageCount).toBe(messages.length);
  for (const [index, { name, args }] of messages.entries()) {
    const view: Readonly<Record<string, unknown>> = notify.messageAt(index);
    expect(definitions[notify.definitionIndexAt(index)]?.name).toBe(name);
    for (const argument of new Map(args.toReversed().map((each) => [each.name, each])).values()) {
      const value = view[argument.name];
      const isNull = argument.type === 'null';
      expect(argumentState(notify.messageAt(index), argument.name)).toBe(isNull ? 'null' : 'present');
      if (argument.type === 'bool') expect(value).toBe(argument.value);
      else if (isNull) expect(value).toBeUndefined();
      else expect(describeValue(argument.name, value as Value, argument)).toEqual(argument);
    }
  }
}
