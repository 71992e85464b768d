import { data, haproxyHello, notify as buildNotify } from '@spop/builder';
import { defineMessage, defineVariable, Frame, type MessageDefinition, MessageSet, string } from '@spop/codec';
import { describe, expect, it, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { type Answerer, Exchange } from '../../src/notify/exchange.ts';
import type { HandlerEntry } from '../../src/notify/handler-entry.ts';
import { MemoryPool } from '../../src/notify/memory-pool.ts';
import { connectRaw, eventually, type RawPeer, startAgent } from '../harness.ts';
import { usedBytes } from '../memory.ts';

const ask = defineMessage('ask', { id: string });
const raw = defineVariable('txn', 'raw', string);

function definitions(messages: number, args: number): MessageDefinition[] {
  const names = Array.from({ length: args }, (_, i) => [`argument_${i}`, string] as const);
  return Array.from({ length: messages }, (_, i) => defineMessage(`message-${i}`, Object.fromEntries(names)));
}

const entry: HandlerEntry = {
  definition: undefined,
  handler: () => {},
  timeoutMs: 0,
  fallback: () => {},
  isAsync: true,
};
const NOBODY: Answerer = {
  settle: () => {},
  settlePart: () => {},
  expire: () => {},
  expirePart: () => {},
  noteGrowth: () => {},
  fail: () => {},
};

/** `count` NOTIFYs in flight with this many of the messages, each repeated, with all of their arguments read. */
function inFlight(
  set: MessageSet,
  messages: number,
  times: number,
  count: number,
  { hasParts = false }: { hasParts?: boolean } = {},
): Exchange[] {
  let built = buildNotify();
  for (const { name, argumentNames } of set.definitions.slice(0, messages)) {
    for (let i = 0; i < times; i++) {
      built = built.message(name, Object.fromEntries(argumentNames.map((each) => [each, data.string('v')])));
    }
  }
  const bytes = Buffer.from(built.toBytes());
  const frame = new Frame();
  frame.read(bytes, 0, bytes.length);
  const pool = new MemoryPool();
  const output = Buffer.alloc(1_000);
  return Array.from({ length: count }, () => {
    const exchange = new Exchange(set, pool, 0);
    exchange.read({ engineId: undefined, maxFrameSize: 16_380, maxAckBytes: 816, timeoutOf: () => 0 }, frame);
    exchange.beginOneTime();
    exchange.ack.beginAck(output, 0, output.length, frame);
    for (let i = 0; i < exchange.notify.messageCount; i++) JSON.stringify(exchange.notify.messageAt(i));
    for (let i = 0; hasParts && i < exchange.notify.messageCount; i++) {
      const part = exchange.beginPart(entry, i);
      part.actions.set(raw, 'v');
      exchange.waitForPart(part, new Promise(() => {}));
    }
    exchange.detach(NOBODY, 0);
    return exchange;
  });
}

describe('the counted bytes of a NOTIFY in flight', () => {
  it.each([
    ['one message of one argument', 1, 1, 1, 1, false],
    ['one message without arguments', 1, 0, 1, 1, false],
    ['one of 10 messages of 20 arguments', 10, 20, 1, 1, false],
    ['all of 10 messages of 20 arguments', 10, 20, 10, 1, false],
    ['one of 30 messages of 30 arguments', 30, 30, 1, 1, false],
    ['all of 30 messages of 30 arguments', 30, 30, 30, 1, false],
    ['a message of 20 arguments, 100 times', 1, 20, 1, 100, false],
    ['a message without arguments, 1,000 times', 1, 0, 1, 1_000, false],
    ['two messages whose handlers settle apart', 2, 1, 2, 1, true],
    ['30 messages whose handlers settle apart', 30, 1, 30, 1, true],
    ['a message 60 times, each to settle apart', 1, 1, 1, 60, true],
  ])('are at least the bytes that it takes: %s', (_, declared, args, messages, times, hasParts) => {
    const set = new MessageSet(definitions(declared, args));
    // Makes first the objects that are made only once, such as classes of views.
    inFlight(set, messages, times, 20, { hasParts });
    const count = Math.ceil(1_000 / (messages * times));
    let counted = 0;
    // The figures include memory for other work: the smallest of three has the least of it.
    const taken = Math.min(
      ...[1, 2, 3].map(() => {
        const before = usedBytes();
        const exchanges = inFlight(set, messages, times, count, { hasParts });
        const after = usedBytes();
        counted = exchanges[0]?.heldBytes ?? 0;
        return (after - before) / count;
      }),
    );
    expect(taken).toBeLessThan(counted);
    expect(taken).toBeGreaterThan(counted / 4);
  });
});

/** Handlers that wait for the test. */
class Waiting {
  readonly open: (() => void)[] = [];
  readonly setup = (agent: Agent, length: number = 0): unknown =>
    agent.onMessage(ask, async (_, ack) => {
      await new Promise<void>((resolve) => this.open.push(resolve));
      if (length > 0) ack.set(raw, 'x'.repeat(length));
    });
}

const MAX_FRAME_SIZE = 1_048_576;
const largeHello = haproxyHello({ maxFrameSize: MAX_FRAME_SIZE, capabilities: '' });
const acksOf = (peer: RawPeer): number => peer.frames().filter(({ type }) => type === 'ACK').length;

describe('a HELLO with a max-frame-size of 1 MiB', () => {
  it('leaves room for others: 256 small NOTIFYs in flight hold less than 2 MiB', async () => {
    const { open, setup } = new Waiting();
    const { agent, target } = await startAgent({ maxInFlightBytes: 8 * 1_048_576, setup });
    const [large, other] = await Promise.all([connectRaw(target), connectRaw(target)]);
    large.send(largeHello, ...Array.from({ length: 256 }, (_, i) => buildNotify({ streamId: i }).message('ask')));
    expect(await eventually(() => open.length === 256)).toBe(true);
    other.send(haproxyHello(), buildNotify({ streamId: 1 }).message('ask'));
    expect(await eventually(() => open.length === 257)).toBe(true);
    expect(agent.inFlightCount).toBe(257);
    for (const each of open) each();
    expect(await eventually(() => acksOf(large) === 256 && acksOf(other) === 1)).toBe(true);
  });

  it.each(['a synchronous', 'an asynchronous'])('accepts an ACK of that size from %s handler', async (kind) => {
    const lengths = [0, 100, 20_000, 300_000, MAX_FRAME_SIZE - 60, 5];
    const { target } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, ({ id }, ack) => {
          const length = Number(id.toString());
          if (kind === 'a synchronous') return void ack.set(raw, 'x'.repeat(length));
          return Promise.resolve().then(() => void ack.set(raw, 'x'.repeat(length)));
        }),
    });
    const peer = await connectRaw(target);
    peer.send(largeHello, ...lengths.map((id, streamId) => buildNotify({ streamId }).message(ask, { id: `${id}` })));
    const bytes = (): number => peer.chunks.reduce((sum, { length }) => sum + length, 0);
    expect(await eventually(() => bytes() > 1_368_000)).toBe(true);
    const all = Buffer.concat(peer.chunks);
    const found: number[] = [];
    for (let at = 4 + all.readUInt32BE(0); at < all.length; at += 4 + all.readUInt32BE(at)) {
      const frame = all.subarray(at, at + 4 + all.readUInt32BE(at));
      found.push(frame.filter((byte) => byte === 0x78).length);
    }
    expect(found).toEqual(lengths);
  });

  it.each(['synchronous', 'asynchronous'])('makes no buffer for the ACKs of %s handlers', async (kind) => {
    const { target } = await startAgent({
      link: 'unix socket',
      setup: (agent) => agent.onMessage(ask, () => (kind === 'synchronous' ? undefined : Promise.resolve())),
    });
    const peer = await connectRaw(target);
    const frames = (from: number): ReturnType<typeof buildNotify>[] =>
      Array.from({ length: 100 }, (_, i) => buildNotify({ streamId: from + i }).message('ask'));
    peer.send(largeHello, ...frames(0));
    expect(await eventually(() => acksOf(peer) === 100)).toBe(true);
    const made = vi.spyOn(Buffer, 'allocUnsafeSlow');
    peer.send(...frames(100));
    expect(await eventually(() => acksOf(peer) === 200)).toBe(true);
    const sizes = made.mock.calls.map(([size]) => size);
    made.mockRestore();
    // A buffer for an ACK would have 1 MiB; frames that are cut off between two reads of the socket are copied.
    expect(sizes.filter((size) => size > 65_536)).toEqual([]);
  });
});

