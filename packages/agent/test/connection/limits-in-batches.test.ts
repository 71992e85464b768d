import { duplexPair } from 'node:stream';
import { fragment, haproxyHello, notify } from '@spop/builder';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, type RawPeer, startAgent } from '../harness.ts';

const quick = defineMessage('quick', { id: string });
const slow = defineMessage('slow', { id: string });
const number = defineVariable('txn', 'number', int32);

/** Slow handlers that wait for the test, and the highest number that waited at once. */
class Slow {
  readonly settle: (() => void)[] = [];
  most = 0;

  readonly setup = (agent: Agent): void => {
    agent.onMessage(quick, (_, ack) => void ack.set(number, 1));
    // Not an async function: the agent cannot know before it is called.
    agent.onMessage(slow, (_, ack) => {
      this.most = Math.max(this.most, agent.inFlightCount + 1);
      return new Promise<void>((resolve) => this.settle.push(resolve)).then(() => void ack.set(number, 2));
    });
  };

  /** Lets the oldest answer, one after the other, until `isDone`. */
  async settleUntil(isDone: () => boolean): Promise<boolean> {
    return eventually(() => {
      this.settle.shift()?.();
      return isDone();
    });
  }
}

const asking = (definition: typeof quick | typeof slow, streamId: number): ReturnType<typeof notify> =>
  notify({ streamId }).message(definition, { id: `${streamId}` });

function idsOf(peer: RawPeer): number[] {
  return peer
    .frames()
    .filter(({ type }) => type === 'ACK')
    .map(({ streamId }) => Number(streamId));
}

const turns = async (count: number): Promise<void> => {
  for (let turn = 0; turn < count; turn++) {
    await new Promise((resolve) => setImmediate(resolve));
  }
};

const ids = (count: number): number[] => Array.from({ length: count }, (_, i) => i);

describe.each(linkKinds)('limits within one batch over %s', (link) => {
  it.each([1, 2, 3])('of %i hold if HELLO, fragments, slow and quick NOTIFYs arrive at once', async (limit) => {
    const waiting = new Slow();
    const { target } = await startAgent({ link, maxInFlightPerConnection: limit, setup: waiting.setup });
    const peer = await connectRaw(target);
    const fragments = (id: number): ReturnType<typeof fragment> => fragment(asking(slow, id), 4);
    const frames = ids(24).flatMap((id) => (id % 3 === 0 ? fragments(id) : [asking(id % 3 === 1 ? slow : quick, id)]));
    peer.send(haproxyHello({ capabilities: 'pipelining' }), ...frames);
    await eventually(() => waiting.settle.length === limit);
    await turns(20);
    expect(waiting.settle).toHaveLength(limit);
    expect(await waiting.settleUntil(() => idsOf(peer).length === 24)).toBe(true);
    expect(idsOf(peer).toSorted((a, b) => a - b)).toEqual(ids(24));
    expect(waiting.most).toBe(limit);
  });

  it('hold for a connection that sends HELLO and a NOTIFY in one chunk when the agent is full', async () => {
    const waiting = new Slow();
    const { agent, target } = await startAgent({ link, maxInFlight: 2, setup: waiting.setup });
    const busy = await connectRaw(target);
    busy.send(haproxyHello(), asking(slow, 0), asking(slow, 1), asking(slow, 2));
    await eventually(() => waiting.settle.length === 2);
    const late = await connectRaw(target);
    late.send(haproxyHello(), ...fragment(asking(slow, 7), 4), asking(slow, 8), asking(quick, 9));
    await eventually(() => late.frames().length === 1);
    await turns(20);
    expect([agent.inFlightCount, waiting.settle.length, idsOf(late)]).toEqual([2, 2, []]);
    expect(await waiting.settleUntil(() => idsOf(busy).length === 3 && idsOf(late).length === 3)).toBe(true);
    expect(waiting.most).toBe(2);
  });

  it('hold for connections that read their kept bytes, with any number of handlers settling at once', async () => {
    const waiting = new Slow();
    const { target } = await startAgent({
      link,
      maxInFlight: 3,
      maxInFlightPerConnection: 2,
      setup: waiting.setup,
    });
    const peers = await Promise.all(ids(4).map(() => connectRaw(target)));
    for (const peer of peers) {
      peer.send(haproxyHello(), ...ids(12).flatMap((id) => (id % 2 === 0 ? [asking(slow, id)] : [asking(quick, id)])));
    }
    const isDone = await eventually(() => {
      for (const settle of waiting.settle.splice(0)) settle();
      return peers.every((peer) => idsOf(peer).length === 12);
    });
    expect(isDone).toBe(true);
    expect(waiting.most).toBe(3);
  });
});

describe('a handler that writes to another connection in memory', () => {
  it('exceeds no limit: its NOTIFYs are read after its own batch', async () => {
    const waiting = new Slow();
    const [ours, theirs] = duplexPair();
    const relay = defineMessage('relay', {});
    const { agent, target } = await startAgent({
      maxInFlight: 1,
      setup: (each) => {
        waiting.setup(each);
        each.onMessage(relay, () => void ours.write(asking(slow, 5).toBytes()));
      },
    });
    agent.handle(theirs);
    ours.resume();
    ours.write(haproxyHello().toBytes());
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    peer.send(notify({ streamId: 0 }).message(relay), asking(slow, 1), asking(slow, 2));
    expect(await waiting.settleUntil(() => idsOf(peer).length === 3 && agent.inFlightCount === 0)).toBe(true);
    expect(waiting.most).toBe(1);
    ours.destroy();
  });

  it('goes on with its own message and ACK after any number of NOTIFYs', async () => {
    const [ours, theirs] = duplexPair();
    const relay = defineMessage('relay', { id: string });
    const seen: string[] = [];
    const { agent, connect } = await startAgent({
      setup: (each) => {
        each.onMessage(quick, (_, ack) => void ack.set(number, 1));
        each.onMessage(relay, (message, ack) => {
          ours.write(Buffer.concat(ids(8).map((id) => asking(quick, id).toBytes())));
          seen.push(message.id.toString());
          ack.set(number, 77);
        });
      },
    });
    agent.handle(theirs);
    const answers: Buffer[] = [];
    ours.on('data', (chunk: Buffer) => answers.push(chunk));
    ours.write(haproxyHello().toBytes());
    await turns(3);
    const peer = await connect();
    await peer.hello();
    const { actions } = await peer.notify(relay, { id: 'mine' });
    expect([seen, actions]).toEqual([
      ['mine'],
      [expect.objectContaining({ name: 'number', value: { type: 'int32', value: 77 } })],
    ]);
    expect(await eventually(() => Buffer.concat(answers).length > 8 * 23)).toBe(true);
    ours.destroy();
  });
});
