import { FrameType, type SpopErrorCode } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import {
  ack,
  agentHello,
  data,
  fragment,
  frame,
  fromHex,
  notify,
  parse,
  parseAck,
  parseFrame,
  parseStream,
  reassemble,
  toHex,
  unset,
  varintBytes,
  writeTypedData,
} from '../../src/index.ts';
import { thrown } from '../thrown.ts';

describe('varintBytes', () => {
  it.each([
    [0n, '00'],
    [1n, '01'],
    [239n, 'ef'],
    [240n, 'f000'],
    [255n, 'ff00'],
    [256n, 'f001'],
    [2287n, 'ff7f'],
    [2288n, 'f08000'],
    [264_431n, 'ffff7f'],
    [264_432n, 'f0808000'],
    [2n ** 32n - 1n, 'fff0fefe7e'],
    [2n ** 63n, 'f0f1fefefefefefefe06'],
    [2n ** 64n - 1n, 'fff0fefefefefefefe0e'],
  ])('writes %s as %s', (value, hex) => {
    expect(toHex(varintBytes(value))).toBe(hex);
  });

  it.each([-1n, 2n ** 64n])('refuses %s', (value) => {
    expect(() => varintBytes(value)).toThrow(/SPOP_INVALID_VALUE: expected 0 to 2\^64-1/);
  });
});

describe('typed data', () => {
  it.each([
    [data.nil, '00'],
    [data.bool(false), '01'],
    [data.bool(true), '11'],
    [data.int32(-5), '02fbf0fefefefefefefe0e'],
    [data.int32(2 ** 31 - 1), '02fff0fefe3e'],
    [data.uint32(2 ** 32 - 1), '03fff0fefe7e'],
    [data.int64(-(2n ** 63n)), '04f0f1fefefefefefefe06'],
    [data.uint64(2n ** 64n - 1n), '05fff0fefefefefefefe0e'],
    [data.ipv4('192.0.2.1'), '06c0000201'],
    [data.ipv6('2001:db8::1'), '0720010db8000000000000000000000001'],
    [data.string(''), '0800'],
    [data.string('hé'), '080368c3a9'],
    [data.string(Uint8Array.of(0xe9)), '0801e9'],
    [data.binary(Uint8Array.of(0, 255)), '090200ff'],
    [data.withFlags(data.string('x'), 1), '180178'],
    [data.withFlags(data.bool(true), 2), '31'],
    [data.withFlags(data.bool(false), 14), 'e1'],
    [data.withFlags(data.nil, 15), 'f0'],
  ])('%o is written as %s and read back', (typed, hex) => {
    expect(toHex(writeTypedData(typed))).toBe(hex);
    const read = parseFrame(notify().message('m', { a: data.raw(hex) }));
    expect(read).toMatchObject({ messages: [{ args: [{ value: typed }] }] });
  });
});

/** An ACK, NOTIFY or HELLO around a payload, with ids of one byte each: the payload begins at offset 11. */
const around = {
  notify: (payload: string) => frame(FrameType.Notify, {}, payload).toBytes(),
  ack: (payload: string) => frame(FrameType.Ack, {}, payload).toBytes(),
  hello: (payload: string) => frame(FrameType.HaproxyHello, {}, payload).toBytes(),
};

