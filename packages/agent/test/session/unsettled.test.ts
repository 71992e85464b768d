import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { data, notify, type NotifyBuilder } from '@spop/builder';
import '@spop/builder/vitest';
import { type Actions, defineMessage, defineVariable, string } from '@spop/codec';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Handlers } from '../../src/notify/handlers.ts';
import { type AgentBench, type ConnectionBench, openAgent } from '../connection/connection-bench.ts';

const first = defineMessage('first', {});
const second = defineMessage('second', {});
const text = defineVariable('txn', 'text', string);

const notifying = (...messages: readonly { readonly name: string }[]): NotifyBuilder =>
  messages.reduce((built, { name }) => built.message(name), notify({ streamId: 1 }));
const setText = (value: string): unknown => ({
  type: 'set-var',
  scope: 'txn',
  name: 'text',
  value: data.string(value),
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
});

/** A handler that settles when the test says so, and the signals of its NOTIFYs. */
class Waiting {
  readonly signals: AbortSignal[] = [];
  readonly settle: (() => void)[] = [];
  readonly fail: ((error: Error) => void)[] = [];

  readonly handler = (_: unknown, ack: Actions, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    this.signals.push(signal);
    return new Promise<void>((resolve, reject) => {
      this.settle.push(() => {
        ack.set(text, 'answer');
        resolve();
      });
      this.fail.push(reject);
    });
  };
}

/** Handlers of both messages that wait, each with its timeout; the fallback of a message sets its name. */
function waitingForBoth(timeouts: readonly [number, number]): {
  bench: AgentBench;
  waiting: readonly [Waiting, Waiting];
} {
  const waiting = [new Waiting(), new Waiting()] as const;
  const bench = openAgent((handlers) => {
    for (const [i, message] of [first, second].entries()) {
      const fallback = (_: unknown, ack: Actions): void => void ack.set(text, message.name);
      handlers.add(message, waiting[i]!.handler, { timeoutMs: timeouts[i]!, fallback });
    }
  });
  return { bench, waiting };
}

/** The actions of the last ACK; undefined before any. */
function answer({ frames }: ConnectionBench): unknown {
  return frames()
    .flatMap((frame) => ('actions' in frame ? [frame.actions] : []))
    .at(-1);
}

const toldOf = ({ events }: AgentBench, name: string): object[] =>
  events.flatMap(([each, info]) => (each === name ? [info] : []));

describe('the deadline of one of several handlers', () => {
  it('is reported with its message alone, and the ACK waits for the other', async () => {
    const { bench, waiting } = waitingForBoth([10, 0]);
    const peer = await bench.greet();
    await peer.send(notifying(first, second));
    vi.advanceTimersByTime(11);
    await nextTurn();
    expect(toldOf(bench, 'handlerTimeout')).toMatchObject([{ streamId: 1, messages: ['first'] }]);
    expect(answer(peer)).toBeUndefined();
    expect(waiting.map(({ signals }) => signals.map(({ aborted }) => aborted))).toEqual([[true], [false]]);
    waiting[0].settle[0]?.();
    await nextTurn();
    expect([answer(peer), bench.shared.counters.lateAnswers]).toEqual([undefined, 1]);
    waiting[1].settle[0]?.();
    await nextTurn();
    expect(answer(peer)).toEqual([setText('first'), setText('answer')]);
    expect([bench.shared.counters.lateAnswers, bench.shared.inFlight.count]).toEqual([1, 0]);
  });

  it('is not reported for one that has settled', async () => {
    const { bench, waiting } = waitingForBoth([10, 20]);
    const peer = await bench.greet();
    await peer.send(notifying(first, second));
    waiting[0].settle[0]?.();
    await nextTurn();
    vi.advanceTimersByTime(11);
    expect(toldOf(bench, 'handlerTimeout')).toEqual([]);
    vi.advanceTimersByTime(10);
    await nextTurn();
    expect(toldOf(bench, 'handlerTimeout')).toMatchObject([{ messages: ['second'] }]);
    expect(answer(peer)).toEqual([setText('answer'), setText('second')]);
  });

  it('is reported with those of the others that are as short, in one event', async () => {
    const { bench } = waitingForBoth([10, 10]);
    const peer = await bench.greet();
    await peer.send(notifying(second, first));
    vi.advanceTimersByTime(11);
    await nextTurn();
    expect(toldOf(bench, 'handlerTimeout')).toMatchObject([{ messages: ['second', 'first'] }]);
    expect(answer(peer)).toEqual([setText('second'), setText('first')]);
  });

  it('is reported with eight names at most, however often a peer repeats a message', async () => {
    const { bench } = waitingForBoth([10, 10]);
    const peer = await bench.greet();
    await peer.send(notifying(...Array.from({ length: 20 }, () => first)));
    vi.advanceTimersByTime(11);
    expect(toldOf(bench, 'handlerTimeout')).toMatchObject([{ messages: Array.from({ length: 8 }, () => 'first') }]);
  });
});

