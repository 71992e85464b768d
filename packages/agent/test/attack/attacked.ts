/** An agent under attack: other connections are answered during every attack, and nothing leaks. */
import { once } from 'node:events';
import { connect as connectSocket, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BytesInput, parseStream, type PlainFrame, type ScriptedHaproxy, type Target } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32 } from '@spop/codec';
import { expect } from 'vitest';
import type { Agent } from '../../src/index.ts';
import {
  type Bench,
  type BenchOptions,
  eventually,
  EXCHANGES,
  type LinkKind,
  pooledBuffersOut,
  startAgent,
} from '../harness.ts';
import { collectGarbage, countLiving, forgetLiving, type LivingCounts, usedBytes } from '../memory.ts';

/** The message that the connections beside the attackers send. */
const probe = defineMessage('probe', { n: int32 });
const probed = defineVariable('txn', 'probed', int32);

const WARM_ROUNDS = 2;
const ROUNDS = 8;

/** Bytes by which memory may grow in a batch of rounds: a leak of 64 KiB in each of four rounds is twice as much. */
const MAX_GROWTH_BYTES = 131_072;
/** One batch below the limit is enough: V8 takes memory for code now and then, a leak takes it in every batch. */
const MAX_BATCHES = 5;

/** Time in which the callbacks of ended sockets and timers have run, even on a busy machine. */
const SETTLE_TIMEOUT_MS = 3_000;

const unhandled: unknown[] = [];
process.on('unhandledRejection', (reason) => unhandled.push(reason));

/** A peer that attacks. Nothing refers to it once it is destroyed, so that any growth is the agent's. */
export class Attacker {
  readonly socket: Socket;
  /** True when the agent has closed the connection, or its side of it. */
  hasEnded: boolean = false;
  readonly #chunks: Buffer[] = [];

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => this.#chunks.push(chunk));
    for (const event of ['end', 'error', 'close']) socket.on(event, () => (this.hasEnded = true));
  }

  send(...pieces: readonly BytesInput[]): void {
    this.socket.write(Buffer.concat(pieces.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece))));
  }

  /** The whole frames received. */
  get frames(): PlainFrame[] {
    return parseStream(Buffer.concat(this.#chunks), { ackPadding: true }).frames;
  }

  /** The type and the stream-id of each frame received. */
  get answers(): string[] {
    return this.frames.map(({ type, streamId }) => (type === 'ACK' ? `ACK ${streamId}` : type));
  }

  /** Waits for this many frames. @throws if they do not arrive in time. */
  async expectFrames(count: number): Promise<PlainFrame[]> {
    await eventually(() => this.frames.length >= count);
    expect(this.frames).toHaveLength(count);
    return this.frames;
  }

  /** Ends the connection without a DISCONNECT: by a reset, if the kind of socket has one. */
  reset(): void {
    if (this.socket.remoteFamily === undefined) this.socket.destroy();
    else this.socket.resetAndDestroy();
  }
}

/** The number of rounds; fewer for an attack that makes many connections in each. */
export interface Rounds {
  readonly warmRounds?: number;
  readonly rounds?: number;
}

/** An agent that listens on a socket, with a connection beside those of the attackers. */
export class Attacked {
  readonly agent: Agent;
  readonly bench: Bench;
  readonly #good: ScriptedHaproxy;

  constructor(bench: Bench, good: ScriptedHaproxy) {
    this.agent = bench.agent;
    this.bench = bench;
    this.#good = good;
  }

  async open(): Promise<Attacker> {
    const socket = connectSocket({ ...addressOf(this.bench.target), allowHalfOpen: true });
    const attacker = new Attacker(socket);
    await once(socket, 'connect');
    return attacker;
  }

  /**
   * Repeats the attack. After each round the connection beside it is answered. After the last, no peer is
   * connected, no NOTIFY is in flight, no rejection went unhandled, all buffers are back in their pool, only the connections,
   * sessions and exchanges in use are alive, memory is as before, and a new connection is answered.
   */
  async withstands(attack: () => Promise<void>, options: Rounds = {}): Promise<void> {
    const { warmRounds = WARM_ROUNDS, rounds = ROUNDS } = options;
    await this.#repeat(attack, warmRounds);
    let growth = Infinity;
    for (let batch = 0; batch < MAX_BATCHES && growth >= MAX_GROWTH_BYTES; batch++) {
      const before = usedBytes();
      await this.#repeat(attack, rounds);
      growth = usedBytes() - before;
    }
    expect(growth).toBeLessThan(MAX_GROWTH_BYTES);
    const later = await this.bench.connect();
    expect(await later.notify(probe, { n: 7 })).toSetVar(probed, 8);
    await later.disconnect();
  }

  async #repeat(attack: () => Promise<void>, rounds: number): Promise<void> {
    for (let round = 0; round < rounds; round++) {
      await attack();
      expect(await this.#good.notify(probe, { n: round })).toSetVar(probed, round + 1);
    }
    await this.#good.burst(Array.from({ length: EXCHANGES }, () => (notify) => notify.message(probe, { n: 1 })));
    expect(await eventually(() => this.agent.connectionCount === 1 && this.agent.inFlightCount === 0)).toBe(true);
    expect([pooledBuffersOut(), unhandled]).toEqual([0, []]);
    // The hooks' calls hold their arguments.
    for (const list of Object.values(this.bench.reports)) list.length = 0;
    expect(await livingAfterwards()).toEqual({ connections: 1, sessions: 1, exchanges: EXCHANGES });
  }
}

/** Starts an agent, and opens the connection beside the attackers. */
export async function startAttacked({ setup, ...options }: BenchOptions & { link: LinkKind }): Promise<Attacked> {
  forgetLiving();
  const bench = await startAgent({
    setup: (agent) => {
      agent.onMessage(probe, ({ n }, ack) => void ack.set(probed, n + 1));
      setup?.(agent);
    },
    ...options,
  });
  const good = await bench.connect();
  await good.hello();
  return new Attacked(bench, good);
}

/** Counts the living objects, once only those in use are left or the time is up. */
async function livingAfterwards(): Promise<LivingCounts> {
  const deadline = performance.now() + SETTLE_TIMEOUT_MS;
  for (;;) {
    await nextTurn();
    collectGarbage();
    const living = countLiving();
    const isOver = living.connections === 1 && living.sessions === 1 && living.exchanges === EXCHANGES;
    if (isOver || performance.now() > deadline) return living;
    await nextTurn();
  }
}

function addressOf(target: Target): Exclude<Target, Duplex | { handle(stream: Duplex): unknown }> {
  if ('port' in target || 'path' in target) return target;
  throw new Error('expected an agent that listens on a socket');
}
