import * as fc from 'fast-check';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { BufferPool } from '@spop/codec';
import { chunkSizes } from '../support/arbitraries.ts';
import { checkAsync } from '../support/runs.ts';
import { type JobInput, MODES } from './jobs.ts';
import type { AgentPeer } from './peer.ts';
import { AgentWorld } from './world.ts';

type Command = fc.AsyncCommand<{ readonly world: AgentWorld }, AgentWorld>;

/** Something that may happen, to one of the connections that `among` names. */
function command(
  label: string,
  among: (world: AgentWorld) => readonly AgentPeer[],
  pick: number,
  run: (world: AgentWorld, peer: AgentPeer) => void,
): Command {
  return {
    check: ({ world }) => among(world).length > 0,
    run: async (_, world) => {
      const peers = among(world);
      run(world, peers[pick % peers.length]!);
      await world.check();
    },
    toString: () => `${label} (${pick})`,
  };
}

/** Something that may happen to all. */
function event(label: string, applies: (world: AgentWorld) => boolean, run: (world: AgentWorld) => void): Command {
  return {
    check: ({ world }) => applies(world),
    run: async (_, world) => {
      run(world);
      await world.check();
    },
    toString: () => label,
  };
}

const MAX_CONNECTIONS = 3;
const served = (world: AgentWorld): AgentPeer[] => world.peersIn('greeted').filter((peer) => !peer.hasEnded);
const unfragmented = (world: AgentWorld): AgentPeer[] => served(world).filter((peer) => !world.hasFragments(peer));
const fragmented = (world: AgentWorld): AgentPeer[] => served(world).filter((peer) => world.hasFragments(peer));

function job(): fc.Arbitrary<JobInput> {
  // Four of them fit into the smallest ACK that HAProxy is sure to read here.
  const word = fc.oneof(fc.string({ maxLength: 20 }), fc.constant('long '.repeat(8)));
  return fc.record({ mode: fc.constantFrom(...MODES), word, name: fc.constantFrom('work', 'other') });
}

const pick = fc.nat({ max: 20 });
const sizes = chunkSizes();
const part = fc.integer({ min: 0, max: 10 }).map((tenths) => tenths / 10);

const connecting = [
  fc.constant(
    event(
      'connect',
      (world) => world.peers.length < MAX_CONNECTIONS && !world.isClosed,
      (world) => world.connect(),
    ),
  ),
  fc
    .record({
      pick,
      sizes,
      capabilities: fc.constantFrom('pipelining', '', 'pipelining,async'),
      size: fc.constantFrom(16_380, 8_000),
    })
    .map((given) =>
      command(
        `hello ${given.capabilities}`,
        (world) => world.peersIn('silent'),
        given.pick,
        (world, peer) => world.greet(peer, given.capabilities, given.size, given.sizes),
      ),
    ),
];

const asking = [
  fc
    .record({ pick, sizes, notifies: fc.array(fc.array(job(), { maxLength: 4 }), { minLength: 1, maxLength: 4 }) })
    .map((given) =>
      command(`ask ${JSON.stringify(given.notifies)}`, unfragmented, given.pick, (world, peer) =>
        world.ask(peer, given.notifies, given.sizes),
      ),
    ),
  fc.record({ pick, count: fc.integer({ min: 30, max: 90 }) }).map((given) =>
    command(`burst of ${given.count}`, unfragmented, given.pick, (world, peer) =>
      world.ask(
        peer,
        Array.from({ length: given.count }, () => [{ mode: 'sync', word: 'w', name: 'work' }]),
        [],
      ),
    ),
  ),
  fc
    .record({ pick, sizes, part, jobs: fc.array(job(), { minLength: 1, maxLength: 4 }) })
    .map((given) =>
      command(`begin fragments ${JSON.stringify(given.jobs)}`, unfragmented, given.pick, (world, peer) =>
        world.beginFragments(peer, given.jobs, given.part, given.sizes),
      ),
    ),
  fc
    .record({ pick, sizes, part: fc.oneof(part, fc.constant(1)) })
    .map((given) =>
      command(`continue ${given.part}`, fragmented, given.pick, (world, peer) =>
        world.continueFragments(peer, given.part, given.sizes),
      ),
    ),
  pick.map((picked) => command('abort fragments', fragmented, picked, (world, peer) => world.abortFragments(peer))),
];

const settling = [
  fc.record({ pick, isFine: fc.boolean() }).map((given) =>
    event(
      `settle ${given.pick} ${given.isFine ? 'well' : 'badly'}`,
      (world) => world.waitingJobs.length > 0,
      (world) => {
        const jobs = world.waitingJobs;
        world.settle(jobs[given.pick % jobs.length]!, given.isFine);
      },
    ),
  ),
  fc.constantFrom(100, 400, 2_000).map((ms) =>
    event(
      `wait ${ms} ms`,
      () => true,
      (world) => world.advance(ms),
    ),
  ),
];

