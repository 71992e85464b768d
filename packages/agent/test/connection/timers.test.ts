import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BytesInput, fragment, type FrameBuilder, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { Turn } from '../../src/turn.ts';
import {
  type Bench,
  type BenchOptions,
  connectRaw,
  eventually,
  linkKinds,
  type RawPeer,
  startAgent,
} from '../harness.ts';
import { stopTime, type StoppedTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });

/** An agent with stopped time, and one connection of it. */
interface Stopped extends Bench {
  readonly time: StoppedTime;
  readonly peer: RawPeer;
  /** Sends, and waits until the agent has read it. */
  send(...pieces: readonly BytesInput[]): Promise<void>;
}

async function start(options: BenchOptions): Promise<Stopped> {
  const time = stopTime();
  const bench = await startAgent({ link: 'IPv4', ...options });
  const peer = await connectRaw(bench.target);
  await eventually(() => bench.agent.connectionCount === 1);
  const send = (...pieces: readonly BytesInput[]): Promise<void> => sendAndWait(bench.agent, peer, ...pieces);
  return { ...bench, time, peer, send };
}

async function sendAndWait(agent: Agent, peer: RawPeer, ...pieces: readonly BytesInput[]): Promise<void> {
  const length = pieces.reduce((sum, piece) => sum + ('toBytes' in piece ? piece.toBytes() : piece).length, 0);
  const read = agent.toMetrics().bytesRead + length;
  peer.send(...pieces);
  expect(await eventually(() => agent.toMetrics().bytesRead === read)).toBe(true);
}

/** Waits until the agent has ended the connection, with status 2. */
async function expectTimeout(peer: RawPeer): Promise<void> {
  expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
  expect(peer.frames().at(-1)).toBeDisconnect(2);
}

/** Lets `ms` pass; the agent ends the connection in the last of them, and not before. */
async function expectTimeoutAt({ time, peer }: Stopped, ms: number): Promise<void> {
  const { length } = peer.frames();
  await time.pass(ms - 1);
  expect({ ending: peer.ending(), frames: peer.frames().length }).toEqual({ ending: undefined, frames: length });
  await time.pass(1);
  await expectTimeout(peer);
}

/** Handlers that wait until the test lets them answer, the oldest first. */
class Gate {
  readonly #waiting: (() => void)[] = [];

  readonly setup = (agent: Agent): unknown =>
    agent.onMessage(ask, () => new Promise<void>((resolve) => this.#waiting.push(resolve)));

  /** Lets one handler answer, once it was called. */
  async open(): Promise<void> {
    expect(await eventually(() => this.#waiting.length > 0)).toBe(true);
    this.#waiting.shift()?.();
  }
}

async function expectFrames(peer: RawPeer, types: readonly string[]): Promise<void> {
  expect(await eventually(() => peer.frames().length === types.length)).toBe(true);
  expect(peer.frames().map(({ type }) => type)).toEqual(types);
}

const asking = (streamId: number): FrameBuilder => notify({ streamId }).message(ask, { id: 'x' });

describe.each(linkKinds)('a connection over %s', (link) => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a HELLO', haproxyHello().toBytes().subarray(0, 20)],
  ])('that sends %s within helloTimeoutMs ends with status 2', async (_, bytes) => {
    const stopped = await start({ link, helloTimeoutMs: 400 });
    const { agent, peer, reports } = stopped;
    await stopped.send(bytes);
    await expectTimeoutAt(stopped, 400);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.connect).toEqual([]);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'no HAPROXY-HELLO within 400 ms' }]);
  });

  it('that is idle for idleTimeoutMs ends with status 2', async () => {
    const stopped = await start({ link, idleTimeoutMs: 400 });
    const { agent, connect, peer, reports } = stopped;
    await stopped.send(haproxyHello());
    await expectFrames(peer, ['AGENT-HELLO']);
    await expectTimeoutAt(stopped, 400);
    await expectFrames(peer, ['AGENT-HELLO', 'AGENT-DISCONNECT']);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'nothing came within 400 ms' }]);
    expect((await (await connect()).hello()).version).toBe('2.0');
  });

  it('that begins a frame and does not end it within partialFrameTimeoutMs ends with status 2', async () => {
    const stopped = await start({ link, partialFrameTimeoutMs: 400 });
    const { agent, peer, reports } = stopped;
    await stopped.send(haproxyHello(), asking(1).toBytes().subarray(0, 9));
    await expectFrames(peer, ['AGENT-HELLO']);
    await expectTimeoutAt(stopped, 400);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'a frame was not complete within 400 ms' }]);
  });

  it('that never closes after the last frame is destroyed after lingerTimeoutMs', async () => {
    const { agent, target } = await startAgent({ link, lingerTimeoutMs: 40 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), haproxyHello());
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().at(-1)).toBeDisconnect(4);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });
});

