import { setImmediate as nextTurn } from 'node:timers/promises';
import { type FrameBuilder, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { type Cut, Turn } from '../../src/turn.ts';
import { connectRaw, eventually, linkKinds, type RawPeer, startAgent } from '../harness.ts';
import { stopTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });

const asking = (streamId: number, id: string = 'x'): FrameBuilder => notify({ streamId }).message(ask, { id });
const askings = (count: number, id?: string): FrameBuilder[] =>
  Array.from({ length: count }, (_, streamId) => asking(streamId, id));

function idsOf(peer: RawPeer): number[] {
  return peer
    .frames()
    .filter(({ type }) => type === 'ACK')
    .map(({ streamId }) => Number(streamId));
}

async function expectAnswers(peer: RawPeer, count: number): Promise<void> {
  expect(await eventually(() => idsOf(peer).length >= count)).toBe(true);
  expect(idsOf(peer)).toEqual(Array.from({ length: count }, (_, i) => i));
}

/** From now on every batch ends at its first check of the time. */
function cutAlways(): void {
  const spy = vi.spyOn(Turn.prototype, 'isOver').mockReturnValue(true);
  onTestFinished(() => spy.mockRestore());
}

/** Keeps a connection that is cut short waiting until the test calls its `takeTurn`. */
function holdCuts(): Cut[] {
  const held: Cut[] = [];
  const spy = vi.spyOn(Turn.prototype, 'wait').mockImplementation((cut) => void held.push(cut));
  onTestFinished(() => spy.mockRestore());
  return held;
}

