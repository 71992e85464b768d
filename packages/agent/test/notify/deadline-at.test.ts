import { setTimeout as sleep } from 'node:timers/promises';
import { defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { NotifyContext } from '../../src/index.ts';
import { eventually, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const other = defineMessage('other', {});
const answer = defineVariable('txn', 'answer', string);

/** The values that a handler sees, before and after it waits. */
interface Seen {
  readonly at: number;
  readonly deadlineAt: number;
  readonly isAnswered: boolean;
}

function look({ deadlineAt, isAnswered }: NotifyContext): Seen {
  return { at: performance.now(), deadlineAt, isAnswered };
}

describe('notify.deadlineAt and notify.isAnswered', () => {
  it('give a handler its deadline, and are past and true afterwards', async () => {
    const seen: Seen[] = [];
    let kept: NotifyContext | undefined;
    const { connect } = await startAgent({
      processingTimeoutMs: 20_000,
      setup: (agent) =>
        agent.onMessage(ask, async (_, ack, notify) => {
          kept = notify;
          seen.push(look(notify));
          await Promise.resolve();
          seen.push(look(notify));
          ack.set(answer, 'yes');
        }),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    const [before, after] = seen as [Seen, Seen];
    expect([before.isAnswered, after.isAnswered]).toEqual([false, false]);
    for (const { at, deadlineAt } of seen) {
      expect(deadlineAt).toBeGreaterThan(before.at + 19_999);
      expect(deadlineAt).toBeLessThan(at + 20_001);
    }
    expect(look(kept!)).toMatchObject({ deadlineAt: 0, isAnswered: true });
  });

  it('are Infinity and false without processingTimeoutMs, for a synchronous handler as well', async () => {
    const seen: Seen[] = [];
    let kept: NotifyContext | undefined;
    const { connect } = await startAgent({
      processingTimeoutMs: 0,
      setup: (agent) =>
        agent.onMessage(ask, (_, __, notify) => {
          kept = notify;
          seen.push(look(notify));
        }),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    expect(seen).toMatchObject([{ deadlineAt: Infinity, isAnswered: false }]);
    expect(look(kept!)).toMatchObject({ deadlineAt: 0, isAnswered: true });
  });

  it.each([
    ['the deadline has passed', 20, 'late'],
    ['its own deadline has passed, and not that of another handler', 20, 'several'],
  ])('show it when %s, also to a listener of the signal', async (_, processingTimeoutMs, kind) => {
    const seen: boolean[] = [];
    const longest: number[] = [];
    const { connect } = await startAgent({
      processingTimeoutMs,
      setup: (agent) => {
        agent.onMessage(ask, async (__, ___, notify) => {
          const { signal } = notify;
          signal.addEventListener('abort', () => seen.push(notify.isAnswered, notify.deadlineAt === 0));
          seen.push(notify.isAnswered);
          longest.push(notify.deadlineAt - performance.now());
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
          seen.push(notify.isAnswered);
        });
        if (kind === 'several') agent.onMessage(other, () => sleep(60), { timeoutMs: 60_000 });
      },
    });
    const peer = await connect();
    const built = peer.preset.notify().message(ask, { id: '1' });
    await peer.hello();
    expect((await peer.notify(kind === 'several' ? built.message(other, {}) : built)).actions).toEqual([]);
    await eventually(() => seen.length === 4);
    // The deadline is the NOTIFY's: the latest of its handlers.
    expect(seen).toEqual([false, true, true, true]);
    expect(longest[0]! > 1_000).toBe(kind === 'several');
  });

  it('show it when the connection has ended', async () => {
    let kept: NotifyContext | undefined;
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (_, __, notify) => {
          kept = notify;
          return new Promise(() => {});
        }),
    });
    const peer = await connect();
    await peer.hello();
    peer.send(peer.preset.notify().message(ask, { id: '1' }));
    await eventually(() => kept !== undefined && !kept.isAnswered);
    peer.close();
    await eventually(() => kept!.isAnswered);
    expect(kept!.deadlineAt).toBe(0);
  });
});
