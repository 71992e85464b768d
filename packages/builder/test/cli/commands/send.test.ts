import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { command } from '../../../src/cli/commands/send.ts';
import { Output } from '../../../src/cli/output.ts';
import { ack, agentDisconnect, agentHello, data, notify } from '../../../src/index.ts';
import { politely, type Answer } from '../../tiny-agent.ts';
import { agentAt, jsonOf, run, signal, start, type Outcome } from '../run-command.ts';

const setting = politely((_, empty) => empty.setVar('txn', 'a', data.int32(7)));
/** The message m without arguments. */
const BYTES = notify().message('m').toBytes().length - 4;

async function send(agent: Answer, ...words: readonly string[]): Promise<Outcome> {
  return run(command, [await agentAt(agent), 'm', ...words]);
}

/** The lines of stdout, without numbers of time. */
function linesOf({ stdout }: Pick<Outcome, 'stdout'>): string[] {
  return stdout
    .replace(/in \d+\.\d\d s/, 'in N s')
    .replace(/[\d,]+ a second/, 'N a second')
    .replace(/(?<=^milliseconds: ).*$/m, '…')
    .split('\n');
}

describe('spop send', () => {
  it('shows the actions of the answer', async () => {
    const outcome = await send(setting, '--var-prefix', 'p');
    expect(linesOf(outcome)).toEqual(['variable  type   value', 'txn.p.a   INT32  7', '']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('says that there are none', async () => {
    expect(await send(politely())).toEqual({ code: 0, stdout: 'no actions\n', stderr: '' });
  });

  it('has them in JSON, with the time', async () => {
    const outcome = await send(setting, '--json');
    const actions = [{ type: 'set-var', scope: 'txn', name: 'a', value: { type: 'int32', value: 7 } }];
    const milliseconds: unknown = expect.any(Number);
    expect(jsonOf(outcome)).toEqual([{ count: 1, milliseconds, streamId: 1, frameId: 1, actions }]);
  });

  it('fails for an action that HAProxy would ignore, and shows it', async () => {
    const outcome = await send(politely((_, empty) => empty.setVar('txn', 'a-b', data.int32(7))));
    expect(linesOf(outcome)).toEqual(['variable          type   value', 'txn.<prefix>.a-b  INT32  7', '']);
    expect(outcome.code).toBe(1);
    expect(outcome.stderr).toMatch(/^warning: .*a-b.*\n$/s);
  });

  it('complains of an agent that closes without an AGENT-DISCONNECT', async () => {
    const outcome = await send((frame, stream) => {
      if (frame.type !== 'HAPROXY-DISCONNECT') return politely()(frame, stream);
      stream.end();
      return [];
    });
    expect(outcome).toMatchObject({
      code: 0,
      stderr: 'warning: the agent closed the connection without an AGENT-DISCONNECT\n',
    });
  });

  it.each([
    [[], 'expected the address of an agent; found none'],
    [['a:1', '--repeat', '0', 'm'], 'expected --repeat to be a whole number from 1 to 10000000; found "0"'],
    [['a:1', '--concurrency', '0', 'm'], 'expected --concurrency to be a whole number from 1 to 10000; found "0"'],
  ])('refuses %j', async (words, message) => {
    await expect(run(command, words)).rejects.toMatchObject({ name: 'UsageError', message });
  });
});

describe('spop send --repeat', () => {
  it('counts the same answers, and shows how long they took', async () => {
    const outcome = await send(politely(), '--repeat', '1200');
    expect(linesOf(outcome)).toEqual([
      '1,200 of 1,200 ACKs:',
      'no actions',
      '',
      `1,200 NOTIFYs of ${BYTES} bytes in N s, 1 at a time on 1 connection: N a second`,
      'milliseconds: …',
      '',
    ]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows 10 different answers, and counts the others', async () => {
    let count = 0;
    const agent = politely((_, empty) => empty.setVar('txn', 'a', data.int32(count++)));
    const lines = linesOf(await send(agent, '--repeat', '13'));
    expect(lines.slice(0, 8)).toEqual([
      '1 of 13 ACKs:',
      'variable        type   value',
      'txn.<prefix>.a  INT32  0',
      '',
      '1 of 13 ACKs:',
      'variable        type   value',
      'txn.<prefix>.a  INT32  1',
      '',
    ]);
    expect(lines.slice(40, 42)).toEqual(['3 of 13 ACKs are different from all of these', '']);
  });

  it('has no more in flight than it sends, on as many connections as it needs', async () => {
    const agent: Answer = (frame, stream) =>
      frame.type === 'HAPROXY-HELLO' ? [agentHello({ capabilities: '' })] : politely()(frame, stream);
    const outcome = await send(agent, '--repeat', '2', '--concurrency', '5');
    expect(linesOf(outcome)[3]).toBe(`2 NOTIFYs of ${BYTES} bytes in N s, 2 at a time on 2 connections: N a second`);
  });

  it('has answers and latencies in JSON', async () => {
    const begun = performance.now();
    const outcome = await send(politely(), '--repeat', '3', '--json');
    const elapsed = performance.now() - begun;
    const lines = jsonOf(outcome);
    expect(lines[0]).toStrictEqual({ count: 3, streamId: 1, frameId: 1, actions: [] });
    const [, seconds = Number.NaN] = (/"seconds":([\d.e-]+)/.exec(outcome.stdout) ?? []).map(Number);
    const number: unknown = expect.any(Number);
    expect(lines.slice(1)).toStrictEqual([
      {
        notifies: 3,
        asked: 3,
        seconds,
        perSecond: Math.round(3 / seconds),
        connections: 1,
        milliseconds: { min: number, p50: number, p90: number, p99: number, 'p99.9': number, max: number },
      },
    ]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds * 1000).toBeLessThanOrEqual(elapsed);
  });

  it('tells of its progress each 200 ms, until its end', async () => {
    const progress = vi.spyOn(Output.prototype, 'progress');
    const [started, cleared] = [vi.spyOn(globalThis, 'setInterval'), vi.spyOn(globalThis, 'clearInterval')];
    onTestFinished(() => {
      for (const spy of [progress, started, cleared]) spy.mockRestore();
    });
    await send(politely(), '--repeat', '1001');
    const index = started.mock.calls.findIndex(([, milliseconds]) => milliseconds === 200);
    const [tell] = started.mock.calls[index] ?? [];
    progress.mockClear();
    tell?.();
    expect(progress.mock.calls).toEqual([['1,001 of 1,001 ACKs']]);
    expect(cleared).toHaveBeenCalledWith(started.mock.results[index]?.value);
  });

  it('stops with SIGINT, says so, and listens to it no more', async () => {
    const before = process.listeners('SIGINT');
    let count = 0;
    const agent = politely((_, empty) => {
      if (++count === 1000) signal('SIGINT', before);
      return empty;
    });
    const outcome = await send(agent, '--repeat', '2000');
    expect(linesOf(outcome)[0]).toBe('1,000 of 1,000 ACKs:');
    expect(outcome).toMatchObject({ code: 1, stderr: 'warning: stopped after 1,000 of 2,000\n' });
    expect(process.listeners('SIGINT')).toEqual(before);
  });

  it.each([
    [0, ['']],
    [
      2,
      [
        '2 of 2 ACKs:',
        'no actions',
        '',
        `2 NOTIFYs of ${BYTES} bytes in N s, 1 at a time on 1 connection: N a second`,
        'milliseconds: …',
        '',
      ],
    ],
  ])('shows the %i answers before a failure', async (most, lines) => {
    let count = 0;
    const target = await agentAt((frame, stream) => {
      if (frame.type !== 'NOTIFY') return politely()(frame, stream);
      return [count++ < most ? ack(frame) : agentDisconnect({ statusCode: 4 })];
    });
    const { ended, texts } = start(command, [target, 'm', '--repeat', '5']);
    await expect(ended).rejects.toMatchObject({ kind: 'disconnected', statusCode: 4 });
    expect(linesOf(texts)).toEqual(lines);
  });
});
