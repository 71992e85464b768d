import { setImmediate as nextTurn } from 'node:timers/promises';
import { haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { AgentOptions } from '../../src/index.ts';
import { type Bench, connectRaw, eventually, type LinkKind, linkKinds, type RawPeer, startAgent } from '../harness.ts';
import { stopTime, type StoppedTime } from '../stopped-time.ts';

const ask = defineMessage('ask', { id: string });
const long = defineVariable('txn', 'long', string);
const LONG = 'x'.repeat(700);

const REASON = 'the peer took no byte of its ACKs within 400 ms';

interface Stalled extends Bench {
  readonly time: StoppedTime;
  readonly peer: RawPeer;
}

/** An agent with stopped time, and a peer that has stopped reading its ACKs, which fill all buffers between both. */
async function stall(link: LinkKind, options: AgentOptions): Promise<Stalled> {
  const time = stopTime();
  const bench = await startAgent({
    link,
    ...options,
    setup: (agent) => agent.onMessage(ask, (_, ack) => void ack.set(long, LONG)),
  });
  const peer = await connectRaw(bench.target);
  peer.send(haproxyHello());
  await eventually(() => peer.frames().length === 1);
  peer.stream.pause();
  const batch = Buffer.concat(Array.from({ length: 200 }, () => notify().message(ask, { id: 'x' }).toBytes()));
  await eventually(() => {
    if (peer.stream.writableLength < 1_000_000) peer.stream.write(batch);
    return bench.reports.overload.length > 0;
  });
  // The bytes under way arrive.
  for (let i = 0; i < 20; i++) await nextTurn();
  return { ...bench, time, peer };
}

describe.each(linkKinds)('a peer that never reads its ACKs over %s', (link) => {
  it('is ended after writeTimeoutMs, with status 2, while others are served', async () => {
    const { agent, connect, reports, time } = await stall(link, { writeTimeoutMs: 400 });
    const other = await connect();
    await other.hello();
    // The first tick notices that bytes wait, at most a quarter of the time later.
    await time.pass(499);
    expect(agent.connectionCount).toBe(2);
    await time.pass(1);
    expect(await eventually(() => agent.connectionCount === 1)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: REASON }]);
    expect(agent.toMetrics().disconnects).toEqual({ 2: 1 });
    expect((await other.notify(ask, { id: 'x' })).actions).toHaveLength(1);
  });

  it('stays connected with writeTimeoutMs of 0', async () => {
    const { agent, time } = await stall(link, { writeTimeoutMs: 0 });
    await time.pass(20_000);
    expect(agent.connectionCount).toBe(1);
  });
});
