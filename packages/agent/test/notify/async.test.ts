import { setTimeout as sleep } from 'node:timers/promises';
import { data, haproxyHello, notify as buildNotify, type NotifyInput } from '@spop/builder';
import '@spop/builder/vitest';
import {
  type Actions,
  defineMessage,
  defineVariable,
  int32,
  type MessageView,
  string,
  type StringValue,
} from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { NotifyContext } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, startAgent } from '../harness.ts';
import { stopTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });
const answer = defineVariable('txn', 'answer', string);
const number = defineVariable('txn', 'number', int32);

/** A promise that the test settles. */
class Gate {
  readonly promise: Promise<void>;
  open: () => void = () => {};
  fail: (error: Error) => void = () => {};

  constructor() {
    this.promise = new Promise((resolve, reject) => {
      this.open = resolve;
      this.fail = reject;
    });
  }
}

const asking =
  (id: string): NotifyInput =>
  (notify) =>
    notify.message(ask, { id });

const fallback = (_: unknown, ack: Actions): void => void ack.set(answer, 'fallback');

describe.each(linkKinds)('asynchronous handlers over %s', (link) => {
  it('are answered in the order in which they settle, each NOTIFY once', async () => {
    const gates: Gate[] = [];
    const { agent, connect } = await startAgent({
      link,
      setup: (a) =>
        a.onMessage(ask, async (message, ack) => {
          const gate = new Gate();
          gates.push(gate);
          await gate.promise;
          ack.set(answer, message.id);
        }),
    });
    const peer = await connect();
    const acks = peer.burst(Array.from({ length: 20 }, (_, i) => asking(`${i}`)));
    await eventually(() => gates.length === 20);
    expect(agent.inFlightCount).toBe(20);
    for (const gate of gates.toReversed()) {
      gate.open();
      await gate.promise;
    }
    expect((await acks).map((ack) => ack.actions[0])).toEqual(
      Array.from({ length: 20 }, (_, i) => ({
        type: 'set-var',
        scope: 'txn',
        name: 'answer',
        value: data.string(`${i}`),
      })),
    );
    const order = peer.received.slice(1).map(({ streamId }) => Number(streamId));
    expect(order).toEqual(order.toSorted((a, b) => b - a));
    expect(agent.inFlightCount).toBe(0);
  });

  it('mix with synchronous ones, and none is lost or answered twice', async () => {
    const { connect } = await startAgent({
      link,
      setup: (a) =>
        a.onMessage(ask, (message, ack) => {
          const id = Number(message.id.toString());
          if (id % 3 === 0) return void ack.set(number, id);
          return (id % 3 === 1 ? Promise.resolve() : sleep(id % 4)).then(() => void ack.set(number, id));
        }),
    });
    const peer = await connect();
    const acks = await peer.burst(Array.from({ length: 500 }, (_, i) => asking(`${i}`)));
    expect(acks.map((ack) => ack.actions.map((action) => 'value' in action && action.value))).toEqual(
      acks.map((_, i) => [{ type: 'int32', value: i }]),
    );
    expect(peer.received).toHaveLength(501);
  });
});

