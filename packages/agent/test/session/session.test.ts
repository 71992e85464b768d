import { setImmediate as nextTurn } from 'node:timers/promises';
import { data, fragment, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { type Actions, binary, defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Handlers } from '../../src/notify/handlers.ts';
import { type ConnectionBench, openAgent } from '../connection/connection-bench.ts';
import { eventually } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const text = defineVariable('txn', 'text', string);
const raw = defineVariable('txn', 'raw', binary);
const asking = (streamId: number = 1, id: string = 'x'): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id });

const answering = (handlers: Handlers): void => handlers.add(ask, (_, ack) => void ack.set(text, 'answer'));
/** HAProxy 3.0 with 1 MiB of buffer, which takes ACKs as long. */
const LARGE = haproxyHello({ maxFrameSize: 1_048_576, capabilities: 'async' });
const ONE_BY_ONE = haproxyHello({ capabilities: '' });

/** Handlers that settle when the test says so. */
class Waiting {
  readonly acks: Actions[] = [];
  readonly settle: (() => void)[] = [];

  readonly setup = (handlers: Handlers): void =>
    handlers.add(ask, (_, ack) => {
      this.acks.push(ack);
      return new Promise<void>((resolve) => void this.settle.push(resolve));
    });
}

/** The value of the `index`th frame, an ACK with one set-var. */
function valueOf(peer: ConnectionBench, index: number): unknown {
  const frame = peer.frames()[index];
  return frame !== undefined && 'actions' in frame ? frame.actions : frame?.type;
}

const limitOf = ({ connection: { session } }: ConnectionBench): unknown[] => [session.isFull, session.reachedLimit];

describe('a session at a limit', () => {
  it.each([
    ['maxInFlightPerConnection', { maxInFlightPerConnection: 2 }, 2],
    ['maxInFlight', { maxInFlight: 3 }, 3],
    ['maxInFlightBytes', { maxInFlightBytes: 16_000 }, 1],
  ])('reads no further, and its event names %s', async (limit, options, count) => {
    const { settle, setup } = new Waiting();
    const { events, greet } = openAgent(setup, options);
    const peer = await greet();
    await peer.send(...[1, 2, 3, 4, 5].map((id) => asking(id)));
    expect([settle.length, ...limitOf(peer)]).toEqual([count, true, limit]);
    expect(events.slice(1)).toMatchObject([['overload', { connection: { id: 1 }, limit }]]);
  });

  it('counts the bytes by which ACKs have grown: a quarter of maxInFlightBytes is for one connection', async () => {
    const { acks, setup } = new Waiting();
    const { greet } = openAgent(setup, { maxInFlightBytes: 400_000 });
    const [peer, other] = [await greet(LARGE), await greet(LARGE)];
    await peer.send(asking(1));
    expect(peer.connection.session.reachedLimit).toBeUndefined();
    acks[0]?.set(raw, Buffer.alloc(100_000));
    expect(limitOf(peer)).toEqual([true, 'maxInFlightBytes']);
    expect(limitOf(other)).toEqual([false, undefined]);
  });

  it('counts the growth on all connections together', async () => {
    const { acks, settle, setup } = new Waiting();
    const { greet, shared } = openAgent(setup, { maxInFlightBytes: 400_000 });
    for (let i = 0; i < 8; i++) await (await greet(LARGE)).send(asking(i));
    for (const ack of acks) ack.set(raw, Buffer.alloc(60_000));
    const idle = await greet(LARGE);
    expect(limitOf(idle)).toEqual([true, 'maxInFlightBytes']);
    for (const each of settle) each();
    await nextTurn();
    expect(limitOf(idle)).toEqual([false, undefined]);
    // What has grown was taken away again: a million NOTIFYs later it would still be so.
    shared.inFlight.noteGrowth(399_999);
    expect(shared.inFlight.isFull).toBe(false);
  });
});

