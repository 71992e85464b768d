import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { message } from '../../../src/arbitraries.ts';
import { Recorder } from '../../../src/cli/capture/recorder.ts';
import { FrameRedactor, Redactor } from '../../../src/cli/capture/redactor.ts';
import {
  parseSession,
  sessionHead,
  sessionLines,
  SessionFileError,
  type SessionEvent,
} from '../../../src/cli/capture/session-file.ts';
import { concat } from '../../../src/data/text.ts';
import { binary, ipv4, ipv6 } from '../../../src/data/values.ts';
import { ack, agentHello, frame, haproxy, notify, parse, reassemble } from '../../../src/index.ts';

const events: SessionEvent[] = [
  { seconds: 0, connection: 1, kind: 'open' },
  { seconds: 0.25, connection: 1, kind: 'bytes', from: 'haproxy', bytes: Uint8Array.of(0, 255) },
  { seconds: 0.5, connection: 1, kind: 'bytes', from: 'agent', bytes: agentHello().toBytes() },
  { seconds: 1, connection: 1, kind: 'close', from: 'agent' },
];

describe('session files', () => {
  it('are read as they were written', () => {
    for (const isRedacted of [false, true]) {
      const text = sessionHead('Recorded today.', isRedacted) + events.map((event) => sessionLines(event)).join('');
      expect(parseSession(text)).toEqual({ isRedacted, events });
      expect(parseSession(text.replaceAll('\n', '\r\n'))).toEqual({ isRedacted, events });
    }
  });

  it('have one line for each frame', () => {
    const frame = notify().message('a\nb', { c: 1 });
    const lines = sessionLines(
      { ...events[1]!, kind: 'bytes', from: 'haproxy', bytes: frame.toBytes() },
      frame.toFrame(),
    );
    expect(lines).toMatch(/^# NOTIFY 1:1 "a\\nb" \{ c: INT64 1 \}\n0\.250000 1 haproxy 000000/);
    const hostile = notify().message('m', { 'x\n9 9 open': 1 });
    expect(sessionLines(events[1]!, hostile.toFrame()).split('\n')).toHaveLength(3);
  });

  it('have a summary of up to 400 characters', () => {
    const frame = notify().messages(Array.from({ length: 50 }, (_, index) => ({ name: `message-${index}`, args: [] })));
    const [summary = ''] = sessionLines(events[1]!, frame.toFrame()).split('\n');
    expect(summary).toHaveLength(2 + 400 + 1);
    expect(summary.at(-1)).toBe('…');
    // Names are cut after some more characters than these.
    const names = [...Array.from({ length: 8 }, () => 'x'.repeat(35)), 'x'.repeat(38)];
    const longest = `# NOTIFY 1:1 ${names.map((name) => `"${name}" {  }`).join(' ')}`;
    expect(longest).toHaveLength(2 + 400);
    const short = notify().messages(names.map((name) => ({ name, args: [] })));
    expect(sessionLines(events[1]!, short.toFrame())).toBe(`${longest}\n0.250000 1 haproxy 00ff\n`);
  });

  it('may have lines of spaces', () => {
    expect(parseSession('# spop session 1\n \t \n0 1 open\n').events).toEqual([
      { seconds: 0, connection: 1, kind: 'open' },
    ]);
  });

  it('are refused with up to 60 characters of the wrong line', () => {
    const line = `${'0123456789'.repeat(6)}more`;
    expect(() => parseSession(`${line}\n`)).toThrow(
      new SessionFileError(`expected "# spop session 1" in line 1; found "${line.slice(0, 60)}"`),
    );
    const words = 'SECONDS CONNECTION open, close SIDE, or SIDE BYTES, where SIDE is haproxy or agent';
    expect(() => parseSession(`# spop session 1\n${line}\n`)).toThrow(
      new SessionFileError(`expected ${words} in line 2; found "${line.slice(0, 60)}"`),
    );
  });

  it.each([
    ['', 'expected "# spop session 1" in line 1; found ""'],
    ['# spop session 2\n', 'expected "# spop session 1" in line 1'],
    ['# spop session 1\n\n0 1 begin\n', 'in line 3; found "0 1 begin"'],
    ['# spop session 1\n0 1 haproxy 0\n', 'in line 2'],
    ['# spop session 1\n-1 1 open\n', 'in line 2'],
    ['# spop session 1\n0 1 haproxy\n', 'in line 2'],
    ['# spop session 1\n0 1 close\n', 'in line 2'],
  ])('refuse %j', (text, reason) => {
    expect(() => parseSession(text)).toThrow(reason);
  });
});

/** The lines that a recorder writes for one side's pieces. */
function recorded(pieces: readonly Uint8Array[], isRedacting: boolean): { text: string; recorder: Recorder } {
  let text = sessionHead('Recorded today.', isRedacting);
  const recorder = new Recorder((lines) => (text += lines), isRedacting);
  const connection = recorder.open();
  for (const piece of pieces) connection.push('haproxy', piece);
  connection.close('haproxy');
  return { text, recorder };
}

function bytesIn(text: string): Uint8Array {
  return concat(parseSession(text).events.flatMap((event) => (event.kind === 'bytes' ? [event.bytes] : [])));
}

describe('Recorder', () => {
  it('keeps every byte, frame or not, in any pieces', () => {
    const frame = notify().message('m', { a: 1 }).toBytes();
    const piece = fc.oneof(fc.uint8Array(), fc.constant(frame), fc.constant(frame.subarray(0, 9)));
    fc.assert(
      fc.property(fc.array(piece), (pieces) => {
        expect(bytesIn(recorded(pieces, false).text)).toEqual(concat(pieces));
      }),
    );
  });

  it('omits bytes that are no frame from a redacted session', () => {
    const secret = Buffer.from('cookie: secret');
    const { text, recorder } = recorded([notify().message('m').toBytes(), secret], true);
    expect(recorder.leftOut).toBe(secret.length);
    expect(bytesIn(text)).toEqual(notify().message('m').toBytes());
    expect(text).not.toContain(secret.toString('hex'));
  });
});

describe('Redactor', () => {
  it('replaces texts, bytes and addresses, and nothing else', () => {
    const redactor = new FrameRedactor(new Redactor());
    const secret = notify().message('m', [
      ['cookie', 'é!'],
      ['body', binary('secret')],
      ['src', ipv4('203.0.113.7')],
      ['again', ipv4('203.0.113.7')],
      ['other', ipv6('2001:db8:1::7')],
      ['port', 443],
      ['tls', true],
      ['none', null],
    ]);
    expect(redactor.push(secret.toFrame())).toEqual([
      {
        frame: notify()
          .message('m', [
            ['cookie', 'xxx'],
            ['body', binary('xxxxxx')],
            ['src', ipv4('198.18.0.1')],
            ['again', ipv4('198.18.0.1')],
            ['other', ipv6('2001:db8::2')],
            ['port', 443],
            ['tls', true],
            ['none', null],
          ])
          .toFrame(),
        bytes: expect.any(Uint8Array) as unknown,
      },
    ]);
    const answer = ack().setVar('txn', 'user', 'Ada').setVar('txn', 'score', 1).unsetVar('txn', 'x');
    const redacted = ack().setVar('txn', 'user', 'xxx').setVar('txn', 'score', 1).unsetVar('txn', 'x').toFrame();
    expect(redactor.push(answer.toFrame()).map(({ frame }) => frame)).toEqual([redacted]);
  });

  it('keeps the length of every frame, also of fragments and of the joined NOTIFY', () => {
    const sizes = fc.integer({ min: 64, max: 300 });
    fc.assert(
      fc.property(fc.array(message(), { minLength: 1, maxLength: 4 }), sizes, (messages, size) => {
        const frames = parse(
          concat(
            haproxy('3.0')
              .fragments(notify().messages(messages), size)
              .map((one) => one.toBytes()),
          ),
        );
        const redactor = new FrameRedactor(new Redactor());
        const told = [...frames.flatMap((frame) => redactor.push(frame)), ...redactor.end()];
        expect(told.map(({ bytes }) => parse(bytes))).toEqual(told.map(({ frame }) => [frame]));
        const [whole] = reassemble(told.map(({ frame }) => frame));
        expect(whole).toEqual({ ...reassemble(frames)[0], messages: new Redactor().messages(messages) });
      }),
    );
  });

  it('drops frames of an unknown type, whose content is not known', () => {
    const redactor = new FrameRedactor(new Redactor());
    expect(redactor.push(frame(200, {}, Buffer.from('secret')).toFrame())).toEqual([]);
  });

  it('keeps frames without values', () => {
    const redactor = new FrameRedactor(new Redactor());
    for (const one of [haproxy('3.2').hello(), agentHello()]) {
      expect(redactor.push(one.toFrame())).toEqual([{ frame: one.toFrame(), bytes: one.toBytes() }]);
    }
  });

  it('fills fragments that another NOTIFY follows', () => {
    const [first, second] = [1, 2].map((streamId) =>
      haproxy('3.0').fragments(notify({ streamId }).message('m', { body: 'secret'.repeat(50) }), 256),
    );
    const redactor = new FrameRedactor(new Redactor());
    expect(redactor.push(first![0]!.toFrame())).toEqual([]);
    const [filled, ...others] = redactor.push(second![0]!.toFrame());
    // The length, the frame type, the flags, and two numbers of one byte come before the payload.
    const size = first![0]!.toBytes().length - 11;
    expect(filled?.frame).toEqual({ ...first![0]!.toFrame(), payload: new Uint8Array(size).fill(0x78) });
    expect(others).toEqual([]);
    const told = redactor.push(second![1]!.toFrame());
    const redacted = notify({ streamId: 2 }).message('m', { body: 'x'.repeat(300) });
    expect(reassemble(told.map(({ frame }) => frame))).toEqual([redacted.toFrame()]);
  });

  it('reveals nothing of aborted fragments', () => {
    const preset = haproxy('3.0');
    const whole = notify().message('m', { body: 'secret'.repeat(100) });
    const [first] = preset.fragments(whole, 256);
    const redactor = new FrameRedactor(new Redactor());
    const told = [first!, preset.abort(whole)].flatMap((one) => redactor.push(one.toFrame()));
    expect(told).toMatchObject([{ frame: { type: 'NOTIFY-FRAGMENT' } }, { frame: { type: 'UNSET', flags: 3 } }]);
    expect(Buffer.concat(told.map(({ bytes }) => bytes)).includes('secret')).toBe(false);
    expect(redactor.push({ ...first!.toFrame() }).length).toBe(0);
    expect(redactor.push(notify().message('n').toFrame()).map(({ frame }) => frame.type)).toEqual([
      'NOTIFY-FRAGMENT',
      'NOTIFY',
    ]);
  });

  it('has different addresses for 70,000 addresses of both families', () => {
    const redactor = new Redactor();
    const numbers = Array.from({ length: 35_000 }, (_, index) => index);
    const secrets = numbers.flatMap((number) => [
      ipv4(`10.0.${number >> 8}.${number & 255}`),
      ipv6(`fd00::${number.toString(16)}`),
    ]);
    expect(new Set(secrets.map((secret) => JSON.stringify(redactor.data(secret)))).size).toBe(70_000);
  });

  it('goes on in 198.19.0.0/16 after 65,535 addresses', () => {
    const redactor = new Redactor();
    const [secret, other] = [ipv4('203.0.113.7'), ipv6('2001:db8:1::7')];
    for (let number = 1; number < 0x1_12_34; number++) redactor.data({ ...secret, value: `address ${number}` });
    expect([secret, other].map((value) => redactor.data(value))).toEqual([
      ipv4('198.19.18.52'),
      ipv6('2001:db8::1:1235'),
    ]);
  });
});