describe('giveUp', () => {
  it('gives the fallback to the handlers that have not settled, and leaves the answers of the others', async () => {
    const { bench, waiting } = waitingForBoth([0, 0]);
    const peer = await bench.greet();
    await peer.send(notifying(first, second));
    waiting[0].settle[0]?.();
    await nextTurn();
    peer.connection.giveUp('not done');
    expect(answer(peer)).toEqual([setText('answer'), setText('second')]);
    expect(waiting.map(({ signals }) => signals[0]?.aborted)).toEqual([false, true]);
  });
});

describe('a connection that ends while a handler is answered for', () => {
  const kinds: [string, readonly { readonly name: string }[]][] = [
    ['the only handler', [first]],
    ['one of several', [first, second]],
  ];
  const causes: [string, (waiting: Waiting) => void, string][] = [
    ['was too late', () => vi.advanceTimersByTime(11), 'handlerTimeout'],
    ['rejected', (waiting) => waiting.fail[0]?.(new Error('no database')), 'handlerError'],
  ];

  /** Ends the connection while `act` runs: in the hook, in the fallback, or in a listener of the handler's signal. */
  async function endIn(
    place: string,
    messages: readonly { readonly name: string }[],
    act: (waiting: Waiting) => void,
  ): Promise<{ told: string[]; peer: ConnectionBench; bench: AgentBench }> {
    const waiting = new Waiting();
    const told: string[] = [];
    const peers: ConnectionBench[] = [];
    const end = (where: string): void => {
      told.push(where);
      if (where === place) peers[0]!.connection.session.close();
    };
    const setup = (handlers: Handlers): void => {
      for (const message of [first, second]) {
        handlers.add(message, waiting.handler, { timeoutMs: 10, fallback: () => end('fallback') });
      }
    };
    const bench = openAgent(setup, { onEvent: (name) => void (name === 'connect' || end('hook')) });
    const peer = await bench.greet();
    peers.push(peer);
    await peer.send(notifying(...messages));
    waiting.signals[0]?.addEventListener('abort', () => end('signal'));
    act(waiting);
    await nextTurn();
    return { told, peer, bench };
  }

  describe.each(kinds)('%s', (_, messages) => {
    it.each(causes)('that %s: in the hook, calls no fallback and writes no ACK', async (__, act, event) => {
      const { told, peer, bench } = await endIn('hook', messages, act);
      expect(told).toEqual(['hook', 'signal']);
      expect([bench.namesOfEvents(), peer.types()]).toEqual([['connect', event], ['AGENT-HELLO']]);
      expect(bench.shared.inFlight.count).toBe(0);
    });

    it.each(causes)('that %s: in the fallback, writes no ACK', async (__, act) => {
      const { told, peer, bench } = await endIn('fallback', messages, act);
      expect(told).toEqual(['hook', 'fallback', 'signal']);
      expect([peer.types(), bench.shared.inFlight.count]).toEqual([['AGENT-HELLO'], 0]);
    });
  });

  it.each(causes)('one of several that %s: in a listener of its signal, writes no ACK', async (__, act) => {
    const { told, peer, bench } = await endIn('signal', [first, second], act);
    expect(told.slice(0, 3)).toEqual(['hook', 'fallback', 'signal']);
    expect([peer.types(), bench.shared.inFlight.count]).toEqual([['AGENT-HELLO'], 0]);
  });
});

describe('the channel spop:notify:end', () => {
  it.each<[string, (waiting: Waiting) => unknown, object]>([
    ['answered', ({ settle }) => settle[0]?.(), { outcome: 'answered', error: undefined }],
    [
      'failed',
      ({ fail }) => fail[0]?.(new Error('no database')),
      { outcome: 'failed', error: new Error('no database') },
    ],
    ['timeout', () => vi.advanceTimersByTime(11), { outcome: 'timeout', error: undefined }],
  ])('tells of each NOTIFY that it was %s', async (_, act, expected) => {
    const ends: unknown[] = [];
    const note = (message: unknown): void => void ends.push({ ...Object(message) });
    subscribe('spop:notify:end', note);
    onTestFinished(() => void unsubscribe('spop:notify:end', note));
    const waiting = new Waiting();
    const bench = openAgent((handlers) => handlers.add(first, waiting.handler, { timeoutMs: 10 }), { name: 'tarpit' });
    const peer = await bench.greet();
    await peer.send(notifying(first));
    expect(ends).toEqual([]);
    act(waiting);
    await nextTurn();
    expect(ends).toMatchObject([{ agent: 'tarpit', connection: { id: 1 }, ...expected }]);
    await peer.send(notifying(first));
    waiting.settle[1]?.();
    await nextTurn();
    expect(ends.slice(1)).toMatchObject([{ outcome: 'answered', error: undefined }]);
  });
});