describe('a handshake', () => {
  it('for a health check is the end of the connection', async () => {
    const { greet, namesOfEvents, shared } = openAgent();
    const { stream, types } = await greet(haproxyHello({ healthcheck: true }));
    expect([types(), stream.writableEnded, namesOfEvents()]).toEqual([['AGENT-HELLO'], true, []]);
    expect(shared.counters.healthchecks).toBe(1);
  });

  it('for a health check does not keep a peer that never closes', async () => {
    const { greet } = openAgent(() => {}, { lingerTimeoutMs: 1 });
    const { stream } = await greet(haproxyHello({ healthcheck: true }));
    expect(await eventually(() => stream.destroyed)).toBe(true);
  });

  it('that comes after the agent began to close is followed by one NOTIFY', async () => {
    const { open } = openAgent(answering);
    const { connection, send, types } = open();
    connection.session.drain();
    await send(ONE_BY_ONE);
    expect([types(), connection.session.state]).toEqual([['AGENT-HELLO'], 'draining']);
    await send(asking());
    expect(types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});

describe('an ACK longer than 16 KiB', () => {
  const long = 'x'.repeat(100_000);
  const setText = { type: 'set-var', scope: 'txn', name: 'text', value: data.string(long) };

  it('is sent whole for a handler', async () => {
    const { greet } = openAgent((handlers) => handlers.add(ask, (_, ack) => void ack.set(text, long)));
    const peer = await greet(LARGE);
    await peer.send(asking());
    expect(valueOf(peer, 1)).toEqual([setText]);
  });

  it('is sent whole for the fallback of a NOTIFY that is too big', async () => {
    const { greet } = openAgent(answering, {
      maxReassembledBytes: 1_024,
      fallback: (_, ack) => void ack.set(text, long),
    });
    const peer = await greet(LARGE);
    await peer.send(...fragment(asking(1, 'y'.repeat(3_000)), 1_000));
    expect(valueOf(peer, 1)).toEqual([setText]);
    await peer.send(asking(2));
    expect(valueOf(peer, 2)).toMatchObject([{ value: data.string('answer') }]);
  });
});

describe('a draining session', () => {
  it.each([
    ['synchronous', answering],
    [
      'asynchronous',
      (handlers: Handlers): void => handlers.add(ask, async (_, ack) => void ack.set(text, await Promise.resolve('a'))),
    ],
  ])('does not end with an ACK that was written before it drained: of a handler that is %s', async (_, setup) => {
    const { greet } = openAgent(setup);
    const { connection, send, types } = await greet(ONE_BY_ONE);
    await send(asking(1));
    connection.session.drain();
    connection.scheduleFlush();
    await nextTurn();
    await nextTurn();
    expect(types()).toEqual(['AGENT-HELLO', 'ACK']);
    await send(asking(2));
    expect(types()).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
  });

  it('does not end without an ACK', async () => {
    const { greet } = openAgent(answering);
    const { connection, types } = await greet(ONE_BY_ONE);
    connection.session.drain();
    connection.scheduleFlush();
    await nextTurn();
    await nextTurn();
    expect(types()).toEqual(['AGENT-HELLO']);
  });

  it('takes no NOTIFY after it has stopped reading', async () => {
    const { greet, shared } = openAgent(answering);
    const { connection, send, types } = await greet(ONE_BY_ONE);
    connection.session.drain();
    connection.session.leaveTaking.stopReading();
    await send(asking());
    expect([types(), connection.session.isFull, shared.counters.notifies]).toEqual([['AGENT-HELLO'], true, 0]);
  });

  it('stays while bytes may wait in the kernel because reading was paused', async () => {
    const { settle, setup } = new Waiting();
    const { greet } = openAgent(setup, { maxInFlightPerConnection: 1 });
    const { connection, send, types } = await greet();
    await send(asking());
    connection.session.drain();
    connection.session.leaveTaking.hurry();
    settle[0]?.();
    await Promise.resolve();
    connection.session.leaveTaking.endIfIdle();
    expect(connection.session.state).toBe('draining');
    for (let i = 0; i < 6; i++) await nextTurn();
    expect(types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });

  it.each<[string, (session: ConnectionBench['connection']['session']) => void]>([
    ['begins to drain', (session) => session.drain()],
    [
      'begins to drain without grace',
      (session) => {
        session.drain();
        session.leaveTaking.endIfIdle();
      },
    ],
  ])('ends with the ACK of the handler in which it %s', async (_, leave) => {
    const peers: ConnectionBench[] = [];
    const { greet } = openAgent((handlers) =>
      handlers.add(ask, (__, ack) => {
        leave(peers[0]!.connection.session);
        ack.set(text, 'answer');
      }),
    );
    const peer = await greet(ONE_BY_ONE);
    peers.push(peer);
    await peer.send(asking());
    expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(valueOf(peer, 1)).toMatchObject([{ value: data.string('answer') }]);
  });

  it.each<[string, (session: ConnectionBench['connection']['session']) => void]>([
    ['after it began to drain', () => {}],
    ['in whose fallback it ends without grace', (session) => session.leaveTaking.endIfIdle()],
  ])('ends with the ACK of a NOTIFY that is too big, %s', async (_, inFallback) => {
    const peers: ConnectionBench[] = [];
    const { greet, namesOfEvents } = openAgent(answering, {
      maxReassembledBytes: 1_024,
      fallback: (__, ack) => {
        inFallback(peers[0]!.connection.session);
        ack.set(text, 'fallback');
      },
    });
    const peer = await greet(ONE_BY_ONE);
    peers.push(peer);
    peer.connection.session.drain();
    await peer.send(...fragment(asking(1, 'y'.repeat(3_000)), 1_000));
    expect(peer.types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(valueOf(peer, 1)).toMatchObject([{ value: data.string('fallback') }]);
    expect(namesOfEvents()).toEqual(['connect', 'overload']);
  });
});

describe('a synchronous handler that throws', () => {
  it('aborts the signal that it has taken, with what it threw as the cause', async () => {
    const signals: AbortSignal[] = [];
    const error = new Error('no database');
    const { greet } = openAgent((handlers) =>
      handlers.add(ask, (_, __, notified) => {
        signals.push(notified.signal);
        throw error;
      }),
    );
    const { send, types } = await greet();
    await send(asking());
    expect(signals[0]?.reason).toEqual(new Error('A handler of the NOTIFY failed', { cause: error }));
    expect(signals[0]?.reason).toHaveProperty('cause', error);
    expect(types()).toEqual(['AGENT-HELLO', 'ACK']);
  });
});
