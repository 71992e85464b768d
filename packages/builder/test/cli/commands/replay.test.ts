import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { SessionEvent } from '../../../src/cli/capture/session-file.ts';
import { command } from '../../../src/cli/commands/replay.ts';
import { ack, agentDisconnect, agentHello, data, type AckBuilder } from '../../../src/index.ts';
import { politely, type Answer } from '../../tiny-agent.ts';
import { agentAt, jsonOf, run, sessionFile, type Outcome } from '../run-command.ts';
import { asked, came, preset, sent } from '../replaying.ts';

function answer(streamId: number, value: number): AckBuilder {
  return ack({ streamId }).setVar('txn', 'a', data.int64(value));
}

/** A recorded connection with these NOTIFYs, whose answers were their stream-ids. */
function recorded(streamIds: readonly number[], connection: number = 1): SessionEvent[] {
  return [
    { seconds: 0, connection, kind: 'open' },
    sent(preset.hello(), 0, connection),
    came(agentHello(), connection),
    ...streamIds.flatMap((id) => [asked(id, 0, connection), came(answer(id, id), connection)]),
    { seconds: 0, connection, kind: 'close', from: 'haproxy' },
  ];
}

/** Answers each NOTIFY with `decide` of its stream-id: a value, or no ACK. */
function deciding(decide: (streamId: number) => number | undefined): Answer {
  return (frame, stream) => {
    if (frame.type !== 'NOTIFY') return politely()(frame, stream);
    const value = decide(Number(frame.streamId));
    return value === undefined ? [] : [answer(Number(frame.streamId), value)];
  };
}

const same = deciding((streamId) => streamId);
const other = deciding(() => 9);

async function replay(
  events: readonly SessionEvent[],
  agent: Answer,
  words: readonly string[] = [],
  isRedacted: boolean = false,
): Promise<Outcome> {
  return run(command, [await sessionFile(events, isRedacted), await agentAt(agent), ...words]);
}

/** The lines of stdout, without numbers of time. */
function linesOf({ stdout }: Outcome): string[] {
  return stdout
    .trimEnd()
    .replace(/ in \d+\.\d\d s$/m, '')
    .replace(/(?<=^milliseconds: ).*$/m, '…')
    .split('\n');
}

