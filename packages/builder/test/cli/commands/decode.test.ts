import { pcapOf, tcpPackets } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { command } from '../../../src/cli/commands/decode.ts';
import { ack, agentHello, haproxyHello, notify, unset } from '../../../src/index.ts';
import { came, sent } from '../replaying.ts';
import { file, jsonOf, run, sessionFile } from '../run-command.ts';

const small = notify().message('m');
const WRONG = 'SPOP_BAD_ACTION';
const wrong = ack().raw('09');

function bytes(...frames: readonly { toBytes(): Uint8Array }[]): Uint8Array {
  return new Uint8Array(Buffer.concat(frames.map((frame) => frame.toBytes())));
}

/** The lines with a frame or an error. */
async function linesOf(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await run(command, words);
  return stdout.split('\n').filter((line) => /^ *#?\d/.test(line));
}

describe('spop decode', () => {
  it('shows the frames of one side with their offsets', async () => {
    expect(await run(command, [await file(bytes(small, ack()))])).toEqual({
      code: 0,
      stdout: '       0  NOTIFY 1:1 "m" {  }\n      14  ACK 1:1 no actions\n',
      stderr: '',
    });
  });

  it('shows each byte with --explain', async () => {
    const path = await file(bytes(small));
    expect((await run(command, [path])).stdout.split('\n')).toHaveLength(2);
    expect((await run(command, [path, '--explain'])).stdout).toMatch(/^ {7}0 {2}NOTIFY 1:1 "m".*\n.*00 00 00/s);
  });

  it('reads hexadecimal digits, and another format if it is told', async () => {
    const digits = Buffer.from(bytes(small)).toString('hex');
    const path = await file(digits);
    expect(await linesOf(path)).toEqual(['       0  NOTIFY 1:1 "m" {  }']);
    expect(await run(command, [path, '--format', 'binary'])).toMatchObject({ code: 1 });
    await expect(run(command, [await file('what?'), '--format', 'hex'])).rejects.toMatchObject({
      name: 'UsageError',
      hint: 'add --format binary if it is bytes',
    });
  });

  it('names each file if there are several, and fails if one is wrong', async () => {
    const [good, bad] = [await file(bytes(small)), await file(bytes(wrong))];
    const { code, stdout } = await run(command, [good, bad, good]);
    expect(code).toBe(1);
    expect(stdout.split('\n').filter((line) => /^\/|^ {7}0 {2}[A-Z]/.test(line))).toEqual([
      `${good}:`,
      '       0  NOTIFY 1:1 "m" {  }',
      `${bad}:`,
      expect.stringContaining(WRONG),
      `${good}:`,
      '       0  NOTIFY 1:1 "m" {  }',
    ]);
  });

  it('accepts frames of up to --max-frame-size', async () => {
    const path = await file(bytes(small));
    const size = String(bytes(small).length - 4);
    expect((await run(command, [path, '--max-frame-size', size])).code).toBe(0);
    expect((await run(command, [path, '--max-frame-size', String(Number(size) - 1)])).code).toBe(1);
    await expect(run(command, [path, '--max-frame-size', '6'])).rejects.toMatchObject({ name: 'UsageError' });
    const session = await sessionFile([sent(small)]);
    expect((await run(command, [session, '--max-frame-size', String(Number(size) - 1)])).code).toBe(1);
  });

  it('says which file cannot be read', async () => {
    await expect(run(command, ['/nowhere/x'])).rejects.toMatchObject({
      message: expect.stringMatching(/^could not read the file "\/nowhere\/x": /) as unknown,
    });
  });
});

describe('spop decode of a session', () => {
  it('shows the frames with their connections and sides, joined from pieces', async () => {
    const hello = bytes(haproxyHello());
    const path = await sessionFile([
      { seconds: 0, connection: 1, kind: 'open' },
      sent(hello.subarray(0, 20)),
      sent(small, 0, 2),
      came(agentHello()),
      sent(hello.subarray(20)),
      { seconds: 0, connection: 1, kind: 'close', from: 'agent' },
    ]);
    expect(await linesOf(path)).toEqual([
      '#2  haproxy  NOTIFY 1:1 "m" {  }',
      '#1  agent    AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 16380, capabilities: STRING "pipelining"',
      '#1  haproxy  HAPROXY-HELLO supported-versions: STRING "2.0", max-frame-size: UINT32 16380, capabilities: STRING "pipelining"',
    ]);
  });

  it('joins the fragments of each side', async () => {
    const whole = bytes(notify().message('m')).subarray(11);
    const path = await sessionFile([
      sent(notify({ flags: 0 }).raw(whole.subarray(0, 1))),
      sent(unset({}, whole.subarray(1))),
    ]);
    expect(await linesOf(path)).toEqual([
      expect.stringMatching(/^#1 {2}haproxy {2}NOTIFY-FRAGMENT/),
      expect.stringMatching(/^#1 {2}haproxy {2}UNSET/),
      '#1  haproxy  all fragments: NOTIFY 1:1 "m" {  }',
    ]);
  });

  it.each([
    ['fails for a wrong frame of HAProxy', [sent(small), sent(wrong)], 1],
    ['fails for a wrong frame of the agent', [sent(small), came(wrong)], 1],
    ['finds nothing wrong', [sent(small), came(ack())], 0],
  ])('%s', async (_, events, code) => {
    expect((await run(command, [await sessionFile(events)])).code).toBe(code);
  });

  it('has connections and sides in JSON', async () => {
    const lines = jsonOf(await run(command, [await sessionFile([came(ack(), 3)]), '--json']));
    expect(lines).toMatchObject([{ connection: 3, from: 'agent', offset: 0, frame: { type: 'ACK' } }]);
  });
});

describe('spop decode of a capture', () => {
  const conversation = [
    { from: 'client', bytes: bytes(haproxyHello()) },
    { from: 'server', bytes: bytes(agentHello()) },
    { from: 'client', bytes: bytes(small) },
  ] as const;

  it('names the connection once, and shows the frames of both sides', async () => {
    const outcome = await run(command, [await file(pcapOf(tcpPackets(conversation)))]);
    expect(
      outcome.stdout
        .trimEnd()
        .replaceAll(/^\d\d:\d\d:\d\d\.\d{3}/gm, 'TIME')
        .split('\n'),
    ).toEqual([
      expect.stringMatching(/^connection #1: HAProxy at \S+, agent at \S+:9000$/),
      expect.stringMatching(/^TIME {2}#1 {2}haproxy {2}HAPROXY-HELLO /),
      expect.stringMatching(/^TIME {2}#1 {2}agent {4}AGENT-HELLO /),
      'TIME  #1  haproxy  NOTIFY 1:1 "m" {  }',
    ]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('has the connection in JSON too', async () => {
    const [connection, first] = jsonOf(await run(command, [await file(pcapOf(tcpPackets(conversation))), '--json']));
    expect(connection).toMatchObject({ connection: 1, agent: expect.stringMatching(/:9000$/) as unknown });
    expect(first).toMatchObject({ connection: 1, from: 'haproxy', frame: { type: 'HAPROXY-HELLO' } });
  });

  it('fails for a wrong frame', async () => {
    const packets = tcpPackets([...conversation, { from: 'server', bytes: bytes(wrong) }]);
    const { code, stdout } = await run(command, [await file(pcapOf(packets))]);
    expect(stdout).toContain(WRONG);
    expect(code).toBe(1);
  });

  it('fails without SPOP', async () => {
    const packets = tcpPackets([{ from: 'client', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') }]);
    expect(await run(command, [await file(pcapOf(packets))])).toEqual({
      code: 1,
      stdout: '',
      stderr: `spop: no SPOP in 1 TCP connections of ${packets.length} packets\n  frames within TLS cannot be read\n`,
    });
  });
});
