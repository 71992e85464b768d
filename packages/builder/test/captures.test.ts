import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  parse,
  parseStream,
  reassemble,
  toBytes,
  toHex,
  writeFrame,
  fromHex,
  type Argument,
  type Message,
  type PlainFrame,
  type TypedData,
} from '../src/index.ts';
import { concat } from '../src/data/text.ts';
import { type CapturedMessage, type CapturedValue, readCaptures } from '@spop-internal/testbed/captures';

const captures = readCaptures();

function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** The bytes of a STRING or BINARY, in the form of the capture's JSON. */
function bytesLike(captured: CapturedValue, bytes: Uint8Array): Partial<CapturedValue> {
  if (captured.sha256 !== undefined) return { length: bytes.length, sha256: sha256(bytes) };
  return captured.hex === undefined ? { value: new TextDecoder().decode(bytes) } : { hex: toHex(bytes) };
}

function valueLike(captured: CapturedValue, value: TypedData): Partial<CapturedValue> {
  switch (value.type) {
    case 'null':
      return {};
    case 'string':
      return bytesLike(captured, toBytes(value.value));
    case 'binary':
      return bytesLike(captured, value.value);
    case 'bool':
      return { value: value.value };
    default:
      return { value: String(value.value) };
  }
}

function withoutHead(captured: CapturedValue): CapturedValue {
  const { name, type, value, hex, length, sha256: digest } = captured;
  return JSON.parse(JSON.stringify({ name, type, value, hex, length, sha256: digest })) as CapturedValue;
}

function expectArguments(args: readonly Argument[], captured: readonly CapturedValue[]): void {
  expect(
    args.map(({ name, value }, index) => ({
      name,
      type: value.type,
      ...valueLike(captured[index] ?? { name, type: '' }, value),
    })),
  ).toEqual(captured.map(withoutHead));
}

function expectMessages(messages: readonly Message[], captured: readonly CapturedMessage[]): void {
  expect(messages.map((message) => message.name)).toEqual(captured.map((message) => message.name));
  for (const [index, message] of messages.entries()) expectArguments(message.args, captured[index]?.args ?? []);
}

function typeName(frame: PlainFrame): string {
  return frame.type === 'NOTIFY-FRAGMENT' ? 'NOTIFY' : frame.type;
}

it('finds the captures', () => {
  expect(captures).toHaveLength(90);
});

describe.each(captures.map((capture) => [capture.label, capture] as const))('%s', (_, capture) => {
  const frames = parse(capture.bytes);

  it('parses to the frames that were sent', () => {
    const { offsets } = parseStream(capture.bytes);
    expect(
      frames.map((frame, index) => ({
        offset: offsets[index],
        typeName: typeName(frame),
        flags: frame.flags,
        streamId: Number(frame.streamId),
        frameId: Number(frame.frameId),
      })),
    ).toEqual(
      capture.frames.map(({ offset, typeName: name, flags, streamId, frameId }) => ({
        offset,
        typeName: name,
        flags,
        streamId,
        frameId,
      })),
    );
  });

  it('parses to the payloads that were sent', () => {
    for (const [index, frame] of frames.entries()) {
      const captured = capture.frames[index];
      if ('items' in frame) expectArguments(frame.items, captured?.kv ?? []);
      else if ('messages' in frame) expectMessages(frame.messages, captured?.messages ?? []);
      else if ('payload' in frame) {
        expect({ length: frame.payload.length, sha256: sha256(frame.payload) }).toEqual(captured?.payload);
      } else expect.unreachable(`HAProxy never sends ${frame.type}`);
    }
  });

  it('joins fragmented NOTIFYs', () => {
    const expected = (capture.reassembled ?? []).filter((joined) => joined.aborted !== true);
    const joined = reassemble(frames).filter((frame) => frame.type === 'NOTIFY' && !frames.includes(frame));
    expect(joined).toHaveLength(expected.length);
    for (const [index, frame] of joined.entries()) {
      if (frame.type === 'NOTIFY') expectMessages(frame.messages, expected[index]?.messages ?? []);
    }
  });

  it('is written again byte for byte', () => {
    expect(toHex(concat(frames.map(writeFrame)))).toBe(toHex(capture.bytes));
  });

  it('has answers of the agent that parse and are written again byte for byte', () => {
    for (const { hex } of capture.agent_sent) {
      expect(toHex(concat(parse(fromHex(hex)).map(writeFrame)))).toBe(hex);
    }
  });
});