const refused: readonly [label: string, bytes: Uint8Array, code: SpopErrorCode, offset: number][] = [
  ['length 0', fromHex('00000000'), 'SPOP_FRAME_TOO_SMALL', 0],
  ['length 6', fromHex('00000006 030000000101'), 'SPOP_FRAME_TOO_SMALL', 0],
  ['length 16381 of which nothing is there', fromHex('00003ffd'), 'SPOP_FRAME_TOO_BIG', 0],
  ['length 2^32-1', fromHex('ffffffff'), 'SPOP_FRAME_TOO_BIG', 0],
  ['a stream-id that does not end', fromHex('00000007 03 00000001 f0 80'), 'SPOP_TRUNCATED', 9],
  ['no frame-id', fromHex('00000007 03 00000001 f0 00'), 'SPOP_TRUNCATED', 11],
  ['a frame-id that does not end', fromHex('00000007 03 00000001 00 f0'), 'SPOP_TRUNCATED', 10],
  [
    'a stream-id of 11 bytes',
    fromHex('00000011 03 00000001 f0 80 80 80 80 80 80 80 80 80 00 00'),
    'SPOP_VARINT_OVERFLOW',
    9,
  ],
  [
    'a stream-id of 10 bytes that goes on',
    fromHex('0000000f 03 00000001 f0 80 80 80 80 80 80 80 80 80'),
    'SPOP_VARINT_OVERFLOW',
    9,
  ],
  ['a stream-id of 2^64', fromHex('00000010 03 00000001 f0 f1 fe fe fe fe fe fe fe 0e 00'), 'SPOP_VARINT_OVERFLOW', 9],
  ['a message name longer than the frame', around.notify('02 6d'), 'SPOP_TRUNCATED', 11],
  ['a message name of 2^63 bytes', around.notify('f0 f1 fe fe fe fe fe fe fe 06 00'), 'SPOP_TRUNCATED', 11],
  ['no NB-ARGS', around.notify('01 6d'), 'SPOP_TRUNCATED', 13],
  ['no argument name', around.notify('01 6d 01'), 'SPOP_TRUNCATED', 14],
  ['no argument value', around.notify('01 6d 01 01 61'), 'SPOP_TRUNCATED', 16],
  ['an INT64 without value', around.notify('01 6d 01 01 61 04'), 'SPOP_TRUNCATED', 17],
  ['an IPV4 of three bytes', around.notify('01 6d 01 01 61 06 0a 00 00'), 'SPOP_TRUNCATED', 17],
  ['an IPV6 of 15 bytes', around.notify(`01 6d 01 01 61 07 ${'00'.repeat(15)}`), 'SPOP_TRUNCATED', 17],
  ['a STRING without length', around.notify('01 6d 01 01 61 08'), 'SPOP_TRUNCATED', 17],
  ['a STRING longer than the frame', around.notify('01 6d 01 01 61 08 03 61 62'), 'SPOP_TRUNCATED', 17],
  ['a BINARY longer than the frame', around.notify('01 6d 01 01 61 09 01'), 'SPOP_TRUNCATED', 17],
  ['type 10', around.notify('01 6d 01 01 61 0a'), 'SPOP_RESERVED_TYPE', 16],
  ['type 15 with flags', around.notify('01 6d 01 01 61 ff'), 'SPOP_RESERVED_TYPE', 16],
  ['an INT32 of 2^31', around.notify('01 6d 01 01 61 02 f0 f1 fe fe 3e'), 'SPOP_INTEGER_RANGE', 16],
  ['an INT32 of 0xfffffffb', around.notify('01 6d 01 01 61 02 fb f0 fe fe 7e'), 'SPOP_INTEGER_RANGE', 16],
  ['an INT32 of -2^31-1', around.notify('01 6d 01 01 61 02 ff f0 fe fe be fe fe fe fe 0e'), 'SPOP_INTEGER_RANGE', 16],
  ['a UINT32 of 2^32', around.notify('01 6d 01 01 61 03 f0 f1 fe fe 7e'), 'SPOP_INTEGER_RANGE', 16],
  ['an INT64 of 2^64', around.notify('01 6d 01 01 61 04 f0 f1 fe fe fe fe fe fe fe 0e'), 'SPOP_VARINT_OVERFLOW', 17],
  ['NB-ARGS 2 with one argument', around.notify('01 6d 02 01 61 00'), 'SPOP_TRUNCATED', 17],
  ['an item without value', around.hello('01 61'), 'SPOP_TRUNCATED', 13],
  ['an item of type 10', around.hello('01 61 0a'), 'SPOP_RESERVED_TYPE', 13],
  ['action type 0', around.ack('00'), 'SPOP_BAD_ACTION', 11],
  ['action type 3', around.ack('03 02'), 'SPOP_BAD_ACTION', 11],
  ['no NB-ARGS of an action', around.ack('01'), 'SPOP_TRUNCATED', 12],
  ['set-var with NB-ARGS 2', around.ack('01 02 01 01 78'), 'SPOP_BAD_ACTION', 12],
  ['unset-var with NB-ARGS 3', around.ack('02 03 01 01 78'), 'SPOP_BAD_ACTION', 12],
  ['no scope', around.ack('01 03'), 'SPOP_TRUNCATED', 13],
  ['scope 5', around.ack('01 03 05 01 78 00'), 'SPOP_BAD_ACTION', 13],
  ['no variable name', around.ack('02 02 01'), 'SPOP_TRUNCATED', 14],
  ['no variable value', around.ack('01 03 01 01 78'), 'SPOP_TRUNCATED', 16],
  ['a second action of type 9', around.ack('02 02 01 01 78 09'), 'SPOP_BAD_ACTION', 16],
];

