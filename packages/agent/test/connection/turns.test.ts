import { fork } from 'node:child_process';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type Cut, Turn } from '../../src/turn.ts';
import { startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

afterEach(() => {
  vi.restoreAllMocks();
});

/** A turn at `now` ms, and the connections that wait in it; each spends `eachMs` in its turn. */
function setup(eachMs: number = 0) {
  let now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  const turn = new Turn();
  const taken: string[] = [];
  const spend = (ms: number): void => void (now += ms);
  const cut = (name: string): Cut => ({
    takeTurn: () => {
      taken.push(name);
      spend(eachMs);
    },
  });
  /** Begins a batch, and returns whether it is over after each of `steps` ms. */
  const isOverAfter = (...steps: readonly number[]): boolean[] => {
    turn.beginBatch();
    return steps.map((ms) => {
      spend(ms);
      return turn.isOver();
    });
  };
  return { turn, taken, spend, cut, isOverAfter };
}

describe('Turn', () => {
  it('gives a batch that is alone 4 ms', () => {
    expect(setup().isOverAfter(1, 0.5, 1, 0.25, 0.5, 0.5)).toEqual([false, false, false, false, false, true]);
  });

  it('ends a batch if a step as long as its last one would exceed 4 ms', () => {
    expect(setup().isOverAfter(1.25, 1.25, 1.25)).toEqual([false, false, true]);
    expect(setup().isOverAfter(2)).toEqual([true]);
    expect(setup().isOverAfter(1.875)).toEqual([false]);
  });

  it('gives all batches together 4 ms in one round of the event loop', async () => {
    const { isOverAfter, turn, spend } = setup();
    expect(isOverAfter(1.25, 1.25)).toEqual([false, false]);
    turn.countBatch();
    expect(isOverAfter(0.5, 0.5)).toEqual([false, true]);
    expect(isOverAfter(0)).toEqual([false]);
    expect(isOverAfter(0.5)).toEqual([true]);
    await nextTurn();
    spend(100);
    expect(isOverAfter(1.25, 1.25, 0.75)).toEqual([false, false, true]);
  });

  it('counts batches that are too short for a check of the time', () => {
    const { isOverAfter, turn, spend } = setup();
    for (let i = 0; i < 50; i++) {
      turn.beginBatch();
      spend(0.1);
      turn.countBatch();
    }
    expect(isOverAfter(0.1)).toEqual([true]);
  });

  it('counts the time between batches in the same turn, such as for promises of handlers', () => {
    const { isOverAfter, spend, turn } = setup();
    expect(turn.isUsedUp()).toBe(false);
    spend(3.9);
    expect(turn.isUsedUp()).toBe(false);
    spend(0.1);
    expect(turn.isUsedUp()).toBe(true);
    expect(isOverAfter(0)).toEqual([true]);
  });

  it('does not count the time in which there is nothing to read', () => {
    const { isOverAfter, turn, spend } = setup();
    for (let i = 0; i < 100; i++) {
      turn.beginBatch();
      spend(0.002);
      turn.countBatch();
      spend(1_000);
    }
    expect(isOverAfter(1.75)).toEqual([false]);
  });

  it('lets waiting connections go on in their order, after the event loop has read from others', async () => {
    const { cut, taken, turn } = setup();
    for (const name of ['a', 'b', 'c']) turn.wait(cut(name));
    expect(taken).toEqual([]);
    await nextTurn();
    expect(taken).toEqual(['a', 'b', 'c']);
  });

  it('gives 4 ms to all waiting connections, and goes on with the next in the next turn', async () => {
    const { cut, taken, turn } = setup(1.5);
    for (const name of ['a', 'b', 'c', 'd', 'e']) turn.wait(cut(name));
    await nextTurn();
    expect(taken).toEqual(['a', 'b', 'c']);
    await nextTurn();
    expect(taken).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('gives waiting connections what other reads have left of 4 ms', async () => {
    const { cut, taken, isOverAfter, turn } = setup(0.75);
    for (const name of ['a', 'b', 'c', 'd', 'e']) turn.wait(cut(name));
    isOverAfter(2);
    await nextTurn();
    expect(taken).toEqual(['a', 'b', 'c']);
  });

  it('gives waiting connections 1 ms at least, however long other reads took', async () => {
    const { cut, taken, isOverAfter, turn } = setup(0.75);
    for (const name of ['a', 'b', 'c', 'd', 'e']) turn.wait(cut(name));
    isOverAfter(100);
    await nextTurn();
    expect(taken).toEqual(['a', 'b']);
    isOverAfter(100);
    await nextTurn();
    expect(taken).toEqual(['a', 'b', 'c', 'd']);
  });

  it('gives the reads after the turns of waiting connections 4 ms of their own', async () => {
    const { cut, isOverAfter, turn } = setup(3);
    turn.wait(cut('a'));
    await nextTurn();
    expect(isOverAfter(1.25, 1.25, 0.75)).toEqual([false, false, true]);
  });

  it('gives a connection that is cut short again its turn after all others', async () => {
    const { taken, turn } = setup();
    const again: Cut = {
      takeTurn: () => {
        taken.push('again');
        if (taken.length < 4) turn.wait(again);
      },
    };
    turn.wait(again);
    turn.wait({ takeTurn: () => void taken.push('other') });
    await nextTurn();
    expect(taken).toEqual(['again', 'other']);
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(taken).toEqual(['again', 'other', 'again', 'again']);
  });

  it('gives each a part of 4 ms if others wait, and checks the time more often', () => {
    const { cut, isOverAfter, turn } = setup();
    turn.beginBatch();
    const { stride } = turn;
    for (let i = 0; i < 9; i++) turn.wait(cut(`${i}`));
    expect(isOverAfter(0.125, 0.125, 0.125)).toEqual([false, false, true]);
    expect(turn.stride).toBe(stride / 4);
  });

  it('checks the time less often, up to a point, while frames take little time', () => {
    const { spend, turn } = setup();
    turn.beginBatch();
    const { stride } = turn;
    const stridesAfter = (...steps: readonly number[]): number[] =>
      steps.map((ms) => {
        spend(ms);
        turn.isOver();
        return turn.stride / stride;
      });
    expect(stridesAfter(0.05, 0.05, 0.05, 0.05, 0.05, 0.05, 0.2, 0.05)).toEqual([2, 4, 8, 16, 32, 32, 1, 2]);
    turn.beginBatch();
    expect(turn.stride).toBe(2 * stride);
  });

  it('gives no turn to a connection that no longer waits', async () => {
    const { cut, taken, turn } = setup();
    const gone = cut('gone');
    turn.wait(gone);
    turn.wait(cut('other'));
    turn.stopWaiting(gone);
    await nextTurn();
    expect(taken).toEqual(['other']);
  });

  it('reports when the current batch was read, and the time until it was answered', () => {
    const { spend, turn } = setup();
    turn.beginBatch();
    expect([turn.batchReadAt, turn.batchStartedAt]).toEqual([1_000, 1_000]);
    spend(3);
    turn.beginBatch(1_000);
    expect([turn.batchReadAt, turn.batchStartedAt]).toEqual([1_000, 1_003]);
    spend(2);
    expect(turn.countBatch()).toBe(5);
  });
});

describe('a peer that always has more bytes to read', () => {
  it('is read on after each interrupted turn, and gets every answer', async () => {
    const isOver = vi.spyOn(Turn.prototype, 'isOver');
    const { target } = await startAgent({
      link: 'IPv4',
      // The handler is slow enough for the socket's buffer to fill meanwhile.
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
    // Counting coverage makes the handler several times as slow.
  }, 120_000);
});
