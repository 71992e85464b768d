import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunking, corrupted, notifyFrame } from '../../../src/arbitraries.ts';
import { ack, haproxy, notify, parse, writeFrame } from '../../../src/index.ts';
import { FragmentJoiner, FrameStream } from '../../../src/cli/capture/frame-stream.ts';
import { detectFormat, parseHexText } from '../../../src/cli/capture/input-format.ts';
import { concat, fromHex } from '../../../src/data/text.ts';

const good = ack().setVar('txn', 'a', 1).toBytes();
/** An ACK with an action of an unknown type. */
const wrong = fromHex('0000000b 67 00000001 01 01 09 03 02 00');

/** An ACK without actions, with the byte that agents write for HAProxy 3.1.0. */
const padded = fromHex('00000008 67 00000001 01 01 00');

describe('FrameStream', () => {
  it('gives the same frames for any cuts of the bytes', () => {
    const cut = fc
      .array(notifyFrame(), { minLength: 1, maxLength: 4 })
      .map((frames) => frames.map((frame) => writeFrame(frame)))
      .chain((all) => chunking(concat(all)).map((chunks) => ({ all, chunks })));
    fc.assert(
      fc.property(cut, ({ all, chunks }) => {
        const stream = new FrameStream();
        const captured = chunks.flatMap((chunk) => stream.push(chunk));
        expect(stream.end()).toBeUndefined();
        expect(captured.map(({ frame }) => frame)).toEqual(all.flatMap((bytes) => parse(bytes)));
        expect(captured.map(({ bytes }) => bytes)).toEqual(all);
        const starts = all.map((_, index) => concat(all.slice(0, index)).length);
        expect(captured.map(({ offset }) => offset)).toEqual(starts);
      }),
    );
  });

  it('gives each frame of a piece with its own bytes and place', () => {
    const stream = new FrameStream();
    expect(stream.push(concat([good, padded]))).toEqual([
      { offset: 0, bytes: good, frame: ack().setVar('txn', 'a', 1).toFrame(), error: undefined },
      { offset: good.length, bytes: padded, frame: ack().toFrame(), error: undefined },
    ]);
    const start = good.length + padded.length;
    expect(stream.push(concat([good, wrong, padded]))).toMatchObject([
      { offset: start, bytes: good, frame: { type: 'ACK' } },
      { offset: start + good.length, bytes: wrong, error: { code: 'SPOP_BAD_ACTION' } },
      { offset: start + good.length + wrong.length, bytes: padded, frame: { type: 'ACK' } },
    ]);
  });

  it('gives bytes that later pieces do not change', () => {
    const stream = new FrameStream();
    const [early, late] = [good, wrong].map((bytes) => stream.push(bytes)[0]?.bytes);
    stream.push(padded.subarray(0, 7));
    const half = stream.end();
    const lost = stream.skip(1);
    stream.push(notify().message('other').toBytes());
    expect([early, late, half?.bytes, lost.bytes]).toEqual([good, wrong, padded.subarray(0, 7), padded.subarray(0, 7)]);
  });

  it('goes on after a wrong frame with a frame in pieces', () => {
    const stream = new FrameStream();
    expect(stream.push(wrong)).toHaveLength(1);
    expect(stream.push(good.subarray(0, 9))).toEqual([]);
    expect(stream.push(good.subarray(9))).toMatchObject([{ offset: wrong.length, bytes: good }]);
  });

  it.each([
    [undefined, (1 << 20) + 1],
    [256, 257],
  ])('takes the rest of a piece for wrong bytes after a frame above the maximum of %s', (maxFrameSize, size) => {
    const large = (length: number): Uint8Array => {
      const head = fromHex('00000000 67 00000001 01 01');
      const bytes = concat([head, new Uint8Array(4 + length - head.length)]);
      new DataView(bytes.buffer).setUint32(0, length);
      return bytes;
    };
    const stream = new FrameStream(maxFrameSize);
    expect(stream.push(large(size - 1))).toMatchObject([{ error: { code: 'SPOP_BAD_ACTION' } }]);
    expect(stream.push(concat([large(size), good]))).toMatchObject([
      { offset: size + 3, bytes: { length: size + 4 + good.length }, error: { code: 'SPOP_FRAME_TOO_BIG' } },
    ]);
    // None of these begins with a frame of up to the maximum.
    expect(stream.push(concat([large(size), good]))).toEqual([]);
    expect(stream.push(good.subarray(1))).toEqual([]);
    expect(stream.push(padded)).toMatchObject([{ bytes: padded, frame: { type: 'ACK' } }]);
  });

  it('goes on with a piece that begins with a frame of the maximum', () => {
    const body = 'x'.repeat(20_000);
    const largest = notify().message('m', { body }).toBytes();
    const stream = new FrameStream(largest.length - 4);
    stream.skip(10);
    expect(stream.push(largest)).toMatchObject([{ offset: 10, bytes: largest, frame: { type: 'NOTIFY' } }]);
  });

  it('goes on after a wrong frame, and after 10,000 of them', () => {
    const captured = new FrameStream().push(concat([...Array.from({ length: 10_000 }, () => wrong), good]));
    expect(captured.length).toBe(10_001);
    expect(captured[0]).toMatchObject({ offset: 0, bytes: wrong, error: { code: 'SPOP_BAD_ACTION' } });
    expect(captured.at(-1)).toMatchObject({ offset: 150_000, frame: { type: 'ACK' } });
  });

  it('searches for a piece that begins with a frame after a wrong length', () => {
    const stream = new FrameStream();
    expect(stream.push(fromHex('00 00 00 02 01'))).toMatchObject([{ error: { code: 'SPOP_FRAME_TOO_SMALL' } }]);
    expect(stream.push(fromHex('ff ff ff ff ff'))).toEqual([]);
    expect(stream.push(good)).toMatchObject([{ offset: 10, frame: { type: 'ACK' } }]);
    expect(stream.push(fromHex('7f ff ff ff'))).toMatchObject([{ error: { code: 'SPOP_FRAME_TOO_BIG' } }]);
  });

  it('reports missing bytes', () => {
    const stream = new FrameStream();
    expect(stream.push(good.subarray(0, 9))).toEqual([]);
    expect(stream.end()).toMatchObject({
      error: { reason: `expected a whole frame; found one without its last ${good.length - 9} bytes` },
    });
    expect(stream.skip(good.length - 9)).toMatchObject({ offset: 0, bytes: good.subarray(0, 9) });
    expect(stream.push(good)).toMatchObject([{ offset: good.length, frame: { type: 'ACK' } }]);
  });

  it('never throws', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            corrupted().map(({ bytes }) => bytes),
            fc.uint8Array(),
          ),
        ),
        (pieces) => {
          const stream = new FrameStream();
          const shown = pieces.flatMap((piece) => stream.push(piece)).reduce((sum, { bytes }) => sum + bytes.length, 0);
          expect(shown + (stream.end()?.bytes.length ?? 0)).toBeLessThanOrEqual(concat(pieces).length);
        },
      ),
    );
  });
});