describe('an ACK that grows above maxInFlightBytes', () => {
  it('is written in full, and others are not read until it is answered', async () => {
    const { open, setup } = new Waiting();
    const gates: (() => void)[] = [];
    const { agent, target } = await startAgent({
      maxInFlightBytes: 400_000,
      setup: (made) => {
        made.onMessage(defineMessage('much', {}), async (_, ack) => {
          ack.set(raw, 'x'.repeat(500_000));
          await new Promise<void>((resolve) => gates.push(resolve));
        });
        setup(made);
      },
    });
    const [large, other] = await Promise.all([connectRaw(target), connectRaw(target)]);
    large.send(largeHello, buildNotify({ streamId: 1 }).message('much'));
    other.send(haproxyHello());
    expect(await eventually(() => gates.length === 1)).toBe(true);
    other.send(buildNotify({ streamId: 2 }).message('ask'));
    await eventually(() => open.length > 0, 20);
    expect([open.length, agent.inFlightCount]).toEqual([0, 1]);
    gates[0]?.();
    expect(await eventually(() => open.length === 1)).toBe(true);
    open[0]?.();
    expect(await eventually(() => acksOf(other) === 1)).toBe(true);
    expect(Buffer.concat(large.chunks).includes(Buffer.alloc(500_000, 'x'))).toBe(true);
  });

  it('in an asynchronous handler is counted as it is written', async () => {
    const gates: (() => void)[] = [];
    const waiting = new Waiting();
    const { agent, target } = await startAgent({
      maxInFlightBytes: 400_000,
      setup: (made) => {
        made.onMessage(defineMessage('much', {}), async (_, ack) => {
          for (let i = 0; i < 2; i++) {
            await new Promise<void>((resolve) => gates.push(resolve));
            ack.set(raw, 'x'.repeat(250_000));
          }
          await new Promise<void>((resolve) => gates.push(resolve));
        });
        waiting.setup(made);
      },
    });
    const [large, other] = await Promise.all([connectRaw(target), connectRaw(target)]);
    large.send(largeHello, buildNotify({ streamId: 1 }).message('much'));
    other.send(haproxyHello(), buildNotify({ streamId: 2 }).message('ask'));
    expect(await eventually(() => waiting.open.length === 1 && gates.length === 1)).toBe(true);
    waiting.open[0]?.();
    expect(await eventually(() => acksOf(other) === 1)).toBe(true);
    gates[0]?.();
    await eventually(() => gates.length === 2);
    gates[1]?.();
    expect(await eventually(() => gates.length === 3)).toBe(true);
    other.send(buildNotify({ streamId: 4 }).message('ask'));
    await eventually(() => waiting.open.length > 1, 20);
    expect([waiting.open.length, agent.inFlightCount]).toEqual([1, 1]);
    gates[2]?.();
    expect(await eventually(() => waiting.open.length === 2)).toBe(true);
    waiting.open[1]?.();
    expect(await eventually(() => acksOf(other) === 2)).toBe(true);
    const all = Buffer.concat(large.chunks);
    const value = Buffer.alloc(250_000, 'x');
    expect(all.indexOf(value, all.indexOf(value) + value.length)).toBeGreaterThan(0);
  });
});

