import { type BytesInput, fragment, haproxyHello, notify, type NotifyBuilder } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent } from '../../src/index.ts';
import { type Cut, Turn } from '../../src/turn.ts';
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
const asking = (id: string, streamId: number = 1): NotifyBuilder => notify({ streamId }).message(ask, { id });

/** A NOTIFY whose beginning takes a carry of 16 KiB. */
const LARGE = asking('x'.repeat(16_000)).toBytes();
const BEGINNING = LARGE.subarray(0, 15_000);
const REASON = 'incomplete frames of all connections hold more than maxIncompleteBytes (100000)';

interface Setup extends Bench {
  readonly time: StoppedTime;
  /** Opens a connection, 1 ms after the last one, that sends these bytes after its HELLO. */
  readonly open: (...pieces: readonly BytesInput[]) => Promise<RawPeer>;
  readonly send: (peer: RawPeer, ...pieces: readonly BytesInput[]) => Promise<void>;
}

async function setup(options: BenchOptions): Promise<Setup> {
  const time = stopTime();
  const bench = await startAgent({
    maxIncompleteBytes: 100_000,
    setup: (agent: Agent) => agent.onMessage(ask, () => {}),
    ...options,
  });
  const send = async (peer: RawPeer, ...pieces: readonly BytesInput[]): Promise<void> => {
    const bytes = Buffer.concat(pieces.map((piece) => ('toBytes' in piece ? piece.toBytes() : piece)));
    const read = bench.agent.toMetrics().bytesRead + bytes.length;
    peer.send(bytes);
    expect(await eventually(() => bench.agent.toMetrics().bytesRead === read)).toBe(true);
  };
  const open = async (...pieces: readonly BytesInput[]): Promise<RawPeer> => {
    await time.pass(1);
    const peer = await connectRaw(bench.target);
    await send(peer, haproxyHello({ capabilities: 'pipelining,async' }));
    await send(peer, ...pieces);
    return peer;
  };
  return { ...bench, time, open, send };
}

describe.each(linkKinds)('maxIncompleteBytes over %s', (link) => {
  it('ends the connection whose frame was begun longest ago with status 13, and serves the others', async () => {
    const { agent, open, reports, send } = await setup({ link });
    const peers: RawPeer[] = [];
    for (let i = 0; i < 6; i++) peers.push(await open(BEGINNING));
    expect(reports.overload).toEqual([]);
    peers.push(await open(BEGINNING));
    expect(await eventually(() => peers[0]?.ending() !== undefined)).toBe(true);
    expect(peers[0]?.frames().at(-1)).toBeDisconnect(13);
    expect(reports.overload).toMatchObject([{ connection: { id: 1 }, limit: 'maxIncompleteBytes' }]);
    for (const peer of peers.slice(1)) {
      await send(peer, LARGE.subarray(BEGINNING.length));
      expect(await eventually(() => peer.frames().length === 2)).toBe(true);
      expect(peer.frames()[1]?.type).toBe('ACK');
    }
    peers[0]?.stream.end();
    expect(await eventually(() => agent.connectionCount === 6)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 13, reason: REASON }]);
  });

  it('goes by the age of the frame, not of the connection', async () => {
    const { open, reports, send } = await setup({ link });
    const oldest = await open();
    const peers: RawPeer[] = [];
    for (let i = 0; i < 6; i++) peers.push(await open(BEGINNING));
    await send(oldest, BEGINNING);
    expect(await eventually(() => peers[0]?.ending() !== undefined)).toBe(true);
    expect(reports.overload).toMatchObject([{ connection: { id: 2 } }]);
    await send(oldest, LARGE.subarray(BEGINNING.length));
    expect(await eventually(() => oldest.frames().length === 2)).toBe(true);
  });

  it('counts the fragments of a NOTIFY', async () => {
    const { open, reports } = await setup({ link });
    const [begin] = fragment(asking('x'.repeat(10_000)), 9_000);
    // Room for three more frames of that size.
    const first = await open(begin!);
    await open(begin!);
    expect(reports.overload).toEqual([]);
    await open(begin!);
    expect(await eventually(() => first.ending() !== undefined)).toBe(true);
    expect(first.frames().at(-1)).toBeDisconnect(13);
  });

  it('counts the bytes that a connection keeps after it was cut short', async () => {
    const held: Cut[] = [];
    const spies = [
      vi.spyOn(Turn.prototype, 'isOver').mockReturnValue(true),
      vi.spyOn(Turn.prototype, 'wait').mockImplementation((cut) => void held.push(cut)),
    ];
    onTestFinished(() => spies.forEach((spy) => spy.mockRestore()));
    const { open, reports } = await setup({ link });
    const flood = Array.from({ length: 1_500 }, (_, i) => asking('x', i));
    const first = await open(...flood);
    expect(held).toHaveLength(1);
    for (let i = 0; i < 4; i++) await open(BEGINNING);
    expect(await eventually(() => first.ending() !== undefined)).toBe(true);
    expect(first.frames().at(-1)).toBeDisconnect(13);
    expect(reports.overload).toHaveLength(1);
  });

  it('takes back memory without bytes, and ends no connection for it', async () => {
    const { open, reports, send } = await setup({ link });
    for (let i = 0; i < 20; i++) {
      const peer = await open(BEGINNING);
      await send(peer, LARGE.subarray(BEGINNING.length));
      expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    }
    expect(reports.overload).toEqual([]);
  });
});
