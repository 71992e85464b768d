import { BufferPool } from '@spop/codec';
import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { chunkSizes } from '../support/arbitraries.ts';
import { runs } from '../support/runs.ts';
import { type JobInput, MODES } from './jobs.ts';
import type { AgentPeer } from './peer.ts';
import { AgentWorld } from './world.ts';

/** Something that happens; each event uses a part of these numbers. */
interface Step {
  readonly event: keyof typeof EVENTS;
  readonly pick: number;
  readonly sizes: readonly number[];
  readonly notifies: readonly (readonly JobInput[])[];
  /** A tenth to ten tenths. */
  readonly part: number;
  readonly isFine: boolean;
}

type Event = (world: AgentWorld, step: Step) => void | Promise<unknown>;

/** An event for one of those that `among` finds; without any nothing happens. */
function forOne<T>(
  among: (world: AgentWorld) => readonly T[],
  run: (world: AgentWorld, one: T, step: Step) => void,
): Event {
  return (world, step) => {
    const all = among(world);
    if (all.length > 0) run(world, all[step.pick % all.length]!, step);
  };
}

type Peers = (world: AgentWorld) => AgentPeer[];
const served: Peers = ({ peers }) => peers.filter(({ isServed, isEnded }) => isServed && !isEnded);
const unfragmented: Peers = (world) => served(world).filter(({ fragments }) => fragments === undefined);
const fragmented: Peers = (world) => served(world).filter(({ fragments }) => fragments !== undefined);
const silent: Peers = ({ peers }) => peers.filter((peer) => !peer.isGreeted && !peer.isOver);

const QUICK: JobInput = { mode: 'sync', word: 'w', name: 'work' };

/** Bytes that end a connection, each with the status that its AGENT-DISCONNECT has to carry. */
const WRONG: readonly (readonly [hex: string, status: number])[] = [
  // A frame that is too big, one that is too small, an ACK, an id that overflows, a cut message, a second HELLO.
  ['7fffffff03', 3],
  ['0000000603', 4],
  ['000000086700000001010100', 4],
  ['000000120300000001f0ffffffffffffffffff0f0100', 4],
  ['0000000b0300000001010105616263', 4],
  ['0000000701000000010000', 4],
];

function sendHex(hex: string, status: number): (world: AgentWorld, peer: AgentPeer) => void {
  return (world, peer) => world.sendWrong(peer, Buffer.from(hex, 'hex'), status);
}

const EVENTS = {
  connect: (world) => (world.peers.length < 3 && !world.isClosed ? world.connect() : undefined),
  hello: forOne(silent, (world, peer, { pick, sizes, isFine }) =>
    world.greet(peer, ['pipelining', '', 'pipelining,async'][pick % 3]!, isFine ? 16_380 : 8_000, sizes),
  ),
  ask: forOne(unfragmented, (world, peer, { notifies, sizes }) => world.ask(peer, notifies, sizes)),
  burst: forOne(unfragmented, (world, peer, { pick }) =>
    world.ask(
      peer,
      Array.from({ length: 30 + 3 * pick }, () => [QUICK]),
      [],
    ),
  ),
  beginFragments: forOne(unfragmented, (world, peer, { notifies: [jobs], part, sizes }) =>
    world.beginFragments(peer, jobs ?? [], part, sizes),
  ),
  continueFragments: forOne(fragmented, (world, peer, { part, sizes }) => world.continueFragments(peer, part, sizes)),
  endFragments: forOne(fragmented, (world, peer, { sizes }) => world.continueFragments(peer, 1, sizes)),
  abortFragments: forOne(fragmented, (world, peer) => world.abortFragments(peer)),
  settle: forOne(
    (world) => world.waitingJobs,
    (world, job, { isFine }) => world.settle(job, isFine),
  ),
  wait: (_, { pick }) => void vi.advanceTimersByTime([100, 400, 2_000][pick % 3]!),
  close: (world) => world.close(),
  sendWrong: forOne(unfragmented, (world, peer, { pick }) => sendHex(...WRONG[pick % WRONG.length]!)(world, peer)),
  repeatBeginning: forOne(fragmented, (world, peer, { isFine }) => world.repeatBeginning(peer, isFine ? 1 : 0)),
  notifyBetween: forOne(fragmented, sendHex('0000000703000000017f7f', 11)),
  otherContinuation: forOne(fragmented, sendHex('0000000700000000017f7f', 11)),
  unknownFrame: forOne(unfragmented, (_, peer) => peer.send(Buffer.from('00000008c8000000010101ff', 'hex'))),
  disconnect: forOne(served, (world, peer) => world.disconnect(peer)),
  reset: forOne(
    ({ peers }) => peers.filter((peer) => !peer.isOver),
    (_, peer) => peer.reset(),
  ),
  end: forOne(unfragmented, (_, peer) => peer.end()),
  pause: forOne(served, (_, peer) => peer.setReading(false)),
  resume: forOne(served, (_, peer) => peer.setReading(true)),
} satisfies Readonly<Record<string, Event>>;