describe('FragmentJoiner', () => {
  const whole = notify({ streamId: 3 }).message('m', { body: 'x'.repeat(1000) });
  const frames = haproxy('3.0')
    .fragments(whole, 256)
    .map((frame) => frame.toFrame());

  it('gives the whole NOTIFY with its last fragment', () => {
    const joiner = new FragmentJoiner();
    const joined = frames.map((frame) => joiner.push(frame));
    expect(joined.slice(0, -1).filter((frame) => frame !== undefined)).toEqual([]);
    expect(joined.at(-1)).toEqual(whole.toFrame());
  });

  it('gives nothing for fragments that do not belong together, that were aborted, or have no beginning', () => {
    const joiner = new FragmentJoiner();
    const [first, ...others] = frames;
    const last = others.at(-1)!;
    expect(joiner.push(last)).toBeUndefined();
    expect([first!, { ...last, streamId: 9n }].map((frame) => joiner.push(frame))).toEqual([undefined, undefined]);
    expect([first!, { ...last, flags: 3 }].map((frame) => joiner.push(frame))).toEqual([undefined, undefined]);
    expect([first!, last].map((frame) => joiner.push(frame))).toEqual([undefined, undefined]);
  });
});

describe('parseHexText', () => {
  it.each([
    ['digits', '0000000b6700000001010109030200'],
    ['groups', '0000000b 67 00000001\n01 01 09 03 02 00\n'],
    ['C', '0x00, 0x00, 0x00, 0x0b, 0x67, 0x00, 0x00, 0x00, 0x01, 0x01, 0x01, 0x09, 0x03, 0x02, 0x00'],
    ['colons', '00:00:00:0b:67:00:00:00:01:01:01:09:03:02:00'],
    ['xxd', '00000000: 0000 000b 6700 0000 0101 0109 0302 00    ....g..........\n'],
    ['hexdump -C', '00000000  00 00 00 0b 67 00 00 00  01 01 01 09 03 02 00     |....g..........|\n0000000f\n'],
  ])('reads %s', (_, text) => {
    expect(parseHexText(text)).toEqual(wrong);
    expect(detectFormat(Buffer.from(text))).toBe('hex');
  });

  it.each(['0', 'xy', '00000000: 0000  ..\nno line'])('refuses %j', (text) => {
    expect(() => parseHexText(text)).toThrow('SPOP_INVALID_VALUE');
  });
});

describe('detectFormat', () => {
  it.each([
    ['binary', wrong],
    ['binary', new Uint8Array(0)],
    ['binary', Buffer.from('GET / 1\n')],
    ['pcap', fromHex('d4c3b2a1')],
    ['pcap', fromHex('a1b23c4d')],
    ['pcapng', fromHex('0a0d0d0a')],
    ['session', Buffer.from('# spop session 1\n')],
  ])('finds %s', (format, bytes) => {
    expect(detectFormat(Buffer.from(bytes))).toBe(format);
  });
});