/** Bytes that end a connection, each with the status that its AGENT-DISCONNECT has to carry. */
const WRONG: readonly (readonly [label: string, hex: string, status: number])[] = [
  ['a frame that is too big', '7fffffff03', 3],
  ['a frame that is too small', '0000000603', 4],
  ['an ACK', '0000000867000000010101 00', 4],
  ['an id that overflows', '0000001203000000010ff0ffffffffffffffffff0100'.replace('0ff0', 'f0ff'), 4],
  ['a cut message', '0000000b0300000001 0101 05 6162 63', 4],
  ['a second HAPROXY-HELLO', '000000070100000001 0000', 4],
];

const ending = [
  fc.constant(
    event(
      'close the agent',
      (world) => !world.isClosed,
      (world) => world.close(),
    ),
  ),
  fc.record({ pick, wrong: fc.constantFrom(...WRONG) }).map((given) => {
    const [label, hex, status] = given.wrong;
    return command(`send ${label}`, unfragmented, given.pick, (world, peer) =>
      world.sendWrong(peer, Buffer.from(hex.replaceAll(' ', ''), 'hex'), status),
    );
  }),
  fc
    .record({ pick, flags: fc.constantFrom(0, 1) })
    .map((given) =>
      command('begin fragments again', fragmented, given.pick, (world, peer) =>
        world.repeatBeginning(peer, given.flags),
      ),
    ),
  pick.map((picked) =>
    command('send a NOTIFY between fragments', fragmented, picked, (world, peer) =>
      world.sendWrong(peer, Buffer.from('0000000703000000017f7f', 'hex'), 11),
    ),
  ),
  pick.map((picked) =>
    command('send a continuation of another stream', fragmented, picked, (world, peer) =>
      world.sendWrong(peer, Buffer.from('0000000700000000017f7f', 'hex'), 11),
    ),
  ),
  pick.map((picked) =>
    command('send a frame of an unknown type', unfragmented, picked, (_, peer) =>
      peer.write(Buffer.from('00000008c8000000010101ff', 'hex'), []),
    ),
  ),
  pick.map((picked) => command('HAPROXY-DISCONNECT', served, picked, (world, peer) => world.disconnect(peer))),
  pick.map((picked) =>
    command(
      'reset',
      (world) => world.peers.filter((peer) => !peer.hasEnded),
      picked,
      (world, peer) => world.reset(peer),
    ),
  ),
  pick.map((picked) => command('end', unfragmented, picked, (_, peer) => peer.stream.end())),
  pick.map((picked) =>
    command(
      'stop reading',
      (world) => served(world).filter((peer) => peer.isReading),
      picked,
      (_, peer) => peer.setReading(false),
    ),
  ),
  pick.map((picked) =>
    command(
      'read on',
      (world) => served(world).filter((peer) => !peer.isReading),
      picked,
      (_, peer) => peer.setReading(true),
    ),
  ),
];

function commands(): fc.Arbitrary<Iterable<Command>> {
  // What leads on comes more often than what ends.
  const list = [connecting, asking, asking, asking, asking, settling, settling, settling, settling, ending].flat();
  return fc.commands(list, { maxCommands: 60, size: 'max' });
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
function openWorld(): AgentWorld {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  const world = new AgentWorld();
  for (const capabilities of ['pipelining', '']) {
    world.connect();
    world.greet(world.peers.at(-1)!, capabilities, 16_380, []);
  }
  return world;
}

describe('an agent with any HAProxy before it', () => {
  it('answers every NOTIFY once, with its own ids and values, and has nothing left of it in the end', async () => {
    await checkAsync(
      fc.asyncProperty(commands(), async (steps) => {
        const world = openWorld();
        await fc.asyncModelRun(() => ({ model: { world }, real: world }), steps);
        await world.finish();
        expect(buffersOut()).toBe(0);
      }),
      150,
      5_000,
    );
  });

  it('shows a handler that goes on after its NOTIFY was answered no other request, however many came since', async () => {
    const late: fc.Arbitrary<JobInput> = fc.record({
      mode: fc.constant('gate'),
      word: fc.string({ maxLength: 5 }),
      name: fc.constantFrom('work', 'other'),
    });
    await checkAsync(
      fc.asyncProperty(late, fc.integer({ min: 0, max: 18 }), async (job, count) => {
        const world = openWorld();
        const peer = world.peers[0]!;
        // The deadline answers the NOTIFY while its handlers still run.
        world.ask(peer, [[job, { mode: 'gate', word: '', name: 'other' }]], []);
        await world.check();
        const [running] = world.waitingJobs;
        world.expireAll();
        await world.check();
        const quick: JobInput[][] = Array.from({ length: count }, () => [{ mode: 'sync', word: 'w', name: 'work' }]);
        const slow: JobInput[][] = Array.from({ length: 6 }, () => [{ mode: 'gate', word: 'secret', name: job.name }]);
        world.ask(peer, [...quick, ...slow], []);
        await world.check();
        world.settle(running!, true);
        await world.check();
        await world.finish();
      }),
      22,
      5_000,
    );
  });
});
