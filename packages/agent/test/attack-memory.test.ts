import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { queryObjects } from 'node:v8';
import { type BytesLike, fragment, haproxyHello, notify, parseStream, unset } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string as text } from '@spop/codec';
import { beforeAll, describe, expect, it } from 'vitest';
import { Connection } from '../src/connection.ts';
import { Exchange } from '../src/exchange.ts';
import type { Agent, AgentOptions } from '../src/index.ts';
import { type Bench, eventually, pooledBuffersOut, startAgent, takeWarnings } from './harness.ts';

/** Rounds of an attack that fill what is kept for the next time, and rounds after which no more must be kept. */
const WARM_ROUNDS = 3;
const ROUNDS = 12;

/** What 12 rounds may take, most of it the test's own; 64 KiB kept in each of them would be half as much again. */
const MAX_GROWTH_BYTES = 524_288;

const ask = defineMessage('ask', { how: text });
const number = defineVariable('txn', 'number', int32);
const long = defineVariable('txn', 'long', text);

/** What calls back more often than a promise would. */
function thenable(call: (resolve: () => void, reject: (error: Error) => void) => void): PromiseLike<void> {
  const then = (resolve: () => void, reject: (error: Error) => void): void => call(resolve, reject);
  return Object.assign(Object.create(null) as PromiseLike<void>, { then });
}

/** One handler, which does what the message says. */
function misbehaving(agent: Agent): unknown {
  return agent.onMessage(ask, ({ how }, ack) => {
    ack.set(number, 1);
    switch (how.toString()) {
      case 'throws':
        throw new Error('broken');
      case 'rejects':
        return Promise.reject(new Error('broken'));
      case 'rejects later':
        return nextTurn().then(() => Promise.reject(new Error('broken')));
      case 'never settles':
        return new Promise<void>(() => {});
      case 'resolves twice':
        return thenable((resolve) => (resolve(), resolve()));
      case 'resolves and rejects':
        return thenable((resolve, reject) => (resolve(), reject(new Error('twice')), resolve()));
      case 'rejects twice':
        return thenable((_, reject) => (reject(new Error('once')), reject(new Error('twice'))));
      case 'settles later':
        return new Promise<void>((resolve) => setTimeout(resolve, 5));
      case 'writes 20 KB':
        ack.set(long, 'x'.repeat(20_000));
        return undefined;
      case 'writes 20 KB later':
        return nextTurn().then(() => void ack.set(long, 'x'.repeat(20_000)));
      default:
        return undefined;
    }
  });
}

const asking = (how: string, streamId: number = 1): ReturnType<typeof notify> =>
  notify({ streamId }).message(ask, { how });

/** A peer that attacks. Nothing remembers it once it is destroyed: what grows is the agent's. */
class Attacker {
  readonly socket: Socket;
  hasEnded = false;
  readonly #chunks: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    for (const event of ['end', 'error', 'close']) socket.on(event, () => (this.hasEnded = true));
  }

  send(...pieces: readonly BytesLike[]): void {
    this.socket.write(Buffer.concat(pieces.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece))));
  }

  /** What came, as the type and the stream-id of each frame. */
  get answers(): string[] {
    return parseStream(Buffer.concat(this.#chunks), { ackPadding: true }).frames.map(({ type, streamId }) =>
      type === 'ACK' ? `ACK ${streamId}` : type,
    );
  }
}

type Attack = (open: () => Promise<Attacker>, bench: Bench) => Promise<void>;

/** 20 NOTIFYs of which each handler does `how`, and an answer to each. */
function answered(how: string): Attack {
  return async (open) => {
    const peer = await open();
    peer.send(haproxyHello(), ...Array.from({ length: 20 }, (_, i) => asking(how, i + 1)));
    expect(await eventually(() => peer.answers.length === 21)).toBe(true);
    const expected = ['AGENT-HELLO', ...Array.from({ length: 20 }, (_, i) => `ACK ${i + 1}`)];
    expect(peer.answers.toSorted()).toEqual(expected.toSorted());
    peer.socket.destroy();
  };
}

/** Bytes on a connection of their own, before the HELLO or after it, which the agent or the peer ends. */
function bytes(...pieces: readonly (readonly BytesLike[])[]): Attack {
  return async (open) => {
    for (const piece of pieces) {
      for (const before of [[], [haproxyHello()]]) {
        const peer = await open();
        peer.send(...before, ...piece);
        await eventually(() => peer.hasEnded, 20);
        peer.socket.destroy();
      }
    }
  };
}

function lengthField(length: number): Buffer {
  const field = Buffer.alloc(4);
  field.writeUInt32BE(length);
  return field;
}

const large = notify({ streamId: 5 }).message(ask, { how: 'x'.repeat(60_000) });
const session = Buffer.concat([haproxyHello().toBytes(), asking('answers').toBytes(), asking('rejects', 2).toBytes()]);

