import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { once } from 'node:events';
import { address, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';
import { agentDisconnect, agentHello, connect, haproxy } from '@spop/builder';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAgent, type Agent } from '../../src/index.ts';
import { closedPort, jsonLines, listenAs, spop, startSpop } from './run-spop.ts';

const check = defineMessage('check', { ip: address, cookie: optional(string) });
const score = defineVariable('sess', 'ip_score', int32);
const seen = defineVariable('txn', 'seen', string);

async function agentPort(points: number = 100): Promise<string> {
  const agent: Agent = createAgent();
  onTestFinished(() => agent.close({ graceMs: 0 }));
  agent.onMessage(check, ({ cookie }, ack) => {
    ack.set(score, points);
    if (cookie !== undefined) ack.set(seen, cookie.toString().slice(0, 10));
  });
  const listening = await agent.listen({ port: 0 });
  return 'port' in listening ? `127.0.0.1:${listening.port}` : '';
}

/** The address of a recorder, and a function that ends it. @returns the session once it has ended. */
async function record(
  target: string,
  words: readonly string[] = [],
): Promise<{ at: string; end(): Promise<string>; file: string }> {
  const file = stopAfterTest(await TemporaryFolder.make()).file('session.txt');
  const program = startSpop(['record', target, '--listen', '127.0.0.1:0', '--output', file, ...words]);
  const at = await program.says(/recording the traffic from (\S+) to/);
  return {
    at,
    file,
    async end() {
      expect(await program.stop({ signal: 'SIGINT' })).toBe('exit code 0');
      return readFileSync(file, 'utf8');
    },
  };
}

function portOf(at: string): { host: string; port: number } {
  return { host: '127.0.0.1', port: Number(at.split(':').at(-1)) };
}