describe('a handler that fails', () => {
  it.each<readonly [string, (message: MessageView<{ id: typeof string }>, ack: Actions) => void | Promise<void>]>([
    [
      'throws',
      () => {
        throw new Error('broken');
      },
    ],
    [
      'throws after it set something',
      (_, ack) => {
        ack.set(number, 1);
        throw new Error('broken');
      },
    ],
    ['rejects', () => Promise.reject(new Error('broken'))],
    [
      'rejects after it set something',
      async (_, ack) => {
        ack.set(number, 1);
        await sleep(1);
        ack.set(number, 2);
        throw new Error('broken');
      },
    ],
  ])('and %s is reported, and its stream gets the fallback actions alone', async (_, handler) => {
    const { connect, reports } = await startAgent({
      link: 'IPv4',
      fallback,
      setup: (agent) => agent.onMessage(ask, handler),
    });
    const peer = await connect();
    const ack = await peer.notify(ask, { id: '1' });
    expect(ack.actions).toEqual([{ type: 'set-var', scope: 'txn', name: 'answer', value: data.string('fallback') }]);
    expect(reports.handlerError).toMatchObject([{ error: { message: 'broken' }, connection: { id: 1 }, streamId: 1 }]);
    expect(await peer.notify('other')).toHaveNoActions();
  });

  it('in the own `then` of its promise is answered as the promise settles', async () => {
    const { connect, reports } = await startAgent({
      link: 'IPv4',
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => {
          ack.set(number, 1);
          const then = (): never => {
            throw new Error('broken');
          };
          return Object.assign(Promise.resolve(), { then });
        }),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: '1' })).toSetVar(number, 1);
    expect(await peer.notify(ask, { id: '2' })).toSetVar(number, 1);
    expect([...reports.protocolError, ...reports.handlerError]).toEqual([]);
  });

  it.each([undefined, null, 'text', 0])('with %o, which is no Error, is reported too', async (thrown) => {
    const { connect, reports } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, () => {
          // The test throws values that are no Error.
          // oxlint-disable-next-line only-throw-error
          throw thrown;
        }),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: '1' })).toHaveNoActions();
    expect(reports.handlerError.map(({ error }) => error)).toEqual([thrown]);
  });

  it('of two handlers for one NOTIFY leaves the other one’s actions', async () => {
    const { connect, reports } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => void ack.set(number, 1)).onNotify(() => Promise.reject(new Error('broken'))),
    });
    const peer = await connect();
    expect((await peer.notify(ask, { id: '1' })).actions).toMatchObject([{ name: 'number', value: { value: 1 } }]);
    expect(reports.handlerError).toHaveLength(1);
  });

  it('cannot reach the stream later: its calls throw', async () => {
    let late: (() => void) | undefined;
    const { connect } = await startAgent({
      fallback,
      setup: (agent) =>
        agent.onMessage(ask, (_, ack) => {
          late = () => void ack.set(number, 1);
          throw new Error('broken');
        }),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    expect(late).toThrow(expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }));
  });
});

