import { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import {
  corrupt,
  corruptionsOf,
  fragment,
  type FrameBuilder,
  frame,
  haproxyDisconnect,
  haproxyHello,
  notify,
  unset,
} from '@spop/builder';
import '@spop/builder/vitest';
import { address, defineMessage, defineVariable, int32 } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { type Bench, connectRaw, eventually, pooledBuffersOut, type RawPeer, startAgent } from '../harness.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const ipScore = defineVariable('sess', 'ip_score', int32);

function scoring(agent: Agent): unknown {
  return agent.onMessage(checkClientIp, (message, ack) => {
    ack.set(ipScore, message.ip.toString() === '10.0.0.1' ? 100 : 0);
  });
}

const check = (streamId: number): FrameBuilder => notify({ streamId }).message(checkClientIp, { ip: '10.0.0.1' });

/** An agent on a TCP socket with one good connection, which sends a NOTIFY again at the end of each test. */
async function startAttacked(
  options: Parameters<typeof startAgent>[0] = {},
): Promise<Bench & { readonly stillAnswers: () => Promise<void>; readonly attack: () => Promise<RawPeer> }> {
  const bench = await startAgent({ link: 'IPv4', setup: scoring, ...options });
  const good = await bench.connect();
  await good.hello();
  return {
    ...bench,
    attack: () => connectRaw(bench.target),
    stillAnswers: async () => {
      expect(await good.notify(checkClientIp, { ip: '10.0.0.1' })).toSetVar('sess', 'ip_score', 100);
      expect(await eventually(() => bench.agent.connectionCount === 1)).toBe(true);
      expect([pooledBuffersOut(), bench.agent.inFlightCount]).toEqual([0, 0]);
    },
  };
}

/** Numbers that are the same in each run. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function lengthField(length: number): Uint8Array {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(length);
  return bytes;
}

async function expectDisconnect(peer: RawPeer, status: number): Promise<void> {
  expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
  expect(peer.frames().at(-1)).toBeDisconnect(status);
  peer.stream.end();
}

describe('a frame length', () => {
  it.each([
    ...[0, 1, 2, 3, 4, 5, 6].map((length) => [length, 4] as const),
    ...[16_381, 65_536, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((length) => [length, 3] as const),
  ])('of %i is refused with status %i, before the HELLO and after it', async (length, status) => {
    const { attack, stillAnswers } = await startAttacked();
    const before = process.memoryUsage().arrayBuffers;
    const [fresh, greeted] = await Promise.all([attack(), attack()]);
    fresh.send(lengthField(length), new Uint8Array(3));
    await expectDisconnect(fresh, status);
    greeted.send(haproxyHello(), check(1), lengthField(length), new Uint8Array(3));
    await expectDisconnect(greeted, status);
    expect(greeted.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20_000_000);
    await stillAnswers();
  });

  it('of exactly the agreed max-frame-size is taken', async () => {
    const { attack, stillAnswers } = await startAttacked();
    const peer = await attack();
    peer.send(haproxyHello(), frame(200, {}, new Uint8Array(16_380 - 7)), check(1));
    expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    peer.stream.end();
    await stillAnswers();
  });
});

describe('fragments', () => {
  const whole = notify({ streamId: 5 }).message(checkClientIp, { ip: '10.0.0.1' });

  it.each([
    ['without a start', 12, [unset({ streamId: 5 }, '00')]],
    ['without a start, with FIN and ABORT', 12, [unset({ streamId: 5, flags: 3 })]],
    ['of two NOTIFYs mixed', 11, [fragment(whole, 3)[0]!, fragment(check(6) as never, 3)[1]!]],
    ['with a whole NOTIFY in between', 11, [fragment(whole, 3)[0]!, check(6)]],
    ['that begin again', 11, [fragment(whole, 3)[0]!, fragment(whole, 3)[0]!]],
    ['that join to a malformed NOTIFY', 4, fragment(notify({ streamId: 5 }).raw('05616263'), 2)],
  ])('%s are refused with status %i', async (_, status, frames) => {
    const { attack, stillAnswers } = await startAttacked();
    const peer = await attack();
    peer.send(haproxyHello({ capabilities: 'async' }), ...frames);
    await expectDisconnect(peer, status);
    await stillAnswers();
  });

  it('without an end are dropped with their connection', async () => {
    const { attack, stillAnswers } = await startAttacked();
    const peer = await attack();
    peer.send(haproxyHello({ capabilities: 'async' }), ...fragment(whole, 3).slice(0, -1));
    await eventually(() => peer.frames().length === 1);
    peer.stream.end();
    await eventually(() => peer.ending() === 'end');
    await stillAnswers();
  });

  it('after an end and an abort do not affect the next NOTIFY', async () => {
    const { attack, stillAnswers } = await startAttacked();
    const peer = await attack();
    const [first, ...rest] = fragment(whole, 3);
    peer.send(
      haproxyHello({ capabilities: 'async' }),
      first!,
      unset({ streamId: 5, flags: 3 }),
      first!,
      ...rest,
      check(6),
    );
    expect(await eventually(() => peer.frames().length === 3)).toBe(true);
    expect(peer.frames().map(({ streamId }) => streamId)).toEqual([0n, 5n, 6n]);
    peer.stream.end();
    await stillAnswers();
  });

  it('over the cap, 30 MB in all, take no more memory than the cap, and the connection stays open', async () => {
    const { attack, stillAnswers } = await startAttacked({ maxReassembledBytes: 100_000 });
    const peer = await attack();
    peer.send(haproxyHello({ capabilities: 'async' }));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const [first, next] = fragment(notify({ streamId: 5 }).raw(new Uint8Array(45_000)), 15_000);
    const bytes = Buffer.from(next!.toBytes());
    peer.send(first!);
    for (let i = 0; i < 2_000; i++) {
      peer.stream.write(bytes);
      if (peer.stream.writableNeedDrain) await new Promise((resolve) => peer.stream.once('drain', resolve));
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
    }
    peer.send(unset({ streamId: 5, flags: 1 }), check(6));
    expect(await eventually(() => peer.frames().length === 3)).toBe(true);
    expect(most).toBeLessThan(20_000_000);
    peer.stream.end();
    await stillAnswers();
  });
});

describe('bytes', () => {
  it.each(Array.from({ length: 40 }, (_, i) => i))(
    'at random (seed %i) end their own connection at most',
    async (seed) => {
      const { attack, stillAnswers } = await startAttacked({ helloTimeoutMs: 300, partialFrameTimeoutMs: 300 });
      const random = seeded(seed);
      const peer = await attack();
      if (seed % 2 === 0) peer.send(haproxyHello());
      const size = Math.floor(random() * 40_000);
      const noise = Uint8Array.from({ length: size }, () => random() * 256);
      // Half of them begin like a frame, so that the agent reads past the length.
      if (seed % 4 < 2) noise.set([0, 0, 0, 8 + Math.floor(random() * 200), 3, 0, 0, 0, 1]);
      for (let i = 0; i < size; i += 1_500) peer.send(noise.subarray(i, i + 1_500));
      expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
      peer.stream.end();
      await stillAnswers();
    },
  );

  const session = [haproxyHello(), check(1), check(2), haproxyDisconnect()];
  const faults = session.flatMap((built, at) => corruptionsOf(built).map((name) => [name, at] as const));

  it.each(faults)('with the fault "%s" in frame %i of a session end their own connection at most', async (name, at) => {
    const { attack, reports, stillAnswers } = await startAttacked({ helloTimeoutMs: 300, partialFrameTimeoutMs: 300 });
    const peer = await attack();
    for (const [i, built] of session.entries()) peer.send(i === at ? corrupt(built, name) : built);
    // An unknown type of frame is no error, and the rest of a frame that is cut off may still arrive.
    peer.stream.end();
    expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
    expect(peer.frames().filter(({ type }) => type === 'AGENT-DISCONNECT').length).toBeLessThan(2);
    expect(reports.protocolError.length).toBeLessThan(2);
    expect(reports.handlerError).toEqual([]);
    await stillAnswers();
  });

  it('of HTTP are refused as a frame that is too big', async () => {
    const { attack, stillAnswers } = await startAttacked();
    const peer = await attack();
    peer.send(Buffer.from('GET / HTTP/1.1\r\nHost: agent\r\n\r\n'));
    await expectDisconnect(peer, 3);
    await stillAnswers();
  });

  it('after the last frame are read and dropped, in any number', async () => {
    const { attack, reports, stillAnswers } = await startAttacked();
    const peer = await attack();
    peer.send(haproxyHello(), haproxyHello(), ...Array.from({ length: 5_000 }, () => check(1)));
    await expectDisconnect(peer, 4);
    expect(reports.protocolError).toHaveLength(1);
    await stillAnswers();
  });
});

describe('a session of HELLO, NOTIFYs, fragments and DISCONNECT', () => {
  const bytes = Buffer.concat(
    [
      haproxyHello({ capabilities: 'pipelining,async' }),
      check(1),
      ...fragment(check(2) as never, 9),
      notify({ streamId: 3 }).message('later'),
      haproxyDisconnect(),
    ].map((built) => built.toBytes()),
  );

  it(`that is reset at any of its ${bytes.length} bytes leaks nothing`, async () => {
    const { agent, attack, reports, stillAnswers } = await startAttacked({
      setup: (a) => {
        scoring(a);
        a.onNotify((context) => (context.streamId === 3 ? nextTurn() : undefined));
      },
    });
    for (let offset = 0; offset <= bytes.length; offset++) {
      const peer = await attack();
      peer.send(bytes.subarray(0, offset));
      for (let turn = 0; turn < offset % 4; turn++) await nextTurn();
      if (peer.stream instanceof Socket) peer.stream.resetAndDestroy();
    }
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect([...reports.protocolError, ...reports.handlerError, ...reports.transportError]).toEqual([]);
    await stillAnswers();
  });

  it(`that is half-closed at any of its ${bytes.length} bytes is answered up to there, then closed`, async () => {
    const { attack, reports, stillAnswers } = await startAttacked({
      setup: (a) => {
        scoring(a);
        a.onNotify((context) => (context.streamId === 3 ? nextTurn() : undefined));
      },
    });
    const offsets = Array.from({ length: bytes.length + 1 }, (_, i) => i);
    const peers = await Promise.all(
      offsets.map(async (offset) => {
        const peer = await attack();
        peer.send(bytes.subarray(0, offset));
        peer.stream.end();
        return peer;
      }),
    );
    expect(await eventually(() => peers.every((peer) => peer.ending() !== undefined))).toBe(true);
    expect(peers.every((peer) => peer.ending() === 'end')).toBe(true);
    const answers = peers.map((peer) => peer.frames().length);
    expect(answers).toEqual(answers.toSorted((a, b) => a - b));
    expect(answers.at(-2)).toBe(4);
    expect(reports.protocolError).toEqual([]);
    await stillAnswers();
  });
});
