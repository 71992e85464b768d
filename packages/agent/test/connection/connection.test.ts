import { setImmediate as nextTurn } from 'node:timers/promises';
import { inspect } from 'node:util';
import { haproxyDisconnect, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { AckWriter, defineMessage, SpopError, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { Connection } from '../../src/connection/connection.ts';
import type { Handlers } from '../../src/notify/handlers.ts';
import { connectRaw, eventually, startAgent } from '../harness.ts';
import { SlowSocket } from '../slow-socket.ts';
import { openAgent } from './connection-bench.ts';

const ask = defineMessage('ask', { id: string });
const asking = (id: string = '1', streamId: number = 1): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id });

const answering = (handlers: Handlers): void => handlers.add(ask, () => {});
const waiting = (handlers: Handlers): void => handlers.add(ask, () => new Promise(() => {}));

const FAR_FUTURE = 1e9;

describe('a connection', () => {
  it('sets TCP_NODELAY: an ACK does not wait for the one before to be confirmed', () => {
    const { shared } = openAgent();
    const socket = new SlowSocket();
    const setNoDelay = vi.spyOn(socket, 'setNoDelay');
    const connection = new Connection(shared, socket, 1, undefined, () => {});
    onTestFinished(() => connection.destroy());
    expect(setNoDelay.mock.calls).toEqual([[true]]);
  });

  it.each([
    [4_096, 4_000, ['AGENT-HELLO', 'ACK']],
    [4_096, 5_000, ['AGENT-HELLO', 'AGENT-DISCONNECT']],
    [1_048_576, 100_000, ['AGENT-HELLO', 'ACK']],
  ])('takes frames up to the max-frame-size of HAProxy, %i: one of %i bytes', async (maxFrameSize, length, types) => {
    const bench = openAgent(answering);
    const peer = await bench.greet(haproxyHello({ maxFrameSize, capabilities: 'async' }));
    await peer.send(asking('x'.repeat(length)));
    expect(peer.types()).toEqual(types);
  });

  it('tells that it was held back from when it pauses reading until it has caught up', async () => {
    const settle: (() => void)[] = [];
    const { greet } = openAgent(
      (handlers) => handlers.add(ask, () => new Promise<void>((resolve) => void settle.push(resolve))),
      { maxInFlightPerConnection: 1 },
    );
    const { connection, send } = await greet();
    expect(connection.wasHeldBack).toBe(false);
    await send(asking());
    expect([connection.wasHeldBack, connection.session.wasHeldBack]).toEqual([true, true]);
    settle[0]?.();
    for (let i = 0; i < 4; i++) await nextTurn();
    expect([connection.wasHeldBack, connection.session.wasHeldBack]).toEqual([false, false]);
  });
});

describe('a connection whose session is over', () => {
  it('is not timed out: a peer without a HELLO stays unreported', async () => {
    const { events, open } = openAgent();
    const { connection, send, stream } = open();
    await send(Buffer.from('00000004ffffffff', 'hex'));
    connection.checkTimers(FAR_FUTURE);
    expect(stream.destroyed).toBe(false);
    connection.destroy();
    await nextTurn();
    expect(events.map(([name]) => name)).toEqual(['protocolError']);
  });

  it('ignores errors in what the peer has sent after its last frame', async () => {
    const { events, greet } = openAgent();
    const { connection, send } = await greet();
    await send(haproxyDisconnect({ statusCode: 0, message: 'bye' }), Buffer.from('ffffffff', 'hex'));
    connection.destroy();
    await nextTurn();
    expect(events).toMatchObject([
      ['connect', {}],
      ['disconnect', { status: 0, reason: 'bye' }],
    ]);
  });

  it('is read to its end over a socket, however much the peer sends after its last frame', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', lingerTimeoutMs: 60_000 });
    const peer = await connectRaw(target);
    peer.send(Buffer.from('00000004ffffffff', 'hex'));
    expect(await eventually(() => peer.frames().length === 1)).toBe(true);
    peer.stream.end(Buffer.alloc(1_000_000));
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(peer.ending()).toBe('end');
  });

  it('holds no bytes of the frame that was begun when it ends', async () => {
    const { greet, shared } = openAgent();
    const { connection, send } = await greet();
    await send(asking('x'.repeat(10_000)).toBytes().subarray(0, 9_000));
    expect(shared.incomplete.total).toBeGreaterThan(8_000);
    connection.checkTimers(FAR_FUTURE);
    expect(shared.incomplete.total).toBe(0);
  });
});

describe('an error of the agent itself', () => {
  it.each([
    ['of any kind', new TypeError('secret')],
    ['of the codec that is not the peer’s', new SpopError('SPOP_MISUSE', 'secret', 7)],
  ])('%s ends the connection with status 99, and without its text', async (_, cause) => {
    const { events, greet } = openAgent(answering);
    const peer = await greet();
    const end = vi.spyOn(AckWriter.prototype, 'end').mockImplementationOnce(() => {
      throw cause;
    });
    onTestFinished(() => end.mockRestore());
    await peer.send(asking());
    const last = peer.frames().at(-1);
    expect(last).toBeDisconnect(99);
    expect(inspect(last, { depth: 9 })).not.toContain('secret');
    expect(events.slice(1)).toMatchObject([
      ['protocolError', { error: { code: 'SPOP_MISUSE', status: undefined, offset: -1, cause } }],
    ]);
  });
});

describe('an error of the transport', () => {
  it.each([
    ['ECONNRESET', []],
    ['EPIPE', []],
    ['ETIMEDOUT', ['transportError']],
    [undefined, ['transportError']],
  ])('with the code %s is reported, if it is no reset: %o', async (code, expected) => {
    const { events, open } = openAgent();
    const { stream } = open();
    const error = Object.assign(new Error('broken'), code === undefined ? {} : { code });
    stream.destroy(error);
    await nextTurn();
    expect(events.map(([name]) => name)).toEqual(expected);
    if (expected.length > 0) expect(events[0]?.[1]).toMatchObject({ connection: { id: 1 }, error });
  });
});

describe('giveUp', () => {
  it('of a peer without a handshake writes no frame', () => {
    const { open } = openAgent();
    const { connection, frames, stream } = open();
    connection.giveUp('not done');
    expect([frames(), stream.destroyed]).toEqual([[], true]);
  });

  it('answers what is in flight, tells the reason, and destroys the stream', async () => {
    const { greet } = openAgent(waiting);
    const { connection, frames, send, stream, types } = await greet();
    await send(asking());
    connection.giveUp('not done within graceMs');
    expect(types()).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(frames().at(-1)).toBeDisconnect(2);
    expect(stream.destroyed).toBe(true);
  });
});
