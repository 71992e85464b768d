import '@spop/builder/vitest';
import { type Actions, defineMessage, defineVariable, string as text } from '@spop/codec';
import { string } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import type { NotifyContext } from '../../src/index.ts';
import { eventually, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: text });
const other = defineMessage('other', {});
const answer = defineVariable('txn', 'answer', text);

const fallback = (ack: Actions): void => void ack.set(answer, 'fallback');
const failed = (cause: Error): Error => new Error('A handler of the NOTIFY failed', { cause });

/** Handlers that wait, for the test to let go of one by one. */
class Waiting {
  readonly contexts: NotifyContext[] = [];
  readonly settle: (() => void)[] = [];

  readonly handler = (_: unknown, __: unknown, notify: NotifyContext): Promise<void> => {
    this.contexts.push(notify);
    return new Promise((resolve, reject) => {
      this.settle.push(this.settle.length % 2 === 0 ? resolve : () => reject(new Error('too late')));
    });
  };
}

describe('the signal of a NOTIFY', () => {
  it('that is first read after the deadline is aborted', async () => {
    const { contexts, handler } = new Waiting();
    const { connect } = await startAgent({ processingTimeoutMs: 10, setup: (a) => a.onMessage(ask, handler) });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    const signal = contexts[0]?.signal;
    expect(signal).toMatchObject({ aborted: true, reason: new Error('No answer within 10 ms') });
    expect(contexts[0]?.signal).toBe(signal);
  });

  it('that is first read after the connection ended is aborted', async () => {
    const { contexts, handler } = new Waiting();
    const { agent, connect } = await startAgent({ link: 'IPv4', setup: (a) => a.onMessage(ask, handler) });
    const peer = await connect();
    await peer.hello();
    peer.send(peer.preset.notify().message(ask, { id: '1' }));
    await eventually(() => contexts.length === 1);
    peer.close();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(contexts[0]?.signal).toMatchObject({
      aborted: true,
      reason: new Error('The connection to HAProxy ended'),
    });
  });

  it('that is first read after an AGENT-DISCONNECT is aborted', async () => {
    const { contexts, handler } = new Waiting();
    const { connect } = await startAgent({ setup: (a) => a.onMessage(ask, handler) });
    const peer = await connect();
    await peer.hello();
    peer.send(peer.preset.notify().message(ask, { id: '1' }), peer.preset.hello());
    expect(await peer.receive()).toBeDisconnect(4);
    expect(contexts[0]?.signal).toMatchObject({ aborted: true, reason: new Error('The connection to HAProxy ends') });
  });

  it('is not aborted where its handlers answered', async () => {
    const contexts: NotifyContext[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent
          .onMessage(ask, async (_, __, notify) => {
            contexts.push(notify);
            await Promise.resolve();
          })
          .onNotify((notify) => void contexts.push(notify)),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false, false]);
  });
});

describe.each([
  [
    'throws',
    (error: Error): never => {
      throw error;
    },
  ],
  ['rejects', (reason: Error): Promise<never> => Promise.reject(reason)],
])('a handler that %s', (_, fail) => {
  it.each(['before', 'after'])(
    'aborts the signal of its siblings, read %s that, and their settling counts as late',
    async (when) => {
      const error = new Error('broken');
      const { contexts, handler, settle } = new Waiting();
      const reasons: unknown[] = [];
      const { agent, connect, reports } = await startAgent({
        fallback,
        setup: (a) =>
          a
            .onMessage(ask, (message, ack, notify) => {
              if (when === 'before') notify.signal.addEventListener('abort', () => reasons.push(notify.signal.reason));
              return handler(message, ack, notify);
            })
            .onMessage(other, handler)
            .onNotify(() => fail(error)),
      });
      const peer = await connect();
      const notify = peer.preset.notify().message(ask, { id: '1' }).message(other, {}).message(ask, { id: '2' });
      await peer.hello();
      expect(await peer.notify(notify)).toSetVar('txn', 'answer', string('fallback'));
      expect(contexts).toHaveLength(3);
      expect(contexts[0]?.signal).toMatchObject({ aborted: true, reason: failed(error) });
      expect(contexts[0]?.signal.reason).toHaveProperty('cause', error);
      expect(reasons).toEqual(when === 'before' ? [failed(error), failed(error)] : []);
      for (const [i, one] of settle.entries()) {
        expect(agent.toMetrics().lateAnswers).toBe(i);
        one();
        expect(await eventually(() => agent.toMetrics().lateAnswers > i)).toBe(true);
      }
      expect(agent.toMetrics().lateAnswers).toBe(3);
      expect(reports.handlerError).toMatchObject([{ error }]);
      expect(peer.received).toHaveLength(2);
    },
  );
});

describe('late answers', () => {
  it('are counted for each handler of a NOTIFY whose deadline passed, but those that had settled', async () => {
    const { handler, settle } = new Waiting();
    const { agent, connect, reports } = await startAgent({
      processingTimeoutMs: 10,
      setup: (a) =>
        a
          .onMessage(ask, handler)
          .onMessage(other, handler)
          .onNotify(() => Promise.resolve()),
    });
    const peer = await connect();
    await peer.notify((notify) => notify.message(ask, { id: '1' }).message(other, {}));
    expect(agent.toMetrics().lateAnswers).toBe(0);
    for (const one of settle) one();
    expect(await eventually(() => agent.toMetrics().lateAnswers === 2)).toBe(true);
    expect(reports.handlerError).toEqual([]);
  });

  it('are none where all handlers settle in time: the NOTIFY waits for the last', async () => {
    const { handler, settle } = new Waiting();
    const { agent, connect } = await startAgent({
      setup: (a) => a.onMessage(ask, handler).onMessage(other, async () => {}),
    });
    const peer = await connect();
    await peer.hello();
    const ack = peer.notify((notify) => notify.message(ask, { id: '1' }).message(other, {}));
    await eventually(() => settle.length === 1);
    await eventually(() => false, 10);
    expect(agent.inFlightCount).toBe(1);
    settle[0]?.();
    expect(await ack).toHaveNoActions();
    expect(agent.toMetrics().lateAnswers).toBe(0);
  });
});