describe('MemoryPool', () => {
  it('gives pieces of the next power of two, from 256 bytes on', () => {
    const pool = new MemoryPool();
    const sizes = [1, 255, 256, 257, 512, 513, 1_000_000, 1_048_576, 1_048_577, 4_194_305];
    expect(sizes.map((size) => pool.take(size).length)).toEqual([
      256, 256, 256, 512, 512, 1_024, 1_048_576, 1_048_576, 2_097_152, 4_194_305,
    ]);
  });

  it('gives each piece that was given back again, once', () => {
    const pool = new MemoryPool();
    const pieces = [300, 300, 4_000].map((size) => pool.take(size));
    for (const piece of pieces) pool.give(piece);
    expect(pool.keptBytes).toBe(512 + 512 + 4_096);
    const again = [400, 400, 4_096, 400].map((size) => pool.take(size));
    expect(new Set([...pieces, ...again]).size).toBe(4);
    expect(pool.keptBytes).toBe(0);
  });

  it('keeps 4 MiB', () => {
    const pool = new MemoryPool();
    const pieces = Array.from({ length: 6 }, () => pool.take(1_048_576));
    for (const piece of pieces) pool.give(piece);
    expect(pool.keptBytes).toBe(4_194_304);
    expect(pieces).toContain(pool.take(1_048_576));
    pool.give(pool.take(100));
    expect(pool.keptBytes).toBe(3_145_984);
  });
});