const attacks: readonly (readonly [name: string, attack: Attack, options?: AgentOptions])[] = [
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
  ['a slow partial frame', bytes([asking('answers').toBytes().subarray(0, 20)]), { partialFrameTimeoutMs: 5 }],
  ['fragments without a start', bytes([unset({ streamId: 5 }, '00')])],
  ['fragments without an end', bytes([fragment(large, 4)[0]!, fragment(large, 4)[1]!])],
  ['fragments over the cap', bytes(fragment(large, 4)), { maxReassembledBytes: 30_000 }],
  [
    'a reset at every byte',
    async (open) => {
      for (let size = 0; size < session.length; size += 3) {
        const peer = await open();
        peer.socket.write(session.subarray(0, size), () => peer.socket.resetAndDestroy());
      }
    },
  ],
  [
    'half-closed connections',
    async (open) => {
      const peer = await open();
      peer.send(session);
      peer.socket.end();
      expect(await eventually(() => peer.hasEnded)).toBe(true);
      expect(peer.answers).toEqual(['AGENT-HELLO', 'ACK 1', 'ACK 2']);
    },
  ],
  [
    'a storm of connections',
    async (open) => {
      const peers = await Promise.all(Array.from({ length: 100 }, () => open()));
      for (const [i, peer] of peers.entries()) {
        if (i % 2 === 0) peer.send(haproxyHello());
        if (i % 3 === 0) peer.socket.resetAndDestroy();
        else peer.socket.destroy();
      }
    },
  ],
  [
    'a peer that never reads',
    async (open, { reports }) => {
      const peer = await open();
      peer.send(haproxyHello());
      await eventually(() => peer.answers.length === 1);
      peer.socket.pause();
      const overloads = reports.overload.length;
      const batch = Buffer.concat(Array.from({ length: 4_000 }, () => asking('answers').toBytes()));
      const isHeldBack = await eventually(() => {
        if (!peer.socket.writableNeedDrain) peer.socket.write(batch);
        return reports.overload.length > overloads;
      });
      expect(isHeldBack).toBe(true);
      peer.socket.destroy();
    },
  ],
  ...[
    'throws',
    'rejects',
    'rejects later',
    'resolves twice',
    'resolves and rejects',
    'rejects twice',
    'writes 20 KB',
    'writes 20 KB later',
  ].map((how) => [`a handler that ${how}`, answered(how)] as const),
  ['a handler that never settles', answered('never settles'), { processingTimeoutMs: 5 }],
  [
    'a handler that answers after the connection is gone',
    async (open, { agent }) => {
      const peer = await open();
      const { lateAnswers } = agent.toMetrics();
      peer.send(haproxyHello(), ...Array.from({ length: 20 }, (_, i) => asking('settles later', i + 1)));
      expect(await eventually(() => agent.inFlightCount === 20)).toBe(true);
      peer.socket.resetAndDestroy();
      expect(await eventually(() => agent.toMetrics().lateAnswers === lateAnswers + 20)).toBe(true);
    },
  ],
];

/** How many connections and exchanges there are, and how much memory is in use, after a garbage collection. */
function held(): { readonly connections: number; readonly exchanges: number; readonly bytes: number } {
  const connections = queryObjects(Connection, { format: 'count' });
  const exchanges = queryObjects(Exchange, { format: 'count' });
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return { connections, exchanges, bytes: heapUsed + arrayBuffers };
}

// Node warns of the first call, which is no warning of the agent's.
beforeAll(async () => {
  held();
  await nextTurn();
  takeWarnings();
});

describe('other connections, memory and pool are as they were after', () => {
  it.each(attacks.map(([name, attack, options = {}]) => ({ name, attack, options })))(
    '$name',
    async ({ attack, options }) => {
      const bench = await startAgent({ link: 'IPv4', setup: misbehaving, ...options });
      const { agent, reports, target } = bench;
      if (!('port' in target)) throw new Error('the agent listens on no port');
      const { port } = target;
      const good = await bench.connect();
      await good.hello();
      const open = async (): Promise<Attacker> => {
        const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
        const attacker = new Attacker(socket);
        await once(socket, 'connect');
        return attacker;
      };
      const run = async (rounds: number): Promise<ReturnType<typeof held>> => {
        for (let i = 0; i < rounds; i++) {
          await attack(open, bench);
          expect(await good.notify(ask, { how: 'answers' })).toSetVar(number, 1);
        }
        for (const list of Object.values(reports)) list.length = 0;
        expect(await eventually(() => agent.connectionCount === 1 && agent.inFlightCount === 0)).toBe(true);
        expect(pooledBuffersOut()).toBe(0);
        // For what is to be called when sockets and timers have ended.
        await sleep(10);
        return held();
      };
      const before = await run(WARM_ROUNDS);
      const after = await run(ROUNDS);
      expect(after.connections - before.connections).toBeLessThan(ROUNDS);
      expect(after.exchanges - before.exchanges).toBeLessThan(ROUNDS);
      expect(after.bytes - before.bytes).toBeLessThan(MAX_GROWTH_BYTES);
      expect((await (await bench.connect()).hello()).version).toBe('2.0');
    },
    30_000,
  );
});
