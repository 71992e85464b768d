import { describe, expect, it } from 'vitest';
import { parseSession, type SessionEvent } from '../../../src/cli/capture/session-file.ts';
import { Recorder } from '../../../src/cli/capture/recorder.ts';
import { ack, agentHello, frame, haproxyHello, notify, unset, type BytesInput } from '../../../src/index.ts';
import { bytesOf } from '../../../src/read/parse.ts';

/** A recorder, and the lines that it writes. */
function recorder(isRedacting: boolean = false): { recorder: Recorder; lines: string[] } {
  const lines: string[] = [];
  return { recorder: new Recorder((line) => lines.push(line), isRedacting), lines };
}

function bytes(...pieces: readonly BytesInput[]): Uint8Array {
  return new Uint8Array(Buffer.concat(pieces.map(bytesOf)));
}

/** Lines without their times. */
function timeless(lines: readonly string[]): string[] {
  return lines.flatMap((text) => text.trim().split('\n')).map((line) => line.replace(/^\d+\.\d{6} /, ''));
}

function hex(...pieces: readonly BytesInput[]): string {
  return Buffer.from(bytes(...pieces)).toString('hex');
}

const first = notify({ streamId: 1 }).message('m');
const second = notify({ streamId: 2 }).message('m');

describe('Recorder', () => {
  it('writes each frame of a piece, and counts them', () => {
    const { recorder: recording, lines } = recorder();
    const connection = recording.open();
    connection.push('haproxy', bytes(first, second, haproxyHello()));
    connection.push('agent', bytes(ack()));
    connection.close('agent');
    expect(timeless(lines)).toEqual([
      '1 open',
      '# NOTIFY 1:1 "m" {  }',
      `1 haproxy ${hex(first)}`,
      '# NOTIFY 2:1 "m" {  }',
      `1 haproxy ${hex(second)}`,
      '# HAPROXY-HELLO supported-versions: STRING "2.0", max-frame-size: UINT32 16380, capabilities: STRING "pipelining"',
      `1 haproxy ${hex(haproxyHello())}`,
      '# ACK 1:1 no actions',
      `1 agent ${hex(ack())}`,
      '1 close agent',
    ]);
    expect([recording.frames, recording.leftOut]).toEqual([4, 0]);
  });

  it('joins the pieces of a frame', () => {
    const { recorder: recording, lines } = recorder();
    const connection = recording.open();
    const both = bytes(first, second);
    for (const byte of both) connection.push('haproxy', Uint8Array.of(byte));
    expect(timeless(lines)).toEqual([
      '1 open',
      '# NOTIFY 1:1 "m" {  }',
      `1 haproxy ${hex(first)}`,
      '# NOTIFY 2:1 "m" {  }',
      `1 haproxy ${hex(second)}`,
    ]);
  });

  it('keeps the sides and the connections apart', () => {
    const { recorder: recording, lines } = recorder();
    const [one, two] = [recording.open(), recording.open()];
    const half = bytes(first).length - 3;
    one.push('haproxy', bytes(first).subarray(0, half));
    two.push('haproxy', bytes(second));
    one.push('agent', bytes(agentHello()));
    one.push('haproxy', bytes(first).subarray(half));
    two.close('haproxy');
    expect(timeless(lines).filter((line) => !line.startsWith('#'))).toEqual([
      '1 open',
      '2 open',
      `2 haproxy ${hex(second)}`,
      `1 agent ${hex(agentHello())}`,
      `1 haproxy ${hex(first)}`,
      '2 close haproxy',
    ]);
  });

  it('takes frames of up to 1 MiB, and an ACK with bytes after its actions', () => {
    const { recorder: recording, lines } = recorder();
    const connection = recording.open();
    const large = frame(200, {}, new Uint8Array((1 << 20) - 7));
    connection.push('haproxy', bytes(large));
    const padded = ack().raw('00');
    connection.push('agent', bytes(padded));
    expect(recording.frames).toBe(2);
    expect(timeless(lines).slice(2)).toEqual([
      `1 haproxy ${hex(large)}`,
      '# ACK 1:1 no actions',
      `1 agent ${hex(padded)}`,
    ]);
    connection.push('haproxy', bytes(frame(200, {}, new Uint8Array((1 << 20) - 6))));
    expect(recording.frames).toBe(2);
  });

  it('writes what is no frame as it comes, and frames no more', () => {
    const { recorder: recording, lines } = recorder();
    const connection = recording.open();
    connection.push('haproxy', bytes(first, Buffer.from('ping?')));
    connection.push('haproxy', bytes(second));
    connection.push('haproxy', new Uint8Array(0));
    expect(timeless(lines).at(-1)).toBe(`1 haproxy ${hex(second)}`);
    connection.close('haproxy');
    expect(timeless(lines)).toEqual([
      '1 open',
      '# NOTIFY 1:1 "m" {  }',
      `1 haproxy ${hex(first)}`,
      '# bytes that are no frame',
      `1 haproxy ${hex(Buffer.from('ping?'))}`,
      '# bytes that are no frame',
      `1 haproxy ${hex(second)}`,
      '1 close haproxy',
    ]);
    expect([recording.frames, recording.leftOut]).toEqual([1, 0]);
  });

  it('writes the part of a frame that came before the end, of both sides', () => {
    const { recorder: recording, lines } = recorder();
    const connection = recording.open();
    connection.push('agent', Uint8Array.of(0, 0, 2));
    connection.push('haproxy', Uint8Array.of(0, 0, 1));
    connection.close('haproxy');
    expect(timeless(lines)).toEqual([
      '1 open',
      '# bytes that are no frame',
      '1 haproxy 000001',
      '# bytes that are no frame',
      '1 agent 000002',
      '1 close haproxy',
    ]);
  });

  it('has the seconds since it began', () => {
    const before = performance.now();
    const { recorder: recording, lines } = recorder();
    const made = performance.now();
    const connection = recording.open();
    while (performance.now() < made + 5);
    connection.push('haproxy', bytes(first));
    connection.close('haproxy');
    const { events } = parseSession(`# spop session 1\n${lines.join('')}`);
    const [opened, came, closed] = events.map(({ seconds }: SessionEvent) => seconds);
    expect(opened).toBeGreaterThanOrEqual(0);
    expect(came).toBeGreaterThan(0.0049);
    expect(closed).toBeLessThanOrEqual((performance.now() - before) / 1000);
  });
});