/** Events that lead on come more often than those that end something. */
const OFTEN: readonly Step['event'][] = ['ask', 'burst', 'beginFragments', 'continueFragments', 'endFragments'];

function steps(): fc.Arbitrary<Step[]> {
  const all = Object.keys(EVENTS) as Step['event'][];
  const settling = fc.constantFrom<Step['event'][]>('settle', 'wait');
  // Four words fit into the smallest ACK that HAProxy is sure to read here.
  const word = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('long '.repeat(8)));
  const job = fc.record({ mode: fc.constantFrom(...MODES), word, name: fc.constantFrom('work', 'other') });
  const step: fc.Arbitrary<Step> = fc.record({
    event: fc.oneof(fc.constantFrom(...OFTEN), settling, fc.constantFrom(...all)),
    pick: fc.nat({ max: 20 }),
    sizes: chunkSizes(),
    notifies: fc.array(fc.array(job, { maxLength: 4 }), { minLength: 1, maxLength: 4 }),
    part: fc.integer({ min: 0, max: 9 }).map((tenths) => tenths / 10),
    isFine: fc.boolean(),
  });
  return fc.array(step, { maxLength: 60, size: 'max' });
}

const acquire = vi.spyOn(BufferPool.prototype, 'acquire');

/** Buffers that pools gave out and did not get back. */
function buffersOut(): number {
  const pools = new Set(acquire.mock.contexts.filter((pool) => pool instanceof BufferPool));
  return [...pools].reduce((sum, pool) => sum + pool.outCount, 0);
}

afterEach(() => {
  vi.useRealTimers();
  acquire.mockClear();
});

/** An agent with two connections that are through their handshake; time stands still unless the test lets it pass. */
async function openWorld(): Promise<AgentWorld> {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  const world = new AgentWorld();
  for (const capabilities of ['pipelining', '']) {
    world.greet(await world.connect(), capabilities, 16_380, []);
  }
  return world;
}

describe('an agent with any HAProxy before it', () => {
  it('answers every NOTIFY once, with its own ids and values, and has nothing left of it in the end', async () => {
    await fc.assert(
      fc.asyncProperty(steps(), async (list) => {
        const world = await openWorld();
        for (const step of list) {
          await EVENTS[step.event](world, step);
          await world.check();
        }
        await world.finish();
        expect(buffersOut()).toBe(0);
      }),
      runs(100),
    );
  });

  it('shows a handler that goes on after its NOTIFY was answered no other request, however many came since', async () => {
    const name = fc.constantFrom<JobInput['name'][]>('work', 'other');
    await fc.assert(
      fc.asyncProperty(name, fc.string({ maxLength: 5 }), fc.nat({ max: 18 }), async (called, word, count) => {
        const world = await openWorld();
        const peer = world.peers[0]!;
        // The deadline answers the NOTIFY while its handlers still run.
        world.ask(
          peer,
          [
            [
              { mode: 'gate', word, name: called },
              { mode: 'gate', word: '', name: 'other' },
            ],
          ],
          [],
        );
        await world.check();
        const [running] = world.waitingJobs;
        world.expireAll();
        await world.check();
        const slow: JobInput = { mode: 'gate', word: 'secret', name: called };
        const list = [...Array.from({ length: count }, () => QUICK), ...Array.from({ length: 6 }, () => slow)];
        world.ask(
          peer,
          list.map((job) => [job]),
          [],
        );
        await world.check();
        world.settle(running!, true);
        await world.check();
        await world.finish();
      }),
      runs(22),
    );
  });
});
