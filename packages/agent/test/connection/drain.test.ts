import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, startAgent } from '../harness.ts';
import { stopTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

const setup = (agent: Agent): unknown =>
  agent.onMessage(ask, ({ id }, ack): void | Promise<void> => {
    if (id.equals('later')) return sleep(20).then(() => void ack.set(number, 1));
    ack.set(number, 1);
  });

/** Handlers of NOTIFYs with the id `later` that answer when the test says so. */
class Asked {
  readonly #waiting: (() => void)[] = [];

  readonly setup = (agent: Agent): unknown =>
    agent.onMessage(ask, ({ id }, ack): void | Promise<void> => {
      ack.set(number, 1);
      if (id.equals('later')) return new Promise((resolve) => void this.#waiting.push(resolve));
    });

  /** The number of handlers that have not answered. */
  get count(): number {
    return this.#waiting.length;
  }

  /** Lets the oldest answer. */
  settle(): void {
    this.#waiting.shift()?.();
  }
}

const asking = (streamId: number, id: string = 'now'): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id });
const withoutPipelining = haproxyHello({ capabilities: '' });

/** The types of the frames in each chunk received. */
function typesOf(peer: Awaited<ReturnType<typeof connectRaw>>): string[] {
  return peer.frames().map(({ type }) => type);
}

describe.each(linkKinds)('a connection without pipelining over %s, when the agent closes', (link) => {
  it.each(['now', 'later'])(
    'stays for one more NOTIFY (answered %s), and leaves with its ACK in one write',
    async (id) => {
      const time = stopTime();
      const { agent, target } = await startAgent({ link, setup });
      const peer = await connectRaw(target);
      peer.send(withoutPipelining, asking(1));
      await eventually(() => peer.frames().length === 2);
      const chunksBefore = peer.chunks.length;
      const closed = agent.close();
      // As long as the connection may be quiet.
      await time.pass(248);
      expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK']);
      peer.send(asking(2, id));
      await eventually(() => peer.ending() !== undefined);
      expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
      expect(peer.chunks).toHaveLength(chunksBefore + 1);
      peer.stream.end();
      await closed;
    },
  );
});