describe('spop replay', () => {
  it('counts answers that are the same', async () => {
    const outcome = await replay([...recorded([1, 2]), ...recorded([1], 2)], same);
    expect(linesOf(outcome)).toEqual([
      '3 ACKs are the same, 0 different, 0 missing, 0 added; 2 connections',
      'milliseconds: …',
    ]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('shows answers that are different or missing, and counts those that are added', async () => {
    const agent = deciding((streamId) => [0, 1, 9][streamId]);
    const outcome = await replay(
      recorded([1, 2, 3]),
      (frame, stream) => [...agent(frame, stream), ...(frame.streamId === 2n ? [answer(7, 7)] : [])],
      ['--timeout', '40'],
    );
    expect(linesOf(outcome)).toEqual([
      'connection 1, NOTIFY 2:1:',
      '  recorded  set-var txn.a = INT64 2',
      '  now       set-var txn.a = INT64 9',
      'connection 1, NOTIFY 3:1:',
      '  recorded  set-var txn.a = INT64 3',
      '  now       no ACK',
      '1 ACKs are the same, 1 different, 1 missing, 1 added; 1 connection',
      'milliseconds: …',
    ]);
    expect(outcome).toMatchObject({ code: 1, stderr: 'warning: connection 1: no answer came within 40 ms\n' });
  });

  it('has a line of JSON for each of them, and one for all', async () => {
    const start = performance.now();
    const outcome = await replay(
      recorded([1, 2, 3]),
      deciding((streamId) => [0, 1, 9][streamId]),
      ['--timeout', '40', '--json'],
    );
    const elapsed = performance.now() - start;
    const counts = { same: 1, different: 1, missing: 1, added: 0, connections: 1 };
    expect(jsonOf(outcome)).toEqual([
      { connection: 1, notify: '2:1', recorded: 'set-var txn.a = INT64 2', replayed: 'set-var txn.a = INT64 9' },
      { connection: 1, notify: '3:1', recorded: 'set-var txn.a = INT64 3' },
      {
        ...counts,
        seconds: expect.any(Number) as unknown,
        milliseconds: expect.objectContaining({ min: expect.any(Number) as unknown }) as unknown,
      },
    ]);
    const seconds = Number(/"seconds":([\d.]+)/.exec(outcome.stdout)?.[1]);
    expect(seconds).toBeGreaterThan(0.03);
    expect(seconds * 1000).toBeLessThanOrEqual(elapsed);
    expect(outcome.code).toBe(1);
  });

  it.each([
    [20, 20, []],
    [21, 20, ['1 more are different or missing']],
    [23, 20, ['3 more are different or missing']],
  ])('of %i differences it shows %i', async (count, shown, more) => {
    const ids = Array.from({ length: count }, (_, index) => index + 10);
    const lines = linesOf(await replay(recorded(ids), other));
    expect(lines.filter((line) => line.startsWith('connection 1, NOTIFY'))).toHaveLength(shown);
    expect(lines.slice(3 * shown)).toEqual([
      ...more,
      `0 ACKs are the same, ${count} different, 0 missing, 0 added; 1 connection`,
      'milliseconds: …',
    ]);
  });

  it('has connections in the order of their numbers', async () => {
    const events = [...recorded([1], 2), ...recorded([1], 3), ...recorded([1], 1)];
    const lines = linesOf(await replay(events, other));
    expect(lines.filter((line) => line.startsWith('connection '))).toEqual([
      'connection 1, NOTIFY 1:1:',
      'connection 2, NOTIFY 1:1:',
      'connection 3, NOTIFY 1:1:',
    ]);
  });

  it('has no latencies without an answer, and takes nothing of HAProxy for one', async () => {
    const outcome = await replay([sent(preset.hello()), sent(answer(1, 1)), sent(agentDisconnect())], politely());
    expect(linesOf(outcome)).toEqual(['0 ACKs are the same, 0 different, 0 missing, 0 added; 1 connection']);
    const [all] = jsonOf(await replay([sent(preset.hello())], politely(), ['--json']));
    expect(all).not.toHaveProperty('milliseconds');
  });

  it('compares no values of a redacted session', async () => {
    expect(await replay(recorded([1, 2]), other, [], true)).toMatchObject({ code: 0, stderr: '' });
  });

  it.each<[name: string, agent: Answer, code: number]>([
    [
      'as many are different as are added',
      (frame, stream) => [...other(frame, stream), ...(frame.type === 'NOTIFY' ? [answer(5, 5)] : [])],
      1,
    ],
    [
      'one is added',
      (frame, stream) => [...same(frame, stream), ...(frame.type === 'NOTIFY' ? [answer(5, 5)] : [])],
      1,
    ],
    ['one is different', other, 1],
    ['one is missing', deciding(() => undefined), 1],
    ['all are the same', same, 0],
  ])('exits as it should if %s', async (_, agent, code) => {
    expect((await replay(recorded([1]), agent, ['--timeout', '40'])).code).toBe(code);
  });

  it.each([
    ['was not recorded', 5, [], 64 + 5],
    ['was recorded', 5, [came(agentDisconnect({ statusCode: 5 }))], 1],
    ['is 0', 0, [], 1],
  ])('tells of the status of an AGENT-DISCONNECT that %s', async (_, statusCode, more, code) => {
    const outcome = await replay([...recorded([1]), ...more], (frame, stream) => {
      if (frame.type === 'NOTIFY') setImmediate(() => stream.end());
      return frame.type === 'NOTIFY' ? [agentDisconnect({ statusCode })] : politely()(frame, stream);
    });
    expect(outcome).toMatchObject({ code, stderr: 'warning: connection 1: the agent closed the connection\n' });
  });

  it('tells of the status of any connection', async () => {
    const outcome = await replay(
      [...recorded([1]), ...recorded([2], 2)],
      (frame, stream) => (frame.streamId === 2n ? [agentDisconnect({ statusCode: 6 })] : same(frame, stream)),
      ['--timeout', '40'],
    );
    expect(outcome.code).toBe(64 + 6);
  });

  it.each([
    [[], 'expected a session file; found none'],
    [['a', 'b', 'c'], 'expected nothing after "b"; found "c"'],
  ])('refuses %j', async (words, message) => {
    await expect(run(command, words)).rejects.toMatchObject({ name: 'UsageError', message });
  });
});

describe('the connections of spop replay', () => {
  it('begin at their recorded times', async () => {
    const times: number[] = [];
    const events = [sent(preset.hello()), sent(preset.hello(), 0.04, 2)];
    const outcome = await replay(events, (frame, stream) => {
      if (frame.type === 'HAPROXY-HELLO') times.push(performance.now());
      return politely()(frame, stream);
    });
    expect(outcome.code).toBe(0);
    // Timers may end a millisecond early.
    expect(times[1]! - times[0]!).toBeGreaterThan(25);
  });

  it.each([
    ['at once', 22, 0, []],
    ['20 at once with --fast, whenever they were recorded', 20, 3600, ['--fast']],
  ])('are open %s', async (_, count, seconds, words) => {
    const warnings = vi.spyOn(process, 'emitWarning');
    onTestFinished(() => warnings.mockRestore());
    const waiting = new Map<Duplex, Uint8Array>();
    let [most, isFull] = [0, false];
    // The last of them is given time to come, and those behind it too.
    const answerAll = (): void => {
      isFull = true;
      for (const [stream, bytes] of waiting) stream.write(bytes);
      waiting.clear();
    };
    const events = Array.from({ length: 22 }, (_each, index) => [
      sent(preset.hello(), seconds, index + 1),
      asked(1, seconds, index + 1),
    ]);
    const outcome = await replay(
      events.flat(),
      (frame, stream) => {
        if (frame.type !== 'NOTIFY' || isFull) return politely()(frame, stream);
        waiting.set(stream, ack(frame).toBytes());
        most = Math.max(most, waiting.size);
        if (waiting.size === count) setTimeout(answerAll, 20);
        return [];
      },
      words,
    );
    expect(most).toBe(count);
    expect(linesOf(outcome)[0]).toBe('0 ACKs are the same, 0 different, 0 missing, 22 added; 22 connections');
    expect(warnings).not.toHaveBeenCalled();
  });

  it('are given up if one cannot be opened', async () => {
    const session = await sessionFile([sent(preset.hello()), sent(preset.hello(), 3600, 2)]);
    await expect(run(command, [session, 'unix:/nowhere/agent.sock'])).rejects.toMatchObject({
      name: 'PeerFailure',
      message: 'could not connect to unix:/nowhere/agent.sock: connect ENOENT /nowhere/agent.sock',
    });
  });
});
