import { setTimeout as sleep } from 'node:timers/promises';
import { fragment, haproxyDisconnect, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import {
  connectRaw,
  eventually,
  type LinkKind,
  linkKinds,
  type RawPeer,
  type Reports,
  startAgent,
} from '../harness.ts';

const ask = defineMessage('ask', { kind: string, id: string });
const answer = defineVariable('txn', 'answer', string);
const number = defineVariable('txn', 'number', int32);

const KINDS = ['now', 'promise', 'timer', 'throw', 'reject', 'never', 'too much'] as const;

/** Numbers that are the same in each run. */
function seeded(seed: number): (below: number) => number {
  let state = Math.imul(seed + 1, 0x9e37_79b9);
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

function answering(agent: Agent): void {
  agent.onMessage(ask, (message, ack) => {
    const respond = (): void => void ack.set(answer, message.id);
    switch (message.kind.toString()) {
      case 'promise':
        return Promise.resolve().then(respond);
      case 'timer':
        return sleep(message.id.byteLength % 4).then(respond);
      case 'throw':
        throw new Error('thrown');
      case 'reject':
        return sleep(1).then(() => {
          throw new Error('rejected');
        });
      case 'never':
        return new Promise<void>(() => {});
      case 'too much':
        for (;;) ack.set(answer, 'x'.repeat(300));
      default:
        return respond();
    }
  });
}

/** The content of the ACK for a NOTIFY of a kind. */
function expectedOf(kind: string, id: string): unknown[] {
  const isAnswered = kind === 'now' || kind === 'promise' || kind === 'timer';
  return isAnswered
    ? [{ type: 'set-var', scope: 'txn', name: 'answer', value: { type: 'string', value: id } }]
    : [{ type: 'set-var', scope: 'txn', name: 'number', value: { type: 'int32', value: 99 } }];
}

/** Connections and stream-ids of late NOTIFYs: on a busy machine more than those that are never answered. */
function timedOut(reports: Reports): Set<string> {
  return new Set(reports.handlerTimeout.map(({ connection, streamId }) => `${connection.id} ${streamId}`));
}

describe.each(Array.from({ length: 24 }, (_, seed) => seed))('a mixture of everything (seed %i)', (seed) => {
  it('gives each NOTIFY exactly one ACK, with its own answer', async () => {
    const random = seeded(seed);
    const link: LinkKind = linkKinds[seed % linkKinds.length]!;
    const { agent, target, reports } = await startAgent({
      link,
      setup: answering,
      fallback: (_, ack) => void ack.set(number, 99),
      processingTimeoutMs: 100,
      maxInFlight: 1 + random(20),
      maxInFlightPerConnection: 1 + random(10),
    });
    const count = 60;
    const peers: RawPeer[] = [];
    // Connected one after the other, so that the agent numbers them in this order.
    while (peers.length < 6) peers.push(await connectRaw(target));
    const plans = peers.map((_, index) =>
      Array.from({ length: count }, (__, i) => ({
        kind: KINDS[random(100) < 70 ? random(3) : random(7)]!,
        id: `${index}-${i}`,
      })),
    );
    await Promise.all(
      peers.map(async (peer, index) => {
        const frames = plans[index]!.flatMap(({ kind, id }, i) => {
          const whole = notify({ streamId: i }).message(ask, { kind, id });
          return random(10) === 0 ? fragment(whole, 1 + random(20)) : [whole];
        });
        const bytes = Buffer.concat(
          [haproxyHello({ capabilities: 'pipelining,async' }), ...frames].map((frame) => frame.toBytes()),
        );
        for (let position = 0, size = 0; position < bytes.length; position += size) {
          size = 1 + random(random(2) === 0 ? 30 : 3_000);
          peer.send(bytes.subarray(position, position + size));
          if (random(3) === 0) await sleep(random(2));
        }
      }),
    );
    const haveAll = (): boolean => peers.every((peer) => peer.frames().length === count + 1);
    expect(await eventually(haveAll, 20_000)).toBe(true);
    for (const [index, peer] of peers.entries()) {
      const acks = peer
        .frames()
        .slice(1)
        .toSorted((a, b) => Number(a.streamId - b.streamId));
      const late = timedOut(reports);
      expect(acks.map((ack) => ('actions' in ack ? ack.actions : []))).toEqual(
        plans[index]!.map(({ kind, id }, i) => expectedOf(late.has(`${index + 1} ${i}`) ? 'never' : kind, id)),
      );
      if (index % 3 === 0) peer.send(haproxyDisconnect());
      else peer.stream.end();
    }
    expect(await eventually(() => peers.every((peer) => peer.ending() === 'end'))).toBe(true);
    for (const peer of peers) peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.protocolError).toEqual([]);
  }, 30_000);
});