describe.each(linkKinds)('over %s', (link) => {
  it.each([
    [1, 0.2, 6],
    [100, 0.05, 30],
  ])(
    'one NOTIFY beside %i flooding connections, %d ms a NOTIFY, waits %i ms at most',
    async (count, eachMs, mostMs) => {
      const time = stopTime();
      let waitedMs = 0;
      const { target } = await startAgent({
        link,
        setup: (agent) =>
          agent.onMessage(ask, ({ id }) => {
            if (id.equals('honest')) waitedMs = performance.now() - sentAt;
            else time.skip(eachMs);
          }),
      });
      const peers = await Promise.all(Array.from({ length: count + 1 }, () => connectRaw(target)));
      for (const peer of peers) peer.send(haproxyHello());
      await eventually(() => peers.every((peer) => peer.frames().length === 1));
      const honest = peers.pop()!;
      const flood = Buffer.concat(askings(200).map((frame) => frame.toBytes()));
      for (const peer of peers) peer.send(flood);
      const sentAt = performance.now();
      const waits: number[] = [];
      for (let i = 0; i < 5; i++) {
        const askedAt = performance.now();
        honest.send(asking(i, 'honest'));
        expect(await eventually(() => idsOf(honest).length === i + 1)).toBe(true);
        waits.push(waitedMs - (askedAt - sentAt));
      }
      expect(Math.max(...waits)).toBeLessThanOrEqual(mostMs);
      for (const peer of peers) await expectAnswers(peer, 200);
    },
  );

  it('a batch that is cut short again and again is answered in its order', async () => {
    cutAlways();
    const { target } = await startAgent({ link, setup: (agent) => agent.onMessage(ask, () => {}) });
    const peers = await Promise.all([connectRaw(target), connectRaw(target)]);
    for (const peer of peers) peer.send(haproxyHello(), ...askings(500));
    for (const peer of peers) await expectAnswers(peer, 500);
    peers[0].send(asking(500));
    await expectAnswers(peers[0], 501);
  });

  it('a frame whose rest arrives after its beginning was kept is answered', async () => {
    cutAlways();
    const { target } = await startAgent({ link, setup: (agent) => agent.onMessage(ask, () => {}) });
    const peer = await connectRaw(target);
    const bytes = Buffer.concat(askings(300).map((frame) => frame.toBytes()));
    peer.send(haproxyHello());
    for (let i = 0; i < bytes.length; i += 2_011) {
      peer.send(bytes.subarray(i, i + 2_011));
      await nextTurn();
    }
    await expectAnswers(peer, 300);
  });

  it('all NOTIFYs are answered if the peer closes its side meanwhile', async () => {
    cutAlways();
    const { target } = await startAgent({ link, setup: (agent) => agent.onMessage(ask, () => {}) });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...askings(500));
    peer.stream.end();
    await expectAnswers(peer, 500);
    expect(await eventually(() => peer.ending() === 'end')).toBe(true);
  });

  it('all NOTIFYs are answered, and the connection ends with status 0, if the agent is closed meanwhile', async () => {
    const held = holdCuts();
    cutAlways();
    const { agent, target } = await startAgent({ link, setup: (each) => each.onMessage(ask, () => {}) });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: '' }), ...askings(100));
    await eventually(() => held.length === 1 && idsOf(peer).length > 0);
    const answered = idsOf(peer).length;
    const closed = agent.close();
    // The wait is longer than without a cut.
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect([idsOf(peer).length, peer.ending()]).toEqual([answered, undefined]);
    expect(await eventually(() => (held.shift()?.takeTurn(), idsOf(peer).length === 100))).toBe(true);
    await closed;
    await expectAnswers(peer, 100);
    expect(peer.frames().at(-1)).toBeDisconnect(0);
  });

  it('the kept bytes are dropped with a connection that goes away', async () => {
    const held = holdCuts();
    cutAlways();
    const { agent, target } = await startAgent({ link, setup: (each) => each.onMessage(ask, () => {}) });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), ...askings(100));
    await eventually(() => held.length === 1);
    const { notifies } = agent.toMetrics();
    await agent.close({ graceMs: 0 });
    expect(agent.connectionCount).toBe(0);
    held[0]?.takeTurn();
    await nextTurn();
    expect(agent.toMetrics().notifies).toBe(notifies);
  });

  it('handlers that settle at once give other connections their turn', async () => {
    const time = stopTime();
    const order: string[] = [];
    const handle = async (who: string): Promise<void> => {
      order.push(who);
      await Promise.resolve();
      time.skip(0.2);
    };
    const { target } = await startAgent({
      link,
      maxInFlightPerConnection: 4,
      setup: (agent: Agent) => agent.onMessage(ask, ({ id }) => handle(id.toString())),
    });
    const [flooding, honest] = [await connectRaw(target), await connectRaw(target)];
    for (const peer of [flooding, honest]) peer.send(haproxyHello());
    await eventually(() => [flooding, honest].every((peer) => peer.frames().length === 1));
    flooding.send(...askings(500));
    honest.send(asking(0, 'honest'));
    await expectAnswers(flooding, 500);
    expect(order.indexOf('honest')).toBeLessThanOrEqual(50);
  });

  it('the time that a batch waits for its turn does not count towards the peer’s timeouts', async () => {
    const time = stopTime();
    const held = holdCuts();
    cutAlways();
    const timeouts = { helloTimeoutMs: 400, idleTimeoutMs: 400, partialFrameTimeoutMs: 400 };
    const { target } = await startAgent({ link, ...timeouts, setup: (agent) => agent.onMessage(ask, () => {}) });
    const peer = await connectRaw(target);
    const bytes = asking(50).toBytes();
    peer.send(haproxyHello(), ...askings(50), bytes.subarray(0, 12));
    await eventually(() => held.length === 1);
    await time.pass(2_000);
    expect(peer.ending()).toBeUndefined();
    await eventually(() => (held.shift()?.takeTurn(), held.length === 0 && idsOf(peer).length === 50));
    await time.pass(399);
    peer.send(bytes.subarray(12));
    await eventually(() => (held.shift()?.takeTurn(), idsOf(peer).length === 51));
    await expectAnswers(peer, 51);
  });
});
