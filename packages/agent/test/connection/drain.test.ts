import { once } from 'node:events';
import { connect } from 'node:net';
import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, int32, string as text } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, startAgent } from '../harness.ts';

const ask = defineMessage('ask', { id: text });
const number = defineVariable('txn', 'number', int32);

const setup = (agent: Agent): unknown =>
  agent.onMessage(ask, ({ id }, ack): void | Promise<void> => {
    if (id.equals('later')) return sleep(20).then(() => void ack.set(number, 1));
    ack.set(number, 1);
  });
const asking = (streamId: number, id: string = 'now'): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { id });
const withoutPipelining = haproxyHello({ capabilities: '' });

/** The types of the frames in each chunk that came. */
function typesOf(peer: Awaited<ReturnType<typeof connectRaw>>): string[] {
  return peer.frames().map(({ type }) => type);
}

describe.each(linkKinds)('a connection without pipelining over %s, when the agent closes', (link) => {
  it.each(['now', 'later'])(
    'stays for one more NOTIFY (answered %s), and leaves with its ACK in one write',
    async (id) => {
      const { agent, target } = await startAgent({ link, setup });
      const peer = await connectRaw(target);
      peer.send(withoutPipelining, asking(1));
      await eventually(() => peer.frames().length === 2);
      const chunksBefore = peer.chunks.length;
      const closed = agent.close();
      await sleep(30);
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
  it('is served until it was asked once', async () => {
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

  it('is answered as up where it is a health check', async () => {
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
  it('are ended where nothing is in flight, without waiting for another NOTIFY, and the others after their ACKs', async () => {
    const { agent, target } = await startAgent({ setup });
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
    await agent.close();
    expect(ended).toEqual(['idle', 'busy', 'patient']);
    expect(typesOf(idle)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(typesOf(busy)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    expect(typesOf(patient)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});

describe('a connection with pipelining that is asked without a gap', () => {
  it('does not leave with an ACK that is written just after something came', async () => {
    let settle = (): void => {};
    const { agent, target } = await startAgent({
      link: 'IPv4',
      setup: (it) =>
        it.onMessage(ask, ({ id }, ack): void | Promise<void> => {
          ack.set(number, 1);
          if (id.equals('later')) return new Promise((resolve) => void (settle = resolve));
        }),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1, 'later'));
    await eventually(() => agent.inFlightCount === 1);
    const closed = agent.close();
    await sleep(30);
    const acks = once(peer.stream, 'data');
    peer.send(asking(2));
    await acks;
    settle();
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    // The HELLO, the first ACK, the second, and only after a look that found nothing new the end.
    expect(peer.chunks).toHaveLength(4);
    peer.stream.end();
    await closed;
  });

  it('leaves with an ACK in the second half of the grace', async () => {
    const { agent, target } = await startAgent({ setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1));
    await eventually(() => peer.frames().length === 2);
    const flow = setInterval(() => peer.send(asking(2)), 1);
    peer.stream.on('end', () => {
      clearInterval(flow);
      peer.stream.end();
    });
    await agent.close({ graceMs: 1_000 });
    clearInterval(flow);
    expect(typesOf(peer).slice(-2)).toEqual(['ACK', 'AGENT-DISCONNECT']);
    expect(peer.ending()).toBe('end');
  });
});

describe('a NOTIFY that is in the socket when a connection with pipelining is about to be ended', () => {
  it('is answered before', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1));
    await eventually(() => peer.frames().length === 2);
    // Timers come next in the event loop then, before sockets are read; the agent's look is due by that time.
    await setImmediate();
    const closed = agent.close();
    peer.send(asking(2));
    for (const until = performance.now() + 20; performance.now() < until;);
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
    peer.stream.end();
    await closed;
  });
});

describe('a connection that the agent holds back when it closes', () => {
  it('is answered what it had sent before, with pipelining', async () => {
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

  it('is answered the NOTIFY that it had sent while there was no room for it, without pipelining', async () => {
    const slow = (each: Agent): unknown => each.onMessage(ask, ({ id }) => sleep(id.equals('slow') ? 600 : 40));
    const { agent, target } = await startAgent({
      link: 'IPv4',
      maxInFlight: 2,
      maxInFlightPerConnection: 1,
      setup: slow,
    });
    const [held, first, second] = [await connectRaw(target), await connectRaw(target), await connectRaw(target)];
    const peers = [held, first, second];
    for (const peer of peers) peer.send(withoutPipelining);
    await eventually(() => peers.every((peer) => peer.frames().length === 1));
    held.send(asking(1));
    await eventually(() => agent.inFlightCount === 1);
    first.send(asking(2, 'slow'));
    await eventually(() => agent.inFlightCount === 2);
    // It waits for room, and gets that of the first.
    second.send(asking(3, 'slow'));
    await eventually(() => held.frames().length === 2);
    held.send(asking(4));
    await sleep(5);
    const closed = agent.close();
    for (const peer of peers) void eventually(() => peer.ending() !== undefined).then(() => peer.stream.end());
    await closed;
    expect(typesOf(held)).toEqual(['AGENT-HELLO', 'ACK', 'ACK', 'AGENT-DISCONNECT']);
  });
});

describe('a connection with pipelining that is never without a NOTIFY in flight', () => {
  it('is answered all that was read, and leaves in the last quarter of the grace', async () => {
    const { agent, target } = await startAgent({ setup });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }), asking(1, 'later'));
    let sent = 1;
    const flow = setInterval(() => peer.send(asking(++sent, 'later')), 2);
    peer.stream.on('end', () => {
      clearInterval(flow);
      peer.stream.end();
    });
    await eventually(() => agent.inFlightCount > 3);
    const begun = performance.now();
    await agent.close({ graceMs: 1_000 });
    const took = performance.now() - begun;
    clearInterval(flow);
    const types = typesOf(peer);
    expect(types.slice(-2)).toEqual(['ACK', 'AGENT-DISCONNECT']);
    expect(took).toBeGreaterThan(740);
    expect(took).toBeLessThan(990);
    expect(agent.toMetrics().lateAnswers).toBe(0);
  });
});

describe('graceMs: 0', () => {
  it('says AGENT-DISCONNECT at once where nothing is in flight', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', setup });
    const peer = await connectRaw(target);
    peer.send(withoutPipelining, asking(1));
    await eventually(() => peer.frames().length === 2);
    await agent.close({ graceMs: 0 });
    await eventually(() => peer.ending() !== undefined);
    expect(typesOf(peer)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
  });
});