describe('a Recorder that redacts', () => {
  it('writes other texts, and how many bytes it leaves out', () => {
    const { recorder: recording, lines } = recorder(true);
    const connection = recording.open();
    connection.push('haproxy', bytes(notify().message('m', { id: 'secret' }), Buffer.from('ping?')));
    connection.push('haproxy', Buffer.from('secret'));
    connection.push('agent', Uint8Array.of(0, 0, 0));
    connection.close('haproxy');
    const redacted = notify().message('m', { id: 'xxxxxx' });
    expect(timeless(lines)).toEqual([
      '1 open',
      '# NOTIFY 1:1 "m" { id: STRING "xxxxxx" }',
      `1 haproxy ${hex(redacted)}`,
      '# 5 bytes of the haproxy that are no frame, left out',
      '# 6 bytes of the haproxy that are no frame, left out',
      '# 3 bytes of the agent that are no frame, left out',
      '1 close haproxy',
    ]);
    expect([recording.frames, recording.leftOut]).toEqual([1, 14]);
  });

  it('has one replacement of an address for all sides and connections', () => {
    const { recorder: recording, lines } = recorder(true);
    for (const side of ['haproxy', 'agent'] as const) {
      recording.open().push(side, bytes(notify().message('m', { ip: '203.0.113.7' })));
    }
    const summaries = timeless(lines).filter((line) => line.startsWith('#'));
    expect(summaries).toHaveLength(2);
    expect(summaries[1]).toBe(summaries[0]);
  });

  it('writes the fragments of a NOTIFY that does not become whole at the end', () => {
    const { recorder: recording, lines } = recorder(true);
    const connection = recording.open();
    connection.push('haproxy', bytes(notify({ flags: 0 }).raw('016d'), unset({ flags: 0 }, '0102')));
    expect(timeless(lines)).toEqual(['1 open']);
    connection.close('haproxy');
    expect(timeless(lines)).toEqual([
      '1 open',
      '# NOTIFY-FRAGMENT 1:1 flags 0 2 bytes of payload',
      `1 haproxy ${hex(notify({ flags: 0 }).raw('7878'))}`,
      '# UNSET 1:1 flags 0 2 bytes of payload',
      `1 haproxy ${hex(unset({ flags: 0 }, '7878'))}`,
      '1 close haproxy',
    ]);
  });
});