describe('idleTimeoutMs', () => {
  it.each([
    ['half a NOTIFY', [haproxyHello(), asking(1).toBytes().subarray(0, 9)]],
    ['half a HELLO', [haproxyHello().toBytes().subarray(0, 9)]],
    ['nothing', []],
  ])('ends a connection that sends %s if the timer for that is switched off', async (_, pieces) => {
    const stopped = await start({ helloTimeoutMs: 0, partialFrameTimeoutMs: 0, idleTimeoutMs: 400 });
    await stopped.send(...pieces);
    if (pieces.length === 2) await expectFrames(stopped.peer, ['AGENT-HELLO']);
    await expectTimeoutAt(stopped, 400);
  });
});

/** A NOTIFY in two fragments. */
function halves(streamId: number): FrameBuilder[] {
  const whole = notify({ streamId }).message(ask, { id: 'x' });
  return fragment(whole, whole.toPayload().length - 1);
}

describe('a connection', () => {
  it.each([
    ['a frame byte by byte', '', [...asking(1).toBytes()].map((byte) => Uint8Array.of(byte))],
    ['the fragments of a NOTIFY', 'async', fragment(notify().message(ask, { id: 'x'.repeat(100) }), 2)],
  ])(
    'that sends %s, slower than partialFrameTimeoutMs for the whole, ends with status 2',
    async (_, capabilities, parts) => {
      const { peer, send, time } = await start({ partialFrameTimeoutMs: 400 });
      await send(haproxyHello({ capabilities }));
      for (const part of parts.slice(0, 8)) {
        expect(peer.ending()).toBeUndefined();
        await send(part);
        await time.pass(50);
      }
      await expectTimeout(peer);
    },
  );

  it('that sends so many fragments that it is cut short ends with status 2', async () => {
    const cut = vi.spyOn(Turn.prototype, 'isOver').mockReturnValue(true);
    onTestFinished(() => cut.mockRestore());
    const { peer, send, time } = await start({ partialFrameTimeoutMs: 400 });
    const parts = fragment(notify().message(ask, { id: 'x'.repeat(3_000) }), 20);
    await send(haproxyHello({ capabilities: 'async' }));
    for (let sent = 0; sent < 120; sent += 30) {
      expect(peer.ending()).toBeUndefined();
      await send(...parts.slice(sent, sent + 30));
      await time.pass(100);
    }
    await expectTimeout(peer);
  });

  it('that begins a fragmented NOTIFY and does not end it ends with status 2', async () => {
    const stopped = await start({ partialFrameTimeoutMs: 400 });
    await stopped.send(haproxyHello({ capabilities: 'async' }), fragment(notify().message(ask, { id: 'x' }), 3)[0]!);
    await expectFrames(stopped.peer, ['AGENT-HELLO']);
    await expectTimeoutAt(stopped, 400);
  });

  it('that sends one fragmented NOTIFY after the other for longer than partialFrameTimeoutMs is not ended', async () => {
    const { peer, send, time } = await start({ partialFrameTimeoutMs: 400 });
    const count = 20;
    const [begin, firstEnd] = halves(1);
    let end = firstEnd;
    await send(haproxyHello({ capabilities: 'pipelining' }), begin!);
    for (let streamId = 2; streamId <= count; streamId++) {
      await time.pass(100);
      const [next, nextEnd] = halves(streamId);
      // The end of one and the beginning of the next arrive together, so that one is always incomplete.
      await send(end!, next!);
      end = nextEnd;
    }
    await send(end!);
    await expectFrames(peer, ['AGENT-HELLO', ...Array.from({ length: count }, () => 'ACK')]);
  });

  it('whose handler takes longer than all timers is not ended', async () => {
    const gate = new Gate();
    const timeouts = { helloTimeoutMs: 400, idleTimeoutMs: 400, partialFrameTimeoutMs: 400 };
    const { peer, send, time } = await start({ ...timeouts, setup: gate.setup });
    await send(haproxyHello(), asking(1));
    await time.pass(2_000);
    await gate.open();
    await expectFrames(peer, ['AGENT-HELLO', 'ACK']);
  });

  it('that is held back amid a frame is not ended for that', async () => {
    const gate = new Gate();
    const { peer, send, time } = await start({
      maxInFlightPerConnection: 1,
      partialFrameTimeoutMs: 400,
      setup: gate.setup,
    });
    await send(haproxyHello(), asking(1), asking(2));
    await time.pass(2_000);
    await gate.open();
    await gate.open();
    await expectFrames(peer, ['AGENT-HELLO', 'ACK', 'ACK']);
  });

  it('that was held back amid a frame has partialFrameTimeoutMs for the rest of it', async () => {
    const gate = new Gate();
    const { peer, send, time } = await start({
      maxInFlightPerConnection: 1,
      partialFrameTimeoutMs: 400,
      setup: gate.setup,
    });
    const second = asking(2).toBytes();
    await send(haproxyHello(), asking(1), second.subarray(0, 9));
    await time.pass(2_000);
    await gate.open();
    await expectFrames(peer, ['AGENT-HELLO', 'ACK']);
    await time.pass(399);
    await send(second.subarray(9));
    await gate.open();
    await expectFrames(peer, ['AGENT-HELLO', 'ACK', 'ACK']);
  });

  it('has helloTimeoutMs from its arrival, even as the first one', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({ link: 'IPv4', helloTimeoutMs: 400 });
    await time.pass(500);
    const peer = await connectRaw(target);
    await eventually(() => agent.connectionCount === 1);
    await time.pass(399);
    peer.send(haproxyHello());
    await expectFrames(peer, ['AGENT-HELLO']);
  });

  it('that waits until others make room is not idle', async () => {
    const gate = new Gate();
    const { agent, peer, target, time } = await start({ maxInFlight: 1, idleTimeoutMs: 400, setup: gate.setup });
    const second = await connectRaw(target);
    for (const each of [peer, second]) await sendAndWait(agent, each, haproxyHello(), asking(1));
    await time.pass(2_000);
    await gate.open();
    await gate.open();
    for (const each of [peer, second]) await expectFrames(each, ['AGENT-HELLO', 'ACK']);
  });

  it('has idleTimeoutMs from its last ACK', async () => {
    const gate = new Gate();
    const stopped = await start({ idleTimeoutMs: 400, setup: gate.setup });
    await stopped.send(haproxyHello(), asking(1));
    await stopped.time.pass(2_000);
    await gate.open();
    await expectFrames(stopped.peer, ['AGENT-HELLO', 'ACK']);
    await expectTimeoutAt(stopped, 400);
  });

  it.each([260, 320])(
    'that sent the rest of a frame %i of 400 ms later, while the event loop was blocked until 510 or later, is answered',
    async (ms) => {
      const { peer, send, time } = await start({ partialFrameTimeoutMs: 400 });
      const bytes = asking(1).toBytes();
      await send(haproxyHello(), bytes.subarray(0, 9));
      await time.pass(ms);
      // The event loop then runs timers next, before it reads sockets.
      await nextTurn();
      peer.send(bytes.subarray(9));
      time.block(250);
      await expectFrames(peer, ['AGENT-HELLO', 'ACK']);
    },
  );

  it.each([
    ['helloTimeoutMs', {}, []],
    ['idleTimeoutMs', { idleTimeoutMs: 20_000 }, [haproxyHello()]],
    ['partialFrameTimeoutMs', { partialFrameTimeoutMs: 20_000 }, [haproxyHello(), new Uint8Array(2)]],
  ])('that is silent ends after %s in one turn of the event loop that takes that long', async (_, options, pieces) => {
    const stopped = await start({ helloTimeoutMs: 20_000, ...options });
    await stopped.send(...pieces);
    stopped.time.block(20_000);
    await expectTimeout(stopped.peer);
  });

  it('that sent something while the event loop was blocked has idleTimeoutMs from then on', async () => {
    const stopped = await start({ idleTimeoutMs: 400 });
    const { peer, time } = stopped;
    await stopped.send(haproxyHello());
    await expectFrames(peer, ['AGENT-HELLO']);
    await nextTurn();
    peer.send(asking(1));
    time.block(1_000);
    await expectFrames(peer, ['AGENT-HELLO', 'ACK']);
    await expectTimeoutAt(stopped, 400);
  });

  it('whose handler blocked the event loop has idleTimeoutMs from its ACK', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const stopped = await start({
      idleTimeoutMs: 400,
      setup: (agent) =>
        agent.onMessage(ask, async () => {
          await promise;
          stopped.time.skip(1_000);
        }),
    });
    await stopped.send(haproxyHello(), asking(1));
    resolve();
    await expectFrames(stopped.peer, ['AGENT-HELLO', 'ACK']);
    await expectTimeoutAt(stopped, 400);
  });

  it('that arrived while the event loop was blocked has helloTimeoutMs from then on', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({ link: 'IPv4', helloTimeoutMs: 400 });
    await connectRaw(target);
    await eventually(() => agent.connectionCount === 1);
    time.skip(1_000);
    const peer = await connectRaw(target);
    await eventually(() => agent.connectionCount === 2);
    await time.pass(399);
    peer.send(haproxyHello());
    await expectFrames(peer, ['AGENT-HELLO']);
  });

  it('that sent its HELLO while the event loop was blocked for longer than helloTimeoutMs is answered', async () => {
    const { peer, time } = await start({ helloTimeoutMs: 60 });
    await nextTurn();
    peer.send(haproxyHello());
    time.block(200);
    await expectFrames(peer, ['AGENT-HELLO']);
  });

  it('stays open with all timers switched off', async () => {
    const off = { helloTimeoutMs: 0, idleTimeoutMs: 0, partialFrameTimeoutMs: 0, processingTimeoutMs: 0 };
    const { connect, peer: silent, target, time } = await start(off);
    const partial = await connectRaw(target);
    partial.send(haproxyHello(), new Uint8Array(2));
    const peer = await connect();
    await peer.hello();
    await time.pass(5_000);
    expect([silent.ending(), partial.ending()]).toEqual([undefined, undefined]);
    expect(await peer.notify('m')).toHaveNoActions();
  });
});
