import { address, binary, defineMessage, defineVariable, int32, optional, string, uint64 } from '@spop/codec';
import { ack, agentHello, parseStream } from '@spop/builder';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createAgent, type AgentOptions } from '../../src/index.ts';
import { jsonLines, listenAs, spop } from './run-spop.ts';

const check = defineMessage('check', { ip: address, text: optional(string), body: optional(binary) });
const score = defineVariable('sess', 'ip_score', int32);
const seen = defineVariable('txn', 'seen', string);
const big = defineVariable('txn', 'big', uint64);

/** An agent that answers with the arguments of the message. */
async function agentPort(options: AgentOptions = {}): Promise<string> {
  const agent = createAgent(options);
  onTestFinished(() => agent.close({ graceMs: 0 }));
  agent.onMessage(check, ({ ip, text, body }, ack) => {
    ack.set(score, ip.equals('192.0.2.1') ? 100 : 0);
    if (text !== undefined) ack.set(seen, text.toString());
    if (body !== undefined) ack.set(big, 2n ** 63n).unset(seen);
  });
  const listening = await agent.listen({ port: 0 });
  return 'port' in listening ? `127.0.0.1:${listening.port}` : '';
}

/** An agent that answers each NOTIFY with an ACK of actions, right or wrong. */
function answering(actions: (empty: ReturnType<typeof ack>) => ReturnType<typeof ack>): Promise<string> {
  return listenAs((socket) => {
    socket.on('data', (chunk) => {
      for (const frame of parseStream(chunk).frames) {
        if (frame.type === 'HAPROXY-HELLO') socket.write(agentHello().toBytes());
        if (frame.type === 'NOTIFY') socket.write(actions(ack(frame)).toBytes());
        if (frame.type === 'HAPROXY-DISCONNECT') socket.end();
      }
    });
  });
}

