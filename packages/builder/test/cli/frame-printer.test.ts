import { describe, expect, it } from 'vitest';
import { FrameStream, type CapturedFrame } from '../../src/cli/capture/frame-stream.ts';
import { FramePrinter, type Sighting } from '../../src/cli/frame-printer.ts';
import { Output } from '../../src/cli/output.ts';
import { fromHex } from '../../src/data/text.ts';
import { ack, explain, haproxy, notify } from '../../src/index.ts';
import { takeWritten } from './written.ts';

const answer = ack().setVar('txn', 'a', 1);
const wrong = fromHex('0000000b 67 00000001 01 01 09 03 02 00');

/** The frames in these bytes, and what is missing at their end. */
function capturedIn(bytes: Uint8Array): CapturedFrame[] {
  const stream = new FrameStream();
  const frames = stream.push(bytes);
  const last = stream.end();
  return last === undefined ? frames : [...frames, last];
}

/** The lines of a printer for the frames in these bytes, and its number of errors. */
function printed(
  bytes: Uint8Array,
  { isJson = false, isExplaining = false, ...sighting }: Sighting & { isJson?: boolean; isExplaining?: boolean } = {},
): { lines: string[]; errors: number } {
  const written = takeWritten();
  const printer = new FramePrinter(new Output({ isJson }), isExplaining);
  for (const captured of capturedIn(bytes)) printer.print(captured, sighting);
  return { lines: written.join('').split('\n').slice(0, -1), errors: printer.errors };
}

/** The lines of an explanation after its first one. */
function explanation(bytes: Uint8Array): string[] {
  return explain(bytes, { maxFrameSize: 1 << 20 })
    .split('\n')
    .slice(1);
}

describe('FramePrinter', () => {
  it.each<[string, Sighting, string]>([
    ['its offset alone', {}, '       0'],
    ['its side and offset', { from: 'agent' }, 'agent           0'],
    ['its connection and side', { connection: 2, from: 'haproxy' }, '#2  haproxy'],
    ['its time', { time: 86_400 * 365 + 3661.25, connection: 1, from: 'agent' }, '01:01:01.250  #1  agent  '],
  ])('prints a frame with %s', (_, sighting, place) => {
    expect(printed(answer.toBytes(), sighting)).toEqual({
      lines: [`${place}  ACK 1:1 set-var txn.a = INT64 1`],
      errors: 0,
    });
  });

  it('prints wrong and incomplete frames with their error and their bytes, and counts them', () => {
    const half = answer.toBytes().subarray(0, 9);
    const [first, last] = capturedIn(Buffer.concat([wrong, half]));
    expect(printed(Buffer.concat([wrong, half]))).toEqual({
      lines: [
        `       0  SPOP_BAD_ACTION: ${first!.error!.reason}`,
        ...explanation(wrong),
        `      15  SPOP_TRUNCATED: ${last!.error!.reason}`,
        ...explanation(half),
      ],
      errors: 2,
    });
  });

  it('explains each frame if it is asked to, up to the largest', () => {
    const large = notify()
      .message('m', { body: 'x'.repeat(20_000) })
      .toBytes();
    const { lines, errors } = printed(large, { isExplaining: true });
    expect(lines[0]).toMatch(/^ {7}0 {2}NOTIFY 1:1 "m" \{ body: STRING /);
    expect(lines.slice(1)).toEqual(explanation(large));
    expect(lines.join('\n')).not.toContain('SPOP_FRAME_TOO_BIG');
    expect(errors).toBe(0);
  });

  it('explains no bytes with an empty line', () => {
    const gap = new FrameStream().skip(7);
    const written = takeWritten();
    new FramePrinter(new Output(), false).print(gap);
    expect(written).toEqual([
      '       0  SPOP_TRUNCATED: expected all bytes; found a capture without 7 of them\n',
      '\n',
    ]);
  });

  const fragments = haproxy('3.0').fragments(notify().message('m', { body: 'x'.repeat(300) }), 256);
  const pieces = Buffer.concat(fragments.map((one) => one.toBytes()));

  it('prints the whole NOTIFY after its last fragment', () => {
    const { lines } = printed(pieces, { connection: 1, from: 'haproxy' });
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^#1 {2}haproxy {2}NOTIFY-FRAGMENT 1:1 /);
    expect(lines[1]).toMatch(/^#1 {2}haproxy {2}UNSET 1:1 /);
    expect(lines[2]).toMatch(/^#1 {2}haproxy {2}all fragments: NOTIFY 1:1 "m" \{ body: STRING "x+/);
  });

  it('writes a line of JSON for each frame, with its place, and the whole NOTIFY', () => {
    const { lines } = printed(pieces, { isJson: true, connection: 1, from: 'haproxy', time: 1.5 });
    const sighting = { connection: 1, from: 'haproxy', time: 1.5 };
    const message = { name: 'm', args: [{ name: 'body', value: { type: 'string', value: 'x'.repeat(300) } }] };
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { ...sighting, offset: 0, frame: expect.objectContaining({ type: 'NOTIFY-FRAGMENT' }) as unknown },
      {
        ...sighting,
        offset: fragments[0]!.toBytes().length,
        frame: expect.objectContaining({ type: 'UNSET' }) as unknown,
        whole: { type: 'NOTIFY', flags: 1, streamId: 1, frameId: 1, messages: [message] },
      },
    ]);
  });

  it('writes errors in JSON, with their bytes', () => {
    const { lines } = printed(wrong, { isJson: true });
    const { code, offset, reason } = capturedIn(wrong)[0]!.error!;
    expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
      { offset: 0, error: { code, offset, message: reason }, bytes: Buffer.from(wrong).toString('hex') },
    ]);
  });
});