describe('spop record', () => {
  it('passes traffic, and writes a readable file that only its owner may read', async () => {
    const { at, end, file } = await record(await agentPort());
    const peer = await connect(portOf(at), { haproxy: '3.2' });
    await peer.notify(check, { ip: '192.0.2.1', cookie: 'id=secret' });
    expect((await peer.disconnect()).type).toBe('AGENT-DISCONNECT');
    const text = await end();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(text).toMatch(
      /^# spop session 1\n# Recorded 20.*\n# It holds what clients sent: addresses, cookies, bodies\./,
    );
    expect(text.match(/^# [A-Z].*$/gm)?.slice(3)).toEqual([
      expect.stringMatching(/^# HAPROXY-HELLO /),
      expect.stringMatching(/^# AGENT-HELLO /),
      '# NOTIFY 1:1 "check" { ip: IPV4 192.0.2.1, cookie: STRING "id=secret" }',
      '# ACK 1:1 set-var sess.ip_score = INT32 100; set-var txn.seen = STRING "id=secret"',
      expect.stringMatching(/^# HAPROXY-DISCONNECT /),
      expect.stringMatching(/^# AGENT-DISCONNECT /),
    ]);
  });

  it('replaces personal data with --redact', async () => {
    const { at, end } = await record(await agentPort(), ['--redact']);
    const peer = await connect(portOf(at), { haproxy: '2.6' });
    await peer.notify(check, { ip: '203.0.113.7', cookie: 'id=secret' });
    await peer.notify((notify) => notify.message('check', { ip: '203.0.113.8', cookie: 'secret'.repeat(4000) }));
    await peer.disconnect();
    const text = await end();
    expect(text).toMatch(/^# spop session 1 redacted\n/);
    expect(text).toContain('# NOTIFY 0:1 "check" { ip: IPV4 198.18.0.1, cookie: STRING "xxxxxxxxx" }');
    expect(text).toContain('# NOTIFY-FRAGMENT 1:1');
    expect(text).not.toContain('secret');
    expect(text).not.toContain(Buffer.from('secret').toString('hex'));
    expect(text).not.toContain('cb007107');
  });

  it('warns on stderr, writes to stdout, and ends by itself after --count connections', async () => {
    const port = (await closedPort()).split(':').at(-1);
    const running = spop(['record', await agentPort(), '--listen', `:${port}`, '--count', '1']);
    const target = `127.0.0.1:${port}`;
    await expect
      .poll(async () => (await spop(['ping', target, '-q', '--timeout', '1s'])).code, { timeout: 20_000 })
      .toBe(0);
    const { code, stdout, stderr } = await running;
    expect(code).toBe(0);
    expect(stdout).toMatch(/^# spop session 1\n/);
    expect(stderr).toContain(
      'warning: the session holds what clients sent, cookies and addresses too; --redact replaces them',
    );
    expect(stderr).toMatch(/2 frames of 1 connection\n$/);
  });

  it('says that the agent cannot be reached, and resets the connection of HAProxy', async () => {
    const { at, end } = await record(await closedPort());
    const socket = connectSocket(portOf(at));
    const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
    expect(error.code).toBe('ECONNRESET');
    expect(await end()).toMatch(/ 1 close agent\n$/);
  });

  it('passes on bytes that are no frames, ends of one direction, and resets', async () => {
    const resets: Promise<unknown>[] = [];
    const target = await listenAs((socket) => {
      socket.on('data', (chunk) => socket.write(chunk));
      resets.push(once(socket, 'error').catch((error: unknown) => error));
    });
    const { at, end } = await record(target);
    const socket = connectSocket({ ...portOf(at), allowHalfOpen: true });
    socket.write('ping?');
    expect(String(((await once(socket, 'data')) as [Buffer])[0])).toBe('ping?');
    socket.resetAndDestroy();
    await expect.poll(() => resets.length).toBe(1);
    expect(await resets[0]).toMatchObject([{ code: 'ECONNRESET' }]);
    const text = await end();
    expect(text).toContain(`# bytes that are no frame\n`);
    expect(text).toContain(Buffer.from('ping?').toString('hex'));
    expect(text).toMatch(/ 1 close haproxy\n$/);
  });

  it('writes the end of connections that are open when it ends', async () => {
    const { at, end } = await record(await agentPort());
    const peers = await Promise.all(Array.from({ length: 9 }, () => connect(portOf(at))));
    await Promise.all(peers.map((peer) => peer.hello()));
    const text = await end();
    expect(text.match(/^\S+ \d close (?:haproxy|agent)$/gm)).toHaveLength(9);
  });

  it.each([
    [['record', ':9'], 2, 'expected --listen with the address for HAProxy; found none'],
    [['record', ':9', '--listen', 'here'], 2, 'expected an address; found "here"'],
    [['record', ':9', '--listen', ':0', '--output', '/nowhere/session.txt'], 1, 'ENOENT'],
    [['replay', '/nowhere', ':9'], 2, 'could not read the file "/nowhere"'],
    [
      ['replay', '/etc/hostname', ':9'],
      2,
      '/etc/hostname is not a session file: expected "# spop session 1" in line 1',
    ],
    [['replay', '-', ':9'], 2, '- is not a session file: expected "# spop session 1" in line 1; found ""'],
    [['replay'], 2, 'expected a session file; found none'],
  ])('does not start with %j', async (words, code, sentence) => {
    const outcome = await spop(words);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
  });
});

describe('spop replay', () => {
  /** A session of two connections: 40 NOTIFYs in flight, and one in fragments. */
  async function session(words: readonly string[] = []): Promise<string> {
    const { at, end, file } = await record(await agentPort(), words);
    const process = haproxy('3.0');
    const peer = await connect(portOf(at), { haproxy: process });
    await peer.burst(
      Array.from({ length: 40 }, () => (notify) => notify.untypedMessage(check, { ip: '192.0.2.1', cookie: 'a' })),
    );
    const other = await connect(portOf(at), { haproxy: process });
    await other.notify(check, { ip: '192.0.2.1', cookie: 'b'.repeat(20_000) });
    await peer.disconnect();
    other.close();
    await end();
    return file;
  }

  it('finds the same ACKs, at the recorded speed and as fast as it can', async () => {
    const file = await session();
    const target = await agentPort();
    const { code, stdout } = await spop(['replay', file, target]);
    expect(stdout).toMatch(
      /^41 ACKs are the same, 0 different, 0 missing, 0 added; 2 connections in [\d.]+ s\nmilliseconds: min /,
    );
    expect(code).toBe(0);
    const fast = await spop(['replay', file, target, '--fast', '--json']);
    expect(jsonLines(fast)).toMatchObject([{ same: 41, different: 0, missing: 0, added: 0, connections: 2 }]);
    expect(jsonLines(await spop(['decode', file, '--json'])).length).toBeGreaterThan(86);
  });

  it('reports which ACKs are different', async () => {
    const { code, stdout } = await spop(['replay', await session(), await agentPort(7), '--fast']);
    expect(code).toBe(1);
    expect(stdout).toContain(`connection 1, NOTIFY 0:1:
  recorded  set-var sess.ip_score = INT32 100; set-var txn.seen = STRING "a"
  now       set-var sess.ip_score = INT32 7; set-var txn.seen = STRING "a"
`);
    expect(stdout).toContain('21 more are different or missing\n0 ACKs are the same, 41 different');
  });

  it('compares no values of a redacted session', async () => {
    const file = await session(['--redact']);
    expect(await spop(['replay', file, await agentPort(7), '--fast'])).toMatchObject({ code: 0 });
  });

  it('opens many connections at once, and fails at once if one cannot be opened', async () => {
    const { at, end, file } = await record(await agentPort());
    for (let number = 0; number < 30; number++) {
      const peer = await connect(portOf(at));
      await peer.notify(check, { ip: '192.0.2.1' });
      peer.close();
    }
    await end();
    for (const words of [[], ['--fast']]) {
      const { code, stdout, stderr } = await spop(['replay', file, await agentPort(), ...words]);
      expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
      expect(stdout).toContain('30 ACKs are the same, 0 different, 0 missing, 0 added; 30 connections in');
    }
    const late = readFileSync(file, 'utf8').replaceAll(/^(\d+)(\.\d+ (?:[2-9]|\d\d) )/gm, '3600$2');
    writeFileSync(file, late);
    const start = performance.now();
    expect(await spop(['replay', file, await closedPort()])).toMatchObject({ code: 1, stdout: '' });
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  it('exits with 1 if no agent answers, and with 64 + status if the agent ends the connection', async () => {
    const file = await session();
    const silent = await spop(['replay', file, await listenAs(() => undefined), '--fast', '--timeout', '200']);
    expect(silent.code).toBe(1);
    expect(silent.stdout).toContain('0 ACKs are the same, 0 different, 41 missing');
    expect(silent.stderr).toContain('connection 1: no answer came within 200 ms');
    const refusing = await listenAs((socket) => {
      socket.once('data', () => {
        socket.write(agentHello().toBytes());
        socket.once('data', () => socket.end(agentDisconnect({ statusCode: 5 }).toBytes()));
      });
    });
    const refused = await spop(['replay', file, refusing, '--fast']);
    expect(refused).toMatchObject({ code: 64 + 5 });
    expect(await spop(['replay', file, await closedPort()])).toMatchObject({ code: 1, stdout: '' });
  });
});
