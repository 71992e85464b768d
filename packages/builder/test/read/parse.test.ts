import { describe, expect, it } from 'vitest';
import {
  ack,
  agentHello,
  type BytesInput,
  fromHex,
  notify,
  parse,
  parseAck,
  parseFrame,
  parseStream,
  reassemble,
  unset,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { bytesOf } from '../../src/read/parse.ts';
import { thrown } from '../thrown.ts';

function bytes(...frames: readonly BytesInput[]): Uint8Array {
  return concat(frames.map(bytesOf));
}

const frames = bytes(ack(), notify().message('m'));

describe('an error of parse', () => {
  it.each([
    [
      'in the third frame',
      bytes(frames, ack().raw('09')),
      'SPOP_BAD_ACTION',
      11,
      'expected action type 1 (set-var) or 2 (unset-var); found 9, in frame 3 (which begins at byte 25 of the input)',
    ],
    [
      'for one byte that is missing',
      bytes(frames, ack().toBytes().slice(0, -1)),
      'SPOP_TRUNCATED',
      0,
      'expected whole frames; found frame 3 without its last 1 bytes (it begins at byte 25 of the input)',
    ],
    [
      'for a length that is not whole',
      fromHex('00 00 00'),
      'SPOP_TRUNCATED',
      0,
      'expected whole frames; found frame 1 without its last 1 bytes (it begins at byte 0 of the input)',
    ],
    [
      'for the rest of a frame',
      fromHex('00000009 67'),
      'SPOP_TRUNCATED',
      0,
      'expected whole frames; found frame 1 without its last 8 bytes (it begins at byte 0 of the input)',
    ],
  ])('%s says where it is', (_, input, code, offset, reason) => {
    expect(thrown(() => parse(input))).toMatchObject({ code, offset, reason });
  });

  it('has the error of its frame as the cause', () => {
    const { cause } = thrown(() => parse(bytes(frames, ack().raw('09'))));
    expect(cause).toMatchObject({
      code: 'SPOP_BAD_ACTION',
      reason: 'expected action type 1 (set-var) or 2 (unset-var); found 9',
    });
  });

  it('has one byte, or several, for what is missing in a frame', () => {
    const reasonOf = (hex: string): string => thrown(() => parse(fromHex(hex))).reason;
    expect(reasonOf('0000000c 67 00000001 01 01 01 03 00 02 61')).toMatch(
      /^expected 2 bytes for the variable name; found 1 left in the frame,/,
    );
    expect(reasonOf('0000000a 67 00000001 01 01 01 03 00')).toMatch(/^expected the rest of the varint of the length/);
    expect(reasonOf('00000009 67 00000001 01 01 01 03')).toMatch(
      /^expected 1 byte for the variable scope; found 0 left in the frame,/,
    );
  });
});

describe('parseStream', () => {
  it('has the place of each frame, and of what follows', () => {
    expect(parseStream(bytes(frames, Uint8Array.of(0, 0)))).toEqual({
      frames: parse(frames),
      offsets: [0, 11],
      consumed: 25,
      error: undefined,
    });
  });
});

describe('parseFrame', () => {
  it.each([
    ['no frame', new Uint8Array(0), 0],
    ['two', frames, 2],
  ])('refuses %s', (_, input, count) => {
    expect(thrown(() => parseFrame(input))).toMatchObject({
      code: 'SPOP_MISUSE',
      reason: `expected bytes of one frame; found ${count} frames: use parse() instead`,
    });
  });
});

describe('parseAck', () => {
  it('reads the payload 00 unless it is told not to', () => {
    expect(parseAck(ack().raw('00')).actions).toEqual([]);
    expect(thrown(() => parseAck(ack().raw('00'), { ackPadding: false }))).toMatchObject({ code: 'SPOP_BAD_ACTION' });
  });

  it('refuses any other frame', () => {
    expect(thrown(() => parseAck(agentHello()))).toMatchObject({
      code: 'SPOP_UNEXPECTED_FRAME',
      offset: 4,
      reason: 'expected an ACK; found a frame of type AGENT-HELLO',
    });
  });
});

describe('reassemble', () => {
  it('joins a payload of any length', () => {
    const whole = notify({ streamId: 3 }).message('m', { a: new Uint8Array(20_000) });
    const payload = whole.toPayload();
    const parts = [
      ...parse(bytes(notify({ streamId: 3, flags: 0 }).raw(payload.slice(0, 10_000)))),
      ...parse(bytes(unset({ streamId: 3 }, payload.slice(10_000)))),
    ];
    expect(reassemble(parts)).toEqual([whole.toFrame()]);
  });
});
