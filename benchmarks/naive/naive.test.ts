import { type CapturedValue, readCaptures } from '@spop-internal/testbed/captures';
import { describe, expect, it } from 'vitest';
import { FrameDecoder, type Value, decodeMessages, decodeVarint, encodeAck, encodeVarint } from './codec.ts';

const captures = readCaptures();

describe('the naive codec on captures of HAProxy', () => {
  it.each(captures)('decodes $label as captured', ({ bytes, frames }) => {
    const decoder = new FrameDecoder(65_536);
    const cuts = [0, Math.floor(bytes.length / 3), bytes.length - 1, bytes.length];
    const decoded = cuts.slice(1).flatMap((end, index) => decoder.push(bytes.subarray(cuts[index], end)));
    expect(decoded.map(({ type, fin, streamId, frameId }) => ({ type, fin, streamId, frameId }))).toEqual(
      frames.map(({ type, fin, streamId, frameId }) => ({
        type,
        fin,
        streamId: BigInt(streamId),
        frameId: BigInt(frameId),
      })),
    );
    for (const [index, frame] of frames.entries()) {
      if (frame.messages === undefined) continue;
      const messages = decodeMessages(decoded[index]!.payload);
      expect(messages.map(({ name }) => name)).toEqual(frame.messages.map(({ name }) => name));
      for (const [position, { args }] of frame.messages.entries()) expectArguments(messages[position]!.args, args);
    }
  });

  it('finds captures to decode', () => {
    expect(captures.length).toBeGreaterThan(50);
  });
});

/** Of a repeated name the last value counts. */
function expectArguments(found: Map<string, Value>, captured: readonly CapturedValue[]): void {
  const last = new Map(captured.map((value) => [value.name, value]));
  expect([...found.keys()]).toEqual([...last.keys()]);
  for (const [name, { type, value, hex, length }] of last) {
    const actual = found.get(name);
    if (type === 'null') expect(actual).toBe(null);
    else if (type === 'binary' && hex !== undefined) expect((actual as Buffer).toString('hex')).toBe(hex);
    else if (length !== undefined) expect((actual as string | Buffer).length).toBe(length);
    else if (typeof actual === 'bigint') expect(actual.toString()).toBe(value);
    else if (hex === undefined) expect(actual).toBe(value);
  }
}

describe('the naive varint', () => {
  it.each([
    [0n, '00'],
    [239n, 'ef'],
    [240n, 'f000'],
    [2_287n, 'ff7f'],
    [2_288n, 'f08000'],
    [2n ** 32n - 1n, 'fff0fefe7e'],
    [2n ** 64n - 1n, 'fff0fefefefefefefe0e'],
    [2n ** 63n, 'f0f1fefefefefefefe06'],
  ])('reads and writes %s as %s', (value, hex) => {
    expect(encodeVarint(value).toString('hex')).toBe(hex);
    expect(decodeVarint(Buffer.from(hex, 'hex'), 0)).toEqual([value, hex.length / 2]);
  });

  it('refuses 2^64 and more than ten bytes', () => {
    expect(() => decodeVarint(Buffer.from('f0f1fefefefefefefe0e', 'hex'), 0)).toThrow('64 bits');
    expect(() => decodeVarint(Buffer.alloc(12, 0xff), 0)).toThrow('ten bytes');
  });
});

it('writes an ACK with an integer and a text', () => {
  const bytes = encodeAck(1n, 2n, [
    { scope: 'sess', name: 'ip_score', value: -1n },
    { scope: 'txn', name: 'v', value: 'é' },
  ]);
  const actions = '010301' + '0869705f73636f7265' + '04fff0fefefefefefefe0e' + '010302' + '0176' + '0802c3a9';
  const body = `67000000010102${actions}`;
  expect(bytes.toString('hex')).toBe((body.length / 2).toString(16).padStart(8, '0') + body);
});
