import '@spop/builder/vitest';
import { type Actions, defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { NotifyContext } from '../../src/index.ts';
import { eventually, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const other = defineMessage('other', {});
const answer = defineVariable('txn', 'answer', string);
const number = defineVariable('txn', 'number', int32);

const fallback = (_: unknown, ack: Actions): void => void ack.set(answer, 'fallback');

/** Handlers that wait until the test lets them answer, one by one. */
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
    expect(contexts[0]).toMatchObject({ isAnswered: true, engineId: '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4' });
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

  it('that a kept context of an answered NOTIFY gives is not that of the next one', async () => {
    const contexts: NotifyContext[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (_, __, notify) => {
          contexts.push(notify);
          return contexts.length === 1 ? undefined : Promise.reject(new Error('broken'));
        }),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    const [kept] = contexts;
    const signal = kept?.signal;
    await peer.notify(ask, { id: '2' });
    expect(signal?.aborted).toBe(false);
    expect(kept?.isAnswered).toBe(true);
  });

  it('is not aborted if its handlers answered', async () => {
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
  it('does not affect its siblings: their signals are not aborted, they are waited for, and their actions stay', async () => {
    const error = new Error('broken');
    const { contexts, handler, settle } = new Waiting();
    const { agent, connect, reports } = await startAgent({
      fallback,
      setup: (a) =>
        a
          .onMessage(ask, async (message, ack, notify) => {
            await handler(message, ack, notify);
            ack.set(number, 7);
          })
          .onMessage(other, () => fail(error))
          .onNotify(() => {}),
    });
    const peer = await connect();
    await peer.hello();
    const answered = peer.notify((notify) => notify.message(ask, { id: '1' }).message(other, {}));
    expect(await eventually(() => settle.length === 1 && reports.handlerError.length === 1)).toBe(true);
    expect(contexts.map(({ signal }) => signal.aborted)).toEqual([false]);
    expect(agent.inFlightCount).toBe(1);
    for (const one of settle) one();
    const ack = await answered;
    expect(ack.actions).toHaveLength(2);
    expect(ack).toSetVar('txn', 'number', { type: 'int32', value: 7 });
    expect(ack).toSetVar('txn', 'answer', { type: 'string', value: 'fallback' });
    expect(agent.toMetrics().lateAnswers).toBe(0);
    expect(reports.handlerError).toMatchObject([{ error, messages: ['other'] }]);
  });
});

describe('late answers', () => {
  it('are counted for each handler that had not settled when the deadline of the NOTIFY passed', async () => {
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

  it('are not counted if all handlers settle in time: the NOTIFY waits for the last', async () => {
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