describe('a connection that is made just before the agent closes', () => {
  it('is served until its first NOTIFY is answered', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', setup });
    if (!('port' in target)) throw new Error('the agent listens on no port');
    const early = await connectRaw(target);
    const closed = agent.close();
    early.send(withoutPipelining);
    await eventually(() => early.frames().length === 1);
    early.send(asking(1));
    await eventually(() => early.ending() !== undefined);
    expect(typesOf(early)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    early.stream.end();
    await closed;
    const late = connect(target.port, '127.0.0.1');
    await expect(new Promise((_, reject) => late.on('error', reject))).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('is answered as up if it is a health check', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4' });
    const check = await connectRaw(target);
    const closed = agent.close();
    check.send(haproxyHello({ healthcheck: true, capabilities: '' }));
    await eventually(() => check.ending() !== undefined);
    expect(typesOf(check)).toEqual(['AGENT-HELLO']);
    check.stream.end();
    await closed;
  });
});

describe('connections with pipelining, when the agent closes', () => {
  it('are ended at once if no NOTIFY is in flight, and the others after their ACKs', async () => {
    const time = stopTime();
    const asked = new Asked();
    const { agent, target } = await startAgent({ setup: asked.setup });
    const [idle, busy, patient] = await Promise.all([connectRaw(target), connectRaw(target), connectRaw(target)]);
    const ended: string[] = [];
    for (const [name, peer] of Object.entries({ idle, busy, patient })) {
      peer.stream.on('end', () => {
        ended.push(name);
        peer.stream.end();
      });
    }
    patient.send(withoutPipelining, asking(1));
    idle.send(haproxyHello({ capabilities: 'pipelining' }), asking(1));
    busy.send(haproxyHello({ capabilities: 'pipelining' }), asking(1), asking(2, 'later'));
    await eventually(() => [idle, busy, patient].every((peer) => peer.frames().length === 2));
    const closed = agent.close();
    await time.pass(4);
    expect(await eventually(() => ended.length === 1)).toBe(true);
    asked.settle();
    expect(await eventually(() => ended.length === 2)).toBe(true);
    await time.pass(250);
    await closed;
    expect(ended).toEqual(['idle', 'busy', 'patient']);
    expect(typesOf(idle)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(typesOf(busy)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    expect(typesOf(patient)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});

describe('a connection with pipelining that sends NOTIFYs without a gap', () => {
  it('is not ended with an ACK that is written just after bytes arrived', async () => {
    const time = stopTime();
    const asked = new Asked();
    const { agent, target } = await startAgent({ link: 'IPv4', setup: asked.setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1, 'later'));
    await eventually(() => agent.inFlightCount === 1);
    const closed = agent.close();
    await time.pass(30);
    const acks = once(peer.stream, 'data');
    peer.send(asking(2));
    await acks;
    asked.settle();
    await eventually(() => peer.frames().length === 3);
    await time.pass(4);
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    // The HELLO, the first ACK, the second, and the end only after a check that found nothing new.
    expect(peer.chunks).toHaveLength(4);
    peer.stream.end();
    await closed;
  });

  it('is ended with an ACK in the second half of the grace', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({ setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1));
    await eventually(() => peer.frames().length === 2);
    const closed = agent.close({ graceMs: 20_000 });
    let passedMs = 0;
    while (peer.ending() === undefined && passedMs < 20_000) {
      const count = peer.frames().length;
      peer.send(asking(2));
      await eventually(() => peer.frames().length > count || peer.ending() !== undefined);
      await time.pass(1);
      // Most of the time passes between a check and the next NOTIFY.
      time.skip(199);
      passedMs += 200;
    }
    peer.stream.end();
    await closed;
    expect(typesOf(peer).slice(-2)).toEqual(['ACK', 'AGENT-DISCONNECT']);
    expect(peer.ending()).toBe('end');
    expect(passedMs).toBeGreaterThanOrEqual(10_000);
    expect(passedMs).toBeLessThan(11_000);
  });
});

describe('a NOTIFY that is in the socket when a connection with pipelining is about to be ended', () => {
  it('is still answered', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({ link: 'IPv4', setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1));
    await eventually(() => peer.frames().length === 2);
    const closed = agent.close();
    peer.send(asking(2));
    // The agent checks before it reads the socket.
    time.block(2);
    await eventually(() => peer.frames().length === 3);
    await time.pass(4);
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });
});

describe('a connection that the agent holds back when it closes', () => {
  it('gets the answers to the NOTIFYs that it had sent before, with pipelining', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', maxInFlightPerConnection: 1, setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }));
    await eventually(() => peer.frames().length === 1);
    peer.send(asking(1, 'later'));
    await eventually(() => agent.inFlightCount === 1);
    for (let streamId = 2; streamId <= 10; streamId++) peer.send(asking(streamId, 'later'));
    await sleep(5);
    const closed = agent.close();
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', ...Array<string>(10).fill('ACK'), 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });

  it('gets the answer to the NOTIFY that it had sent while there was no room for it, without pipelining', async () => {
    const asked = new Asked();
    const { agent, target } = await startAgent({
      link: 'IPv4',
      maxInFlight: 2,
      maxInFlightPerConnection: 1,
      setup: asked.setup,
    });
    const [held, first, second] = [await connectRaw(target), await connectRaw(target), await connectRaw(target)];
    const peers = [held, first, second];
    for (const peer of peers) peer.send(withoutPipelining);
    await eventually(() => peers.every((peer) => peer.frames().length === 1));
    held.send(asking(1, 'later'));
    await eventually(() => agent.inFlightCount === 1);
    first.send(asking(2, 'later'));
    await eventually(() => agent.inFlightCount === 2);
    // It waits for room, and gets the room of the first NOTIFY.
    second.send(asking(3, 'later'));
    await sleep(5);
    asked.settle();
    await eventually(() => held.frames().length === 2 && agent.inFlightCount === 2);
    held.send(asking(4, 'later'));
    await sleep(5);
    const closed = agent.close();
    for (const peer of peers) void eventually(() => peer.ending() !== undefined).then(() => peer.stream.end());
    for (let answered = 1; answered <= 3; answered++) {
      await eventually(() => asked.count > 0);
      asked.settle();
    }
    await closed;
    expect(typesOf(held)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
  });
});

describe('a connection with pipelining that is never without a NOTIFY in flight', () => {
  it('gets the answers to all NOTIFYs that were read, and is ended in the last quarter of the grace', async () => {
    const time = stopTime();
    const asked = new Asked();
    const { agent, target } = await startAgent({ setup: asked.setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1, 'later'));
    await eventually(() => asked.count === 1);
    const closed = agent.close({ graceMs: 20_000 });
    let sent = 1;
    for (let passedMs = 0; passedMs < 15_000; passedMs += 200) {
      peer.send(asking(++sent, 'later'));
      // Each is read in the first three quarters.
      await eventually(() => asked.count === 2);
      asked.settle();
      await time.pass(1);
      time.skip(199);
    }
    await time.pass(2);
    peer.send(asking(++sent, 'later'));
    asked.settle();
    await eventually(() => peer.ending() !== undefined);
    peer.stream.end();
    await closed;
    expect(typesOf(peer).slice(-2)).toEqual(['ACK', 'AGENT-DISCONNECT']);
    expect(peer.frames().filter(({ type }) => type === 'ACK')).toHaveLength(sent - 1);
    expect(agent.toMetrics().lateAnswers).toBe(0);
  });
});

describe('graceMs: 0', () => {
  it('sends AGENT-DISCONNECT at once if no NOTIFY is in flight', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', setup });
    const peer = await connectRaw(target);
    peer.send(withoutPipelining, asking(1));
    await eventually(() => peer.frames().length === 2);
    await agent.close({ graceMs: 0 });
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});