describe('a deadline', () => {
  it('answers with the fallback actions, aborts the signal, and drops the late result', async () => {
    const gate = new Gate();
    const reasons: unknown[] = [];
    const lateErrors: unknown[] = [];
    const { agent, connect, reports } = await startAgent({
      processingTimeoutMs: 20,
      fallback,
      setup: (a) =>
        a.onMessage(ask, async (message, ack, { signal }) => {
          signal.addEventListener('abort', () => reasons.push(signal.reason));
          ack.set(number, 1);
          await gate.promise;
          try {
            ack.set(answer, message.id);
          } catch (error) {
            lateErrors.push(error);
          }
        }),
    });
    const peer = await connect();
    const ack = await peer.notify(ask, { id: '1' });
    expect(ack.actions).toEqual([{ type: 'set-var', scope: 'txn', name: 'answer', value: data.string('fallback') }]);
    expect(reports.handlerTimeout).toMatchObject([{ connection: { id: 1 }, streamId: 1 }]);
    expect(reasons).toEqual([new Error('No answer within 20 ms')]);
    expect(agent.inFlightCount).toBe(0);
    gate.open();
    await eventually(() => lateErrors.length === 1);
    expect(lateErrors).toEqual([expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' })]);
    expect(await peer.notify('other')).toHaveNoActions();
    expect(peer.received).toHaveLength(3);
    expect(reports.handlerError).toEqual([]);
  });

  it('passes for each of many NOTIFYs, the oldest first', async () => {
    const { agent, connect, reports } = await startAgent({
      processingTimeoutMs: 30,
      setup: (a) => a.onMessage(ask, () => new Promise<void>(() => {})),
    });
    const peers = await Promise.all([connect(), connect(), connect()]);
    const first = peers.map((peer) => peer.burst(Array.from({ length: 10 }, () => asking('1'))));
    await sleep(10);
    const second = peers.map((peer) => peer.burst(Array.from({ length: 10 }, () => asking('2'))));
    await Promise.all([...first, ...second]);
    expect(reports.handlerTimeout).toHaveLength(60);
    expect(agent.inFlightCount).toBe(0);
  });

  it('that passes for a stream-id above 2^53 affects no other NOTIFY', async () => {
    const { connect, reports } = await startAgent({
      processingTimeoutMs: 10,
      setup: (a) => a.onMessage(ask, () => new Promise<void>(() => {})),
    });
    const peer = await connect();
    await peer.hello();
    const huge = peer.preset.notify({ streamId: 2n ** 64n - 1n }).message(ask, { id: '1' });
    expect(await peer.notify(huge)).toHaveNoActions();
    expect(reports.handlerTimeout).toMatchObject([{ streamId: 2 ** 64 }]);
  });

  it('does not affect a handler that settles in time', async () => {
    const time = stopTime();
    const signals: AbortSignal[] = [];
    const { connect, reports } = await startAgent({
      processingTimeoutMs: 30,
      setup: (a) =>
        a.onMessage(ask, async (message, ack, { signal }) => {
          signals.push(signal);
          await sleep(1);
          ack.set(answer, message.id);
        }),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: 'in time' })).toSetVar('txn', 'answer', data.string('in time'));
    await time.pass(50);
    await sleep(50);
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(reports.handlerTimeout).toEqual([]);
  });
});

describe('a connection that goes away', () => {
  it('aborts its handlers and drops their answers', async () => {
    const gates = [new Gate(), new Gate()];
    const reasons: unknown[] = [];
    const late: unknown[] = [];
    let next = 0;
    const { agent, connect, reports } = await startAgent({
      link: 'IPv4',
      setup: (a) =>
        a.onMessage(ask, async (message, ack, { signal }) => {
          const gate = gates[next++];
          signal.addEventListener('abort', () => reasons.push(signal.reason));
          await gate?.promise;
          try {
            ack.set(answer, 'late');
          } catch (error) {
            late.push(error);
          }
          message.id.toString();
        }),
    });
    const peer = await connect();
    await peer.hello();
    peer.send(...[1, 2].map(() => peer.preset.notify().message(ask, { id: '1' })));
    await eventually(() => agent.inFlightCount === 2);
    peer.close();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(agent.inFlightCount).toBe(0);
    expect(reasons).toEqual([1, 2].map(() => new Error('The connection to HAProxy ended')));
    gates[0]?.open();
    gates[1]?.fail(new Error('too late'));
    await eventually(() => late.length === 1);
    expect(late).toEqual([expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' })]);
    expect(reports.handlerError).toEqual([]);
    expect(reports.disconnect).toHaveLength(1);
  });
});

describe('a view that a handler keeps', () => {
  it('throws SPOP_VIEW_CLOSED once it has settled, and never reads another request', async () => {
    const views: StringValue[] = [];
    const messages: MessageView<{ id: typeof string }>[] = [];
    const acks: Actions[] = [];
    const contexts: NotifyContext[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (message, ack, notify) => {
          views.push(message.id);
          messages.push(message);
          acks.push(ack);
          contexts.push(notify);
          if (message.id.equals('async')) return sleep(1);
          return undefined;
        }),
    });
    const peer = await connect();
    await peer.burst(Array.from({ length: 100 }, (_, i) => asking(i % 3 === 0 ? 'async' : `${i}`)));
    const closed = expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }) as Error;
    for (const [i, view] of views.entries()) {
      expect(() => view.toString()).toThrow(closed);
      expect(() => messages[i]?.id.toString()).toThrow(closed);
      expect(() => acks[i]?.set(number, 1)).toThrow(closed);
      expect(() => acks[i]?.setNull(number)).toThrow(closed);
      expect(() => acks[i]?.unset(number)).toThrow(closed);
      expect(() => acks[i]?.reset()).toThrow(closed);
      expect(() => contexts[i]?.streamId).toThrow(closed);
      expect(() => contexts[i]?.frameId).toThrow(closed);
      expect(() => contexts[i]?.get(ask)).toThrow(closed);
      expect(() => contexts[i]?.walk()).toThrow(closed);
    }
  });

  it.each([
    ['an async function', 0],
    ['a function that returned a promise before', 1],
  ])('never reads or answers the NOTIFY of %s, after any number of others', async (_, promisesBefore) => {
    const views: StringValue[] = [];
    const acks: Actions[] = [];
    const gates: (() => void)[] = [];
    const wait = (): Promise<void> => new Promise((resolve) => gates.push(resolve));
    const { connect } = await startAgent({
      setup: (agent) =>
        agent
          .onMessage(defineMessage('leaky', { id: string }), (message, ack) => {
            views.push(message.id);
            acks.push(ack);
          })
          .onMessage(ask, promisesBefore === 0 ? async () => wait() : () => wait()),
    });
    const peer = await connect();
    for (let i = 0; i < promisesBefore; i++) {
      const before = peer.notify(ask, { id: 'before' });
      await eventually(() => gates.length === 1);
      gates.pop()?.();
      await before;
    }
    await peer.burst(Array.from({ length: 200 }, () => (built) => built.message('leaky', { id: 'leaked' })));
    const secret = peer.burst(Array.from({ length: 20 }, () => asking('secret')));
    await eventually(() => gates.length === 20);
    const closed = expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }) as Error;
    for (const view of views) expect(() => view.toString()).toThrow(closed);
    for (const ack of acks) expect(() => ack.set(answer, 'leaked')).toThrow(closed);
    for (const open of gates) open();
    for (const ack of await secret) expect(ack).toHaveNoActions();
  });

  it('is correct until the handler settles, while 2,000 other NOTIFYs pass', async () => {
    const gate = new Gate();
    const { connect } = await startAgent({
      link: 'IPv4',
      processingTimeoutMs: 0,
      setup: (agent) =>
        agent.onMessage(ask, async (message, ack, notify) => {
          if (!message.id.startsWith('slow')) return void ack.set(answer, message.id);
          const messages = notify.walk();
          messages.next();
          ack.set(number, 7);
          await gate.promise;
          messages.nextArgument();
          ack.set(answer, `${message.id.toString()} ${notify.streamId} ${messages.argumentName.toString()}`);
        }),
    });
    const [slow, busy] = await Promise.all([connect(), connect()]);
    const waiting = slow.burst(Array.from({ length: 20 }, (_, i) => asking(`slow ${i}`)));
    for (let i = 0; i < 20; i++) {
      const acks = await busy.burst(Array.from({ length: 100 }, (_, j) => asking(`quick ${j}`)));
      expect(acks[99]).toSetVar('txn', 'answer', data.string('quick 99'));
    }
    gate.open();
    const acks = await waiting;
    for (const [i, ack] of acks.entries()) {
      expect(ack).toSetVar('txn', 'number', 7);
      expect(ack).toSetVar('txn', 'answer', data.string(`slow ${i} ${2 * i + 1} id`));
    }
  });
});

describe('handlers that settle in one turn of the event loop', () => {
  it('share one write', async () => {
    const gate = new Gate();
    const { agent, target } = await startAgent({
      setup: (a) =>
        a.onMessage(ask, async (message, ack) => {
          const id = Number(message.id.toString());
          await gate.promise;
          for (let i = 0; i < id; i++) {
            await Promise.resolve();
          }
          ack.set(number, id);
        }),
    });
    const peer = await connectRaw(target);
    const frames = Array.from({ length: 20 }, (_, i) => buildNotify({ streamId: i }).message(ask, { id: `${i}` }));
    peer.send(haproxyHello(), ...frames);
    await eventually(() => agent.inFlightCount === 20);
    expect(peer.chunks).toHaveLength(1);
    gate.open();
    await eventually(() => peer.frames().length === 21);
    expect(peer.chunks).toHaveLength(2);
  });
});