describe('parse', () => {
  it.each(refused)('refuses %s with %s', (_, bytes, code, offset) => {
    const { error, frames, consumed } = parseStream(bytes);
    expect(error).toMatchObject({ code, offset });
    expect(frames).toEqual([]);
    expect(consumed).toBe(0);
    expect(thrown(() => parse(bytes))).toMatchObject({ code, offset });
  });

  it.each(refused)('counts the offset of %s from its own frame', (_, bytes, code, offset) => {
    const before = notify().message('m', { a: 1 }).toBytes();
    const { error, frames, consumed } = parseStream(Buffer.concat([before, bytes]));
    expect(error).toMatchObject({ code, offset });
    expect(frames).toHaveLength(1);
    expect(consumed).toBe(before.length);
  });

  it('gives every error a status for the peer', () => {
    for (const [, bytes] of refused) expect([3, 4]).toContain(parseStream(bytes).error?.status);
  });

  it('waits for more bytes at every offset of a correct frame', () => {
    const bytes = notify().message('m', { a: 1 }).toBytes();
    for (let end = 0; end < bytes.length; end++) {
      expect(parseStream(bytes.slice(0, end))).toEqual({ frames: [], offsets: [], consumed: 0, error: undefined });
      if (end > 0)
        expect(thrown(() => parse(bytes.slice(0, end)))).toMatchObject({ code: 'SPOP_TRUNCATED', offset: 0 });
    }
  });

  it('begins the next message after NB-ARGS arguments', () => {
    expect(parseFrame(around.notify('01 61 01 00 00 01 62 00'))).toMatchObject({
      messages: [
        { name: 'a', args: [{ name: '', value: data.nil }] },
        { name: 'b', args: [] },
      ],
    });
  });

  it('reads an ACK and a HELLO without FIN, and a NOTIFY without FIN as a fragment', () => {
    expect(parseFrame(ack({ flags: 0 }))).toMatchObject({ type: 'ACK', flags: 0 });
    expect(parseFrame(agentHello({ flags: 0 }))).toMatchObject({ type: 'AGENT-HELLO', flags: 0 });
    expect(parseFrame(notify({ flags: 0 }).raw('ff'))).toMatchObject({
      type: 'NOTIFY-FRAGMENT',
      payload: fromHex('ff'),
    });
  });

  it('reads frames of unknown types without decoding their payload', () => {
    expect(parseFrame(frame(200, {}, 'ff ff'))).toMatchObject({
      type: 'UNKNOWN',
      typeByte: 200,
      payload: fromHex('ffff'),
    });
  });

  it('names the wrong frame', () => {
    const bytes = Buffer.concat([ack().toBytes(), ack().setVar(9, 'x', 1).toBytes()]);
    expect(thrown(() => parse(bytes)).reason).toMatch(/found 9, in frame 2 \(which begins at byte 11 of the input\)/);
  });

  it('accepts a larger limit', () => {
    const bytes = notify()
      .message('m', { a: new Uint8Array(20_000) })
      .toBytes();
    expect(parseStream(bytes).error?.code).toBe('SPOP_FRAME_TOO_BIG');
    expect(parse(bytes, { maxFrameSize: 30_000 })).toHaveLength(1);
  });

  it('reads the one byte 00 as no action on request', () => {
    const bytes = ack().raw('00').toBytes();
    expect(parseAck(bytes).actions).toEqual([]);
    expect(parse(bytes, { ackPadding: true })).toHaveLength(1);
    expect(thrown(() => parseAck(ack().unsetVar('txn', 'x').raw('00')))).toMatchObject({
      code: 'SPOP_BAD_ACTION',
    });
  });

  it('requires one frame, or one ACK, on request', () => {
    expect(thrown(() => parseFrame(new Uint8Array(0)))).toMatchObject({ code: 'SPOP_MISUSE' });
    expect(thrown(() => parseAck(notify()))).toMatchObject({ code: 'SPOP_UNEXPECTED_FRAME' });
  });

  it('misreads or refuses 300 arguments, whose count byte is 44', () => {
    const args = Array.from({ length: 300 }, (_, index) => index);
    const bytes = notify().message('many', args).toBytes();
    expect(bytes[16]).toBe(44);
    expect(parseStream(bytes).error ?? parseStream(bytes).frames).not.toMatchObject([{ messages: [{ name: 'many' }] }]);
  });
});

describe('reassemble', () => {
  const [first, second] = fragment(notify().message('m', { a: 'text' }), 5).map((part) => part.toFrame());

  it('drops aborted NOTIFYs', () => {
    expect(reassemble([first!, unset({ flags: 3 }).toFrame()])).toEqual([]);
  });

  it('refuses a continuation without a beginning', () => {
    expect(thrown(() => reassemble([second!]))).toMatchObject({ code: 'SPOP_FRAME_ID_NOT_FOUND', status: 12 });
  });

  it('refuses a fragment of another NOTIFY', () => {
    const other = unset({ streamId: 2 }).toFrame();
    expect(thrown(() => reassemble([first!, other]))).toMatchObject({ code: 'SPOP_INTERLACED_FRAMES', status: 11 });
    expect(thrown(() => reassemble([first!, first!]))).toMatchObject({ code: 'SPOP_INTERLACED_FRAMES' });
  });

  it('refuses a wrong joined payload', () => {
    const broken = unset({}, 'ff').toFrame();
    expect(thrown(() => reassemble([first!, broken]))).toMatchObject({ code: 'SPOP_RESERVED_TYPE', offset: 16 });
  });
});
