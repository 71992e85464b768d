import { agentDisconnect, agentHello, haproxy, toHex } from '@spop/builder';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { readCaptures } from '@spop-internal/testbed/captures';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAgent } from '../../src/index.ts';
import { closedPort, jsonLines, listenAs, spop } from './run-spop.ts';

async function agentPort(): Promise<string> {
  const agent = createAgent();
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const address = await agent.listen({ port: 0 });
  return 'port' in address ? `127.0.0.1:${address.port}` : '';
}

/** A peer that answers all bytes with the same bytes. */
function answering(bytes: Uint8Array): Promise<string> {
  return listenAs((socket) => socket.once('data', () => socket.end(bytes)));
}

describe('spop ping', () => {
  it('says that an agent is up, and nothing with --quiet', async () => {
    const address = await agentPort();
    const { code, stdout, stderr } = await spop(['ping', address]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^127\.0\.0\.1:\d+ is up: SPOP 2\.0, [\d.]+ ms\n$/);
    expect(await spop(['ping', address, '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('writes one line of JSON', async () => {
    const address = await agentPort();
    expect(jsonLines(await spop(['ping', '--json', address]))).toEqual([
      {
        target: address,
        up: true,
        milliseconds: expect.any(Number) as unknown,
        version: '2.0',
        maxFrameSize: 16380,
        capabilities: expect.any(Array) as unknown,
      },
    ]);
  });

  it('reaches a unix socket', async () => {
    const agent = createAgent();
    onTestFinished(() => agent.close({ graceMs: 0 }));
    const path = stopAfterTest(await TemporaryFolder.make()).file('agent.sock');
    await agent.listen({ path });
    expect(await spop(['ping', `unix:${path}`, '-q'])).toMatchObject({ code: 0 });
    expect(await spop(['ping', `unix@${path}.gone`])).toMatchObject({ code: 1, stdout: '' });
  });

  it('sends the bytes of HAProxy, and nothing else', async () => {
    const captures = readCaptures().filter(({ label }) => label.endsWith('/healthcheck'));
    expect(captures.length).toBeGreaterThan(3);
    let sent = '';
    const address = await listenAs((socket) => {
      socket.on('data', (chunk) => {
        sent += chunk.toString('hex');
        socket.write(agentHello({ capabilities: '' }).toBytes());
      });
    });
    expect(await spop(['ping', address])).toMatchObject({ code: 0 });
    expect(sent).toBe(toHex(haproxy('3.2').healthcheck().toBytes()));
    expect(new Set(captures.map(({ bytes }) => bytes.toString('hex')))).toEqual(new Set([sent]));
  });

  it('exits with 1 if no agent listens', async () => {
    const { code, stdout, stderr } = await spop(['ping', await closedPort()]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^spop: could not connect to 127\.0\.0\.1:\d+: connect ECONNREFUSED/);
  });

  it('exits with 1 after its timeout if the peer is silent', async () => {
    const start = performance.now();
    const outcome = await spop(['ping', await listenAs(() => undefined), '--timeout', '300ms', '--json']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^spop: expected the AGENT-HELLO within \d+ ms\n/);
    expect(jsonLines(outcome)).toEqual([
      { error: { kind: 'timeout', message: expect.stringContaining('AGENT-HELLO') as unknown } },
    ]);
    expect(performance.now() - start).toBeLessThan(5000);
  });

  it.each([
    [0, 64],
    [7, 71],
    [99, 163],
    [300, 163],
  ])('answered by a DISCONNECT with status %i exits with %i', async (statusCode, code) => {
    const outcome = await spop(['ping', await answering(agentDisconnect({ statusCode, message: 'no' }).toBytes())]);
    expect(outcome).toMatchObject({ code, stdout: '' });
    expect(outcome.stderr).toContain(`the agent sent AGENT-DISCONNECT ${statusCode} "no"`);
  });

  it.each([
    ['text', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['a frame that lies', Buffer.from('0000000765000000010000ff', 'hex')],
    ['an AGENT-HELLO without a version', agentHello({ version: null }).toBytes()],
    ['nothing before the end', new Uint8Array(0)],
  ])('exits with 1 if the peer answers %s', async (_, bytes) => {
    const { code, stdout, stderr } = await spop(['ping', await answering(bytes)]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^spop: expected /);
  });

  it('shows no control characters of a peer', async () => {
    const bytes = agentDisconnect({ statusCode: 3, message: 'a\u001b[31mb\u009b31m\u202e' }).toBytes();
    const { stderr } = await spop(['ping', await answering(bytes)]);
    // oxlint-disable-next-line eslint/no-control-regex -- these must not be there
    expect(stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  });
});

describe('spop', () => {
  it('lists its commands with --help, and reports a usage error without a command', async () => {
    const asked = await spop(['--help']);
    expect(asked).toMatchObject({ code: 0, stderr: '' });
    expect(asked.stdout).toContain('ping');
    expect(await spop([])).toEqual({ code: 2, stdout: '', stderr: asked.stdout });
    expect((await spop(['--version'])).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await spop(['help', 'ping'])).stdout).toMatch(/^Usage: spop ping TARGET/);
  });

  it('wraps the paragraphs of a help, and no other lines', async () => {
    const { stdout } = await spop(['send', '--help']);
    expect(stdout).toMatch(/^ {2}192\.0\.2\.1, 2001:db8::1 {3}an IPV4 or an IPV6$/m);
  });

  it.each([
    [['pong'], 'there is no command "pong"', 'did you mean spop ping?'],
    [['everything'], 'there is no command "everything"', 'commands: ping, hello, send, '],
    [['ping'], 'expected the address of an agent; found none', 'write host:port'],
    [['ping', 'localhost'], 'expected an address; found "localhost"', 'write host:port'],
    [['ping', 'a:9', 'b'], 'expected nothing after "a:9"; found "b"', 'usage: spop ping'],
    [['ping', 'a:70000'], 'expected an address', 'write host:port'],
    [['ping', 'a:9', '--timeuot=3'], 'there is no option --timeuot', 'did you mean --timeout?'],
    [['ping', 'a:9', '--timeout'], 'the option --timeout needs a value', 'write --timeout TIME'],
    [['ping', 'a:9', '--timeout', 'soon'], 'expected a duration', '500ms'],
    [['ping', 'a:9', '--quiet=no'], 'the option --quiet takes no value', 'write --quiet alone'],
    [['ping', 'a:9', '--key', 'k.pem'], 'the option --key needs --cert', 'add --cert FILE'],
    [['ping', 'a:9', '--ca', '/nowhere'], 'could not read the file of --ca', 'check its path'],
    [
      ['hello', 'a:9', '--haproxy', '1.9'],
      'expected one of 2.6, 3.0, 3.1, 3.2, 3.4 for --haproxy',
      'the release of HAProxy',
    ],
  ])('refuses %j as a usage error', async (words, sentence, hint) => {
    const { code, stdout, stderr } = await spop(words);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    const [first, second, ...more] = stderr.trimEnd().split('\n');
    expect(first).toContain(`spop: ${sentence}`);
    expect(second).toContain(hint);
    expect(more).toEqual([]);
  });

  it('writes colours only to a terminal or on request', async () => {
    const wanted = await spop(['pong'], { env: { NO_COLOR: '', FORCE_COLOR: '1' } });
    expect(wanted.stderr).toContain('\u001b[');
    expect((await spop(['pong'])).stderr).not.toContain('\u001b[');
  });
});
