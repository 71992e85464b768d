import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { type BytesInput, fragment, haproxyHello, notify, unset } from '@spop/builder';
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AgentOptions } from '../../src/index.ts';
import { type Attacked, type Rounds, startAttacked } from './attacked.ts';
import { eventually, startAgent } from '../harness.ts';
import { usedBytes } from '../memory.ts';

const ask = defineMessage('ask', { how: string });

const asking = (how: string, streamId: number): ReturnType<typeof notify> => notify({ streamId }).message(ask, { how });

type Attack = (attacked: Attacked) => Promise<void>;

/** Sends the bytes on new connections, before the HELLO and after it; the agent ends them, or the peer after a moment. */
function bytes(...pieces: readonly (readonly BytesInput[])[]): Attack {
  return async (attacked) => {
    const attacks = pieces.flatMap((piece) => [piece, [haproxyHello(), ...piece]]);
    await Promise.all(
      attacks.map(async (attack) => {
        const peer = await attacked.open();
        peer.send(...attack);
        await eventually(() => peer.hasEnded, 10);
        peer.socket.destroy();
      }),
    );
  };
}

function lengthField(length: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(length);
  return field;
}

const large = fragment(notify({ streamId: 5 }).message(ask, { how: 'x'.repeat(60_000) }), 4).map((it) => it.toBytes());
const session = Buffer.concat([haproxyHello(), asking('sync', 1), asking('async', 2)].map((frame) => frame.toBytes()));

const attacks: readonly (readonly [name: string, attack: Attack, options?: AgentOptions & Rounds])[] = [
  [
    'lengths of 0 to 6, 2^31-1 and 2^32-1',
    bytes(...[0, 1, 2, 3, 4, 5, 6, 2 ** 31 - 1, 2 ** 32 - 1].map((length) => [lengthField(length), new Uint8Array(9)])),
  ],
  [
    'random bytes',
    bytes(
      ...[1, 2, 3].map((seed) => [
        Buffer.from(Array.from({ length: 2_000 }, (_, i) => (Math.imul(i + seed, 2_654_435_761) >>> 13) & 255)),
      ]),
    ),
  ],
  ['slow partial frames', bytes([asking('sync', 1).toBytes().subarray(0, 20)]), { partialFrameTimeoutMs: 5 }],
  ['a NOTIFY that is malformed', bytes([notify().raw('05616263')])],
  ['fragments without a start', bytes([unset({ streamId: 5 }, '00')])],
  ['fragments without an end', bytes(large.slice(0, 1), large.slice(0, 2))],
  ['fragments that are given up', bytes([large[0]!, unset({ streamId: 5, flags: 3 })])],
  ['fragments over the cap', bytes(large), { maxReassembledBytes: 30_000 }],
  [
    'fragments of whole NOTIFYs',
    async (attacked) => {
      const peer = await attacked.open();
      peer.send(haproxyHello(), ...large, ...large);
      await peer.expectFrames(3);
      peer.socket.destroy();
    },
  ],
  [
    'resets at every third byte',
    async (attacked) => {
      for (let size = 0; size < session.length; size += 3) {
        const peer = await attacked.open();
        peer.socket.write(session.subarray(0, size), () => peer.reset());
      }
    },
    { rounds: 4 },
  ],
  [
    'half-closed connections',
    async (attacked) => {
      const peer = await attacked.open();
      peer.send(session);
      peer.socket.end();
      expect(await eventually(() => peer.hasEnded)).toBe(true);
      expect(peer.answers).toEqual(['AGENT-HELLO', 'ACK 1', 'ACK 2']);
    },
  ],
  [
    'idle connections and storms of them',
    async (attacked) => {
      const peers = await Promise.all(Array.from({ length: 100 }, () => attacked.open()));
      for (const [i, peer] of peers.entries()) {
        if (i % 2 === 0) peer.send(haproxyHello());
        if (i % 3 === 0) peer.reset();
        else peer.socket.destroy();
      }
    },
    { warmRounds: 2, rounds: 4 },
  ],
  [
    'a peer that never reads',
    async (attacked) => {
      const { overload } = attacked.bench.reports;
      const peer = await attacked.open();
      peer.send(haproxyHello());
      await peer.expectFrames(1);
      peer.socket.pause();
      const before = overload.length;
      const batch = Buffer.concat(Array.from({ length: 4_000 }, () => asking('sync', 1).toBytes()));
      const isHeldBack = await eventually(() => {
        if (!peer.socket.writableNeedDrain) peer.socket.write(batch);
        return overload.length > before;
      });
      expect(isHeldBack).toBe(true);
      peer.socket.destroy();
    },
    { warmRounds: 1, rounds: 4 },
  ],
];

const HELLOS = 100;

/** An agent, and a function that connects `count` peers to it, which send these bytes and keep nothing. */
async function startHellos(hello: Uint8Array): Promise<{ readonly connectAll: () => Promise<void> }> {
  const { agent, target } = await startAgent({ link: 'IPv4' });
  if (!('port' in target)) throw new Error('expected a port');
  return {
    connectAll: async () => {
      for (let i = 0; i < HELLOS; i++) {
        const socket = connect({ host: '127.0.0.1', port: target.port }, () => socket.write(hello));
        socket.resume();
        onTestFinished(() => void socket.destroy());
      }
      expect(await eventually(() => agent.toMetrics().events.connect === HELLOS)).toBe(true);
    },
  };
}

describe('other connections are answered, and memory, objects and pool are as before, after', () => {
  it.each(attacks.map(([name, attack, options = {}]) => ({ name, attack, options })))(
    '$name',
    async ({ attack, options: { warmRounds, rounds, ...options } }) => {
      const attacked = await startAttacked({
        link: 'IPv4',
        setup: (agent) => agent.onMessage(ask, ({ how }) => (how.toString() === 'async' ? sleep(1) : undefined)),
        ...options,
      });
      await attacked.withstands(() => attack(attacked), {
        ...(warmRounds && { warmRounds }),
        ...(rounds && { rounds }),
      });
    },
  );
});

it('a connection keeps nothing of its HELLO but the engine-id', async () => {
  const used = async (capabilities: string): Promise<number> => {
    const { connectAll } = await startHellos(haproxyHello({ capabilities }).toBytes());
    const before = usedBytes();
    await connectAll();
    return usedBytes() - before;
  };
  await used('pipelining');
  const small = await used('pipelining');
  const large = await used(`pipelining,${Array.from({ length: 500 }, (_, i) => `capability-${i}-of-many`).join(',')}`);
  // Kept HELLOs would take 12 KB each, and their list more.
  expect(large - small).toBeLessThan(HELLOS * 4_000);
});
