import { readCaptures } from '@spop-internal/testbed/captures';
import { type Argument, parseAck, parseStream } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, type Value, decodeMessages, encodeAck } from './codec.ts';

const MAX_FRAME_SIZE = 65_536;

/** The naive codec's value of an argument. */
function plain({ value }: Argument): Value {
  switch (value.type) {
    case 'null':
      return null;
    case 'string':
      // The builder has a lone surrogate for each wrong byte.
      return value.value.toWellFormed();
    case 'int32':
    case 'uint32':
      return BigInt(value.value);
    case 'binary':
      return Buffer.from(value.value);
    default:
      return 'value' in value ? value.value : null;
  }
}

describe('the naive codec, compared with the builder', () => {
  it.each(readCaptures())('decodes the capture $label', ({ bytes }) => {
    const decoder = new FrameDecoder(MAX_FRAME_SIZE);
    const third = Math.floor(bytes.length / 3);
    const decoded = [...decoder.push(bytes.subarray(0, third)), ...decoder.push(bytes.subarray(third))];
    const { frames } = parseStream(bytes, { maxFrameSize: MAX_FRAME_SIZE });
    expect(frames.length).toBeGreaterThan(0);
    expect(decoded.map(({ streamId, frameId }) => [streamId, frameId])).toEqual(
      frames.map(({ streamId, frameId }) => [streamId, frameId]),
    );
    for (const [index, frame] of frames.entries()) {
      if (frame.type !== 'NOTIFY') continue;
      expect(decodeMessages(decoded[index]!.payload)).toEqual(
        frame.messages.map(({ name, args }) => ({ name, args: new Map(args.map((each) => [each.name, plain(each)])) })),
      );
    }
  });

  it.each([0n, 239n, 240n, 2_287n, 2_288n, 2n ** 32n - 1n, 2n ** 63n, 2n ** 64n - 1n])('writes the id %s', (id) => {
    const text = 'é'.repeat(200);
    const bytes = encodeAck(id, 2n, [
      { scope: 'sess', name: 'ip_score', value: -1n },
      { scope: 'txn', name: 'v', value: text },
    ]);
    expect(parseAck(bytes)).toMatchObject({
      streamId: id,
      frameId: 2n,
      actions: [
        { type: 'set-var', scope: 'sess', name: 'ip_score', value: { type: 'int64', value: -1n } },
        { type: 'set-var', scope: 'txn', name: 'v', value: { type: 'string', value: text } },
      ],
    });
    const [frame] = new FrameDecoder(MAX_FRAME_SIZE).push(bytes);
    expect(frame).toMatchObject({ type: 103, streamId: id, frameId: 2n });
  });

  it.each([
    ['64 bits', Buffer.from('f0f1fefefefefefefe0e', 'hex')],
    ['ten bytes', Buffer.alloc(12, 0xff)],
  ])('refuses a varint of more than %s', (limit, varint) => {
    const payload = Buffer.concat([Buffer.from([1, 0x6d, 1, 1, 0x61, 5]), varint]);
    expect(() => decodeMessages(payload)).toThrow(limit);
  });
});
