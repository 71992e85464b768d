import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { defineMessage, defineVariable, int32, string as text } from '@spop/codec';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Turn } from '../../src/turn.ts';
import { startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: text });
const number = defineVariable('txn', 'number', int32);

afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('a turn of the event loop', () => {
  it('is over for connections that have more to be read after 5 ms, until the next turn', () => {
    vi.useFakeTimers({ toFake: ['performance', 'setImmediate', 'clearImmediate'] });
    const turn = new Turn();
    const isOverAfter = (ms: number): boolean => {
      vi.setSystemTime(0);
      vi.spyOn(performance, 'now').mockReturnValue(ms);
      turn.beginBatch();
      return turn.isOver();
    };
    expect([1_000, 1_004.9, 1_005, 1_006].map(isOverAfter)).toEqual([false, false, true, true]);
    vi.runAllTicks();
    vi.advanceTimersToNextTimer();
    expect([1_006, 1_010, 1_011].map(isOverAfter)).toEqual([false, false, true]);
  });
});

describe('a peer that always has more to be read', () => {
  it('is read on after each turn that it gave up, and gets every answer', async () => {
    const isOver = vi.spyOn(Turn.prototype, 'isOver');
    const { target } = await startAgent({
      link: 'IPv4',
      // Slow enough for the socket's buffer to fill meanwhile.
      setup: (agent) =>
        agent.onMessage(ask, ({ id }, ack) => {
          for (let i = 0; i < 2_000; i++) id.byteAt(0);
          ack.set(number, 1);
        }),
    });
    if (!('port' in target)) throw new Error('the agent listens on no port');
    const flood = fork(fileURLToPath(new URL('flood.fixture.ts', import.meta.url)), [`${target.port}`], {
      execArgv: ['--conditions=@spop/source'],
    });
    onTestFinished(() => void flood.kill('SIGKILL'));
    const answers = await new Promise((resolve, reject) => {
      flood.once('message', resolve);
      flood.once('error', reject);
      flood.once('exit', (code) => reject(new Error(`exit code ${code}`)));
    });
    expect(answers).toEqual({ sent: 150_000, answered: 150_000 });
    expect(isOver.mock.results.map(({ value }) => value as boolean)).toContain(true);
  }, 30_000);
});