describe('spop send', () => {
  it('shows the actions with the names that the variables have in HAProxy', async () => {
    const words = ['send', await agentPort(), 'check', 'ip=192.0.2.1', 'text=ab c'];
    expect(await spop([...words, '--var-prefix', 'rep'])).toEqual({
      code: 0,
      stdout: `variable           type    value
sess.rep.ip_score  INT32   100
txn.rep.seen       STRING  "ab c"
`,
      stderr: '',
    });
    expect((await spop(words)).stdout).toContain('sess.<prefix>.ip_score  INT32   100\n');
  });

  it.each(['2.6', '3.0', '3.1', '3.2', '3.4'])('acts as HAProxy %s, and writes JSON', async (release) => {
    const words = ['send', await agentPort(), 'check', 'ip=::1', 'text=null', '--haproxy', release, '--json'];
    expect(jsonLines(await spop([...words, '--var-prefix', 'rep']))).toEqual([
      {
        count: 1,
        milliseconds: expect.any(Number) as unknown,
        streamId: release < '3.1' ? 0 : 1,
        frameId: 1,
        actions: [
          {
            type: 'set-var',
            scope: 'sess',
            name: 'ip_score',
            variable: 'sess.rep.ip_score',
            value: { type: 'int32', value: 0 },
          },
        ],
      },
    ]);
  });

  it('reads stdin, and reports actions that a later one overrides and actions that HAProxy misreads', async () => {
    const words = ['send', await agentPort(), 'check', 'ip=192.0.2.2', 'text=x', 'body=@-'];
    const { code, stdout, stderr } = await spop(words, { input: Uint8Array.of(1, 0xff) });
    expect(stdout).toContain('a later action decides');
    expect(stdout).toMatch(/^txn\.<prefix>\.seen +unset$/m);
    expect(stderr).toContain('integer-turns-negative');
    expect(code).toBe(0);
    expect(jsonLines(await spop([...words, '--json'], { input: 'x' }))).toMatchObject([
      { actions: [{}, {}, { value: { type: 'uint64', value: '9223372036854775808' } }, { type: 'unset-var' }] },
    ]);
  });

  it('says that there are no actions', async () => {
    expect(
      await spop(['send', await agentPort({ hooks: { unhandledNotify: () => undefined } }), 'nobody-knows-this']),
    ).toMatchObject({
      code: 0,
      stdout: 'no actions\n',
    });
  });

  it('exits with 1 if HAProxy ignores an action, and names it', async () => {
    const target = await answering((empty) => empty.setVar('txn', 'ip-score', 1));
    const { code, stdout, stderr } = await spop(['send', target, 'm']);
    expect(code).toBe(1);
    expect(stdout).toContain('txn.<prefix>.ip-score');
    expect(stderr).toContain('error variable-name-characters: expected letters, digits, _ and . in a variable name');
  });

  it('says that a NOTIFY is too long for HAProxy, and sends fragments if that release does', async () => {
    const words = ['send', await agentPort(), 'check', 'ip=192.0.2.1', 'body=@-'];
    const input = 'x'.repeat(20_000);
    const refused = await spop(words, { input });
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(
      /^spop: HAProxy 3\.2 does not send a NOTIFY of 200\d\d bytes where 16380 were agreed/,
    );
    expect(await spop([...words, '--haproxy', '3.0'], { input })).toMatchObject({ code: 0 });
  });

  it('repeats, on as many connections as needed, and reports the time', async () => {
    const target = await agentPort();
    const words = ['send', target, 'check', 'ip=192.0.2.1', '-n', '300', '-c', '50'];
    const { code, stdout, stderr } = await spop(words);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/^300 of 300 ACKs:\nvariable .*\nsess\.<prefix>\.ip_score  INT32  100\n\n/);
    expect(stdout).toMatch(/\n300 NOTIFYs of 22 bytes in [\d.]+ s, 50 at a time on 3 connections: [\d,]+ a second\n/);
    expect(stdout).toMatch(
      /\nmilliseconds: min [\d.]+, p50 [\d.]+, p90 [\d.]+, p99 [\d.]+, p99\.9 [\d.]+, max [\d.]+\n$/,
    );
    const [answer, summary] = jsonLines(await spop([...words, '--json']));
    expect(answer).toMatchObject({ count: 300 });
    expect(summary).toMatchObject({
      notifies: 300,
      asked: 300,
      connections: 3,
      milliseconds: { min: expect.any(Number) as unknown },
    });
  });

  it('counts different answers apart', async () => {
    let number = 0;
    const target = await answering((empty) => empty.setVar('txn', 'n', number++ % 3 === 0 ? 1 : 2));
    const { stdout } = await spop(['send', target, 'm', '--repeat', '9']);
    expect(stdout).toContain('3 of 9 ACKs:');
    expect(stdout).toContain('6 of 9 ACKs:');
  });

  it('reports the answers before a failure', async () => {
    let number = 0;
    const target = await listenAs((socket) => {
      socket.on('data', (chunk) => {
        for (const frame of parseStream(chunk).frames) {
          if (frame.type === 'HAPROXY-HELLO') socket.write(agentHello().toBytes());
          else if (number++ < 3) socket.write(ack(frame).toBytes());
        }
      });
    });
    const { code, stdout, stderr } = await spop(['send', target, 'm', '-n', '9', '--timeout', '300ms']);
    expect(code).toBe(1);
    expect(stdout).toContain('3 NOTIFYs of');
    expect(stderr).toMatch(/^spop: expected the ACK of NOTIFY 7:1 within 300 ms/m);
  });

  it.each([
    [['send', ':9'], 'expected the name of a message; found none'],
    [['send', ':9', 'm', '--repeat', '0'], 'expected --repeat to be a whole number from 1 to 10000000; found "0"'],
    [['send', ':9', 'm', '--concurrency', 'x'], 'expected --concurrency to be a whole number from 1'],
  ])('refuses %j as a usage error', async (words, sentence) => {
    const outcome = await spop(words);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
  });
});
