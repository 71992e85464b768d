import { setImmediate as nextTurn } from 'node:timers/promises';
import { data, haproxyHello, notify, type PlainFrame } from '@spop/builder';
import '@spop/builder/vitest';
import { type Actions, defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { AgentOptions, NotifyContext } from '../../src/index.ts';
import { type Attacked, type Attacker, startAttacked } from './attacked.ts';
import { eventually } from '../harness.ts';

const ask = defineMessage('ask', { how: string });
const number = defineVariable('txn', 'number', int32);
const long = defineVariable('txn', 'long', string);
const answer = defineVariable('txn', 'answer', string);

type Handler = (ack: Actions, notify: NotifyContext) => void | PromiseLike<void>;
type Resolve = (value?: PromiseLike<void>) => void;
type Reject = (error: Error) => void;

/** The number of NOTIFYs sent at once: as many as HAProxy has in flight. */
const COUNT = 20;
const STREAM_IDS: readonly number[] = Array.from({ length: COUNT }, (_, i) => i + 1);

const links = ['IPv4', 'unix socket'] as const;

/** A peer that is gone is soon destroyed, even if its kind of socket only ends: a unix socket has no reset. */
const GONE: AgentOptions = { processingTimeoutMs: 0, lingerTimeoutMs: 5 };

const fallback = (_: unknown, ack: Actions): void => void ack.set(answer, 'fallback');
const broken = (): Error => new Error('broken');

/** A thenable that calls back as it likes, unlike a promise. */
function thenable(call: (resolve: Resolve, reject: Reject) => void): PromiseLike<void> {
  const then = (resolve: Resolve, reject: Reject): void => call(resolve, reject);
  return Object.assign(Object.create(null) as PromiseLike<void>, { then });
}

/** A thenable that resolves with itself at first, and settles at the second call of `then`. */
function resolvedWithItself(): PromiseLike<void> {
  let calls = 0;
  const itself: PromiseLike<void> = thenable((resolve) => (calls++ === 0 ? resolve(itself) : resolve()));
  return itself;
}

/** A promise that is resolved with itself, which is an error. */
function promiseOfItself(): Promise<void> {
  let resolve: Resolve = () => {};
  const itself = new Promise<void>((resolveIt) => (resolve = resolveIt));
  setImmediate(() => resolve(itself));
  return itself;
}

/** An agent under attack with this handler of `ask`. */
function startHandled(link: (typeof links)[number], handler: Handler, options: AgentOptions = {}): Promise<Attacked> {
  return startAttacked({
    link,
    fallback,
    setup: (agent) => agent.onMessage(ask, (_, ack, context) => handler(ack, context)),
    ...options,
  });
}

/** Sends NOTIFYs on a new connection. */
async function askAll(attacked: Attacked): Promise<Attacker> {
  const peer = await attacked.open();
  peer.send(haproxyHello(), ...STREAM_IDS.map((streamId) => notify({ streamId }).message(ask, { how: 'so' })));
  return peer;
}

/** The answer to each NOTIFY, which is one ACK. */
async function acksOf(peer: Attacker): Promise<PlainFrame[]> {
  const [hello, ...acks] = await peer.expectFrames(COUNT + 1);
  expect(hello).toMatchObject({ type: 'AGENT-HELLO' });
  expect(acks.map(({ streamId }) => Number(streamId)).toSorted((a, b) => a - b)).toEqual(STREAM_IDS);
  return acks;
}

/** Each NOTIFY is answered once, with the handler's actions or with the fallback alone; so is the connection beside it. */
async function expectAnswers(
  attacked: Attacked,
  expected: 'its own' | 'the fallback',
  errors: number = expected === 'its own' ? 0 : COUNT,
): Promise<void> {
  const { agent, bench } = attacked;
  await attacked.withstands(async () => {
    const before = bench.reports.handlerError.length;
    const peer = await askAll(attacked);
    for (const ack of await acksOf(peer)) {
      expect(ack).toHaveProperty('actions.length', 1);
      if (expected === 'its own') expect(ack).toSetVar(number, 1);
      else expect(ack).toSetVar('txn', 'answer', data.string('fallback'));
    }
    // A second answer would have arrived by then.
    await nextTurn();
    expect(peer.frames).toHaveLength(COUNT + 1);
    expect(bench.reports.handlerError.length - before).toBe(errors);
    peer.socket.destroy();
  });
  expect(agent.toMetrics().lateAnswers).toBe(0);
}

describe.each(links)('a handler that fails over %s', (link) => {
  it.each<readonly [string, Handler]>([
    [
      'by throwing',
      (ack) => {
        ack.set(number, 1);
        throw broken();
      },
    ],
    [
      'by rejecting at once',
      (ack) => {
        ack.set(number, 1);
        return Promise.reject(broken());
      },
    ],
    [
      'by rejecting later',
      async (ack) => {
        ack.set(number, 1);
        await nextTurn();
        throw broken();
      },
    ],
    [
      'by rejecting after its signal was asked for',
      async (_, { signal }) => {
        signal.addEventListener('abort', () => {});
        await nextTurn();
        throw broken();
      },
    ],
  ])('%s has its stream answered with the fallback, and affects no other', async (_, handler) => {
    await expectAnswers(await startHandled(link, handler), 'the fallback');
  });
});

describe.each(links)('a handler that never settles over %s', (link) => {
  it('has its stream answered with the fallback at the deadline', async () => {
    const attacked = await startHandled(link, () => new Promise(() => {}), { processingTimeoutMs: 5 });
    await expectAnswers(attacked, 'the fallback', 0);
  });

  it('and has read its signal sees the abort, and is dropped', async () => {
    let aborted = 0;
    const attacked = await startHandled(
      link,
      (_, { signal }) => {
        signal.addEventListener('abort', () => aborted++);
        return new Promise(() => {});
      },
      { processingTimeoutMs: 5 },
    );
    await expectAnswers(attacked, 'the fallback', 0);
    expect(aborted % COUNT).toBe(0);
    expect(aborted).toBeGreaterThan(0);
  });

  it('is dropped with its connection', async () => {
    const attacked = await startHandled(link, () => new Promise(() => {}), GONE);
    await attacked.withstands(async () => {
      const peer = await askAll(attacked);
      expect(await eventually(() => attacked.agent.inFlightCount === COUNT)).toBe(true);
      peer.reset();
    });
  });

  it('until its deadline has passed is not answered a second time', async () => {
    const settle: Resolve[] = [];
    const attacked = await startHandled(link, () => new Promise((resolve) => settle.push(resolve)), {
      processingTimeoutMs: 5,
    });
    await attacked.withstands(async () => {
      const { lateAnswers } = attacked.agent.toMetrics();
      const peer = await askAll(attacked);
      for (const ack of await acksOf(peer)) expect(ack).toSetVar('txn', 'answer', data.string('fallback'));
      for (const resolve of settle.splice(0)) resolve();
      expect(await eventually(() => attacked.agent.toMetrics().lateAnswers === lateAnswers + COUNT)).toBe(true);
      await nextTurn();
      expect(peer.frames).toHaveLength(COUNT + 1);
      peer.socket.destroy();
    });
  });
});

/** Results of a handler that settle more than once, by the first settlement. */
const twice: readonly (readonly [string, 'its own' | 'the fallback', (ack: Actions) => PromiseLike<void>])[] = [
  ['resolves twice', 'its own', () => thenable((resolve) => (resolve(), resolve()))],
  [
    'resolves twice, later',
    'its own',
    () => thenable((resolve) => void nextTurn().then(() => (resolve(), setImmediate(resolve)))),
  ],
  ['resolves, then rejects', 'its own', () => thenable((resolve, reject) => (resolve(), reject(broken())))],
  [
    'resolves, then rejects later',
    'its own',
    () => thenable((resolve, reject) => (resolve(), void setImmediate(() => reject(broken())))),
  ],
  [
    'resolves, then throws',
    'its own',
    () =>
      thenable((resolve) => {
        resolve();
        throw broken();
      }),
  ],
  ['rejects twice', 'the fallback', () => thenable((_, reject) => (reject(broken()), reject(broken())))],
  ['rejects, then resolves', 'the fallback', () => thenable((resolve, reject) => (reject(broken()), resolve()))],
  [
    'throws, and resolves later',
    'the fallback',
    () =>
      thenable((resolve) => {
        setImmediate(resolve);
        throw broken();
      }),
  ],
  ['resolves with itself, then settles', 'its own', () => resolvedWithItself()],
  ['resolves with itself, being a promise', 'the fallback', () => promiseOfItself()],
  [
    'resolves with one that rejects, then resolves',
    'the fallback',
    () => thenable((resolve) => (resolve(Promise.reject(broken())), resolve())),
  ],
];

describe.each(links)('a handler that settles more than once over %s', (link) => {
  it.each(twice)('(%s) is answered once, with %s actions', async (_, expected, settle) => {
    const attacked = await startHandled(link, (ack) => {
      ack.set(number, 1);
      return settle(ack);
    });
    await expectAnswers(attacked, expected);
  });

  it('and resolves with another thenable is answered when that one has settled', async () => {
    const attacked = await startHandled(link, (ack) =>
      thenable((resolve) => {
        resolve(thenable((resolveInner) => setImmediate(() => (ack.set(number, 1), resolveInner(), resolveInner()))));
        resolve();
      }),
    );
    await expectAnswers(attacked, 'its own');
  });
});

describe.each(links)('a handler that answers after its connection is gone, over %s,', (link) => {
  it.each<readonly [string, (peer: Attacker) => void]>([
    ['by a reset', (peer) => peer.reset()],
    ['by a second HELLO', (peer) => peer.send(haproxyHello())],
  ])('%s sees the abort, and its answer is dropped', async (_, leave) => {
    const settle: (() => void)[] = [];
    const handler: Handler = async (ack, { signal }) => {
      await new Promise<void>((resolve) => settle.push(resolve));
      expect(signal.aborted).toBe(true);
      expect(() => ack.set(number, 1)).toThrow();
    };
    const attacked = await startHandled(link, handler, GONE);
    const { agent, bench } = attacked;
    await attacked.withstands(async () => {
      const { lateAnswers } = agent.toMetrics();
      const peer = await askAll(attacked);
      expect(await eventually(() => settle.length === COUNT)).toBe(true);
      leave(peer);
      expect(await eventually(() => agent.inFlightCount === 0)).toBe(true);
      for (const [i, resolve] of settle.splice(0).entries()) {
        if (i % 2 === 0) resolve();
        else setImmediate(resolve);
      }
      expect(await eventually(() => agent.toMetrics().lateAnswers === lateAnswers + COUNT)).toBe(true);
      expect(bench.reports.handlerError).toEqual([]);
      expect(peer.answers.filter((it) => it.startsWith('ACK'))).toEqual([]);
      peer.socket.destroy();
    });
  });

  it('and rejects, is not reported as an error', async () => {
    const settle: Reject[] = [];
    const attacked = await startHandled(link, () => new Promise((_, reject) => settle.push(reject)), GONE);
    const { agent, bench } = attacked;
    await attacked.withstands(async () => {
      const { lateAnswers } = agent.toMetrics();
      const peer = await askAll(attacked);
      expect(await eventually(() => settle.length === COUNT)).toBe(true);
      peer.reset();
      expect(await eventually(() => agent.inFlightCount === 0)).toBe(true);
      for (const reject of settle.splice(0)) reject(broken());
      expect(await eventually(() => agent.toMetrics().lateAnswers === lateAnswers + COUNT)).toBe(true);
      expect(bench.reports.handlerError).toEqual([]);
    });
  });
});

describe.each(links)('a handler that writes 20 KB over %s', (link) => {
  const tooMuch = (ack: Actions): unknown => ack.set(long, 'x'.repeat(20_000));

  it.each<readonly [string, 'its own' | 'the fallback', Handler]>([
    ['in one action', 'the fallback', (ack) => void tooMuch(ack)],
    [
      'in one action, later',
      'the fallback',
      async (ack) => {
        await nextTurn();
        tooMuch(ack);
      },
    ],
    [
      'in many actions',
      'the fallback',
      (ack) => {
        for (let i = 0; i < 1_000; i++) ack.set(number, i);
      },
    ],
    [
      'and takes the error for an answer',
      'its own',
      (ack) => {
        expect(() => tooMuch(ack)).toThrow(expect.objectContaining({ code: 'SPOP_FRAME_FULL' }));
        ack.set(number, 1);
      },
    ],
    [
      'and takes the error for an answer, later',
      'its own',
      async (ack) => {
        await nextTurn();
        expect(() => tooMuch(ack)).toThrow(expect.objectContaining({ code: 'SPOP_FRAME_FULL' }));
        ack.set(number, 1);
      },
    ],
  ])('%s is answered with %s', async (_, expected, handler) => {
    await expectAnswers(await startHandled(link, handler), expected);
  });
});
