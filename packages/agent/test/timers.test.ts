import { setImmediate as immediately, setTimeout as sleep } from 'node:timers/promises';
import { fragment, type FrameBuilder, haproxyHello, notify } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, string as text } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { connectRaw, eventually, linkKinds, type RawPeer, startAgent } from './harness.ts';

const ask = defineMessage('ask', { id: text });

async function expectTimeout(peer: RawPeer): Promise<void> {
  expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
  expect(peer.frames().at(-1)).toBeDisconnect(2);
}

describe.each(linkKinds)('a connection over %s', (link) => {
  it.each([
    ['nothing', new Uint8Array(0)],
    ['half a HELLO', haproxyHello().toBytes().subarray(0, 20)],
  ])('that sends %s within helloTimeoutMs ends with status 2', async (_, bytes) => {
    const { agent, reports, target } = await startAgent({ link, helloTimeoutMs: 40 });
    const peer = await connectRaw(target);
    peer.send(bytes);
    await expectTimeout(peer);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.connection).toEqual([]);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'no HAPROXY-HELLO within 40 ms' }]);
  });

  it('that is idle for idleTimeoutMs ends with status 2', async () => {
    const { agent, connect, reports, target } = await startAgent({ link, idleTimeoutMs: 60 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    await expectTimeout(peer);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'AGENT-DISCONNECT']);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'nothing came within 60 ms' }]);
    expect((await (await connect()).hello()).version).toBe('2.0');
  });

  it('that begins a frame and does not end it within partialFrameTimeoutMs ends with status 2', async () => {
    const { agent, reports, target } = await startAgent({ link, partialFrameTimeoutMs: 40 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify().message(ask, { id: 'x' }).toBytes().subarray(0, 9));
    await expectTimeout(peer);
    peer.stream.end();
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.disconnect).toMatchObject([{ status: 2, reason: 'a frame was not complete within 40 ms' }]);
  });

  it('that never closes after the last frame is destroyed after lingerTimeoutMs', async () => {
    const { agent, target } = await startAgent({ link, lingerTimeoutMs: 40 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), haproxyHello());
    await eventually(() => peer.ending() !== undefined);
    expect(peer.frames().at(-1)).toBeDisconnect(4);
    expect(agent.connectionCount).toBe(1);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
  });
});

describe('idleTimeoutMs', () => {
  it.each([
    ['half a NOTIFY', [haproxyHello(), notify().message(ask, { id: 'x' }).toBytes().subarray(0, 9)]],
    ['half a HELLO', [haproxyHello().toBytes().subarray(0, 9)]],
    ['nothing', []],
  ])('ends a connection that sends %s where the timer for that is switched off', async (_, pieces) => {
    const { target } = await startAgent({
      link: 'IPv4',
      helloTimeoutMs: 0,
      partialFrameTimeoutMs: 0,
      idleTimeoutMs: 60,
    });
    const peer = await connectRaw(target);
    peer.send(...pieces);
    await expectTimeout(peer);
  });
});

/** A NOTIFY in two fragments. */
function halves(streamId: number): FrameBuilder[] {
  const whole = notify({ streamId }).message(ask, { id: 'x' });
  return fragment(whole, whole.toPayload().length - 1);
}

describe('a connection', () => {
  it('that sends a frame byte by byte, slower than partialFrameTimeoutMs for the whole, ends with status 2', async () => {
    const { target } = await startAgent({ link: 'IPv4', partialFrameTimeoutMs: 60 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello());
    const bytes = notify()
      .message(ask, { id: 'x'.repeat(100) })
      .toBytes();
    for (let i = 0; i < bytes.length && peer.ending() === undefined; i++) {
      peer.send(bytes.subarray(i, i + 1));
      await sleep(10);
    }
    await expectTimeout(peer);
  });

  it('that begins a fragmented NOTIFY and does not end it ends with status 2', async () => {
    const { target } = await startAgent({ link: 'IPv4', partialFrameTimeoutMs: 40 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'async' }), fragment(notify().message(ask, { id: 'x' }), 3)[0]!);
    await expectTimeout(peer);
  });

  it('that sends fragments of a NOTIFY, slower than partialFrameTimeoutMs for the whole, ends with status 2', async () => {
    const { target } = await startAgent({ link: 'IPv4', partialFrameTimeoutMs: 60 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'async' }));
    for (const part of fragment(notify().message(ask, { id: 'x'.repeat(100) }), 2)) {
      if (peer.ending() !== undefined) break;
      peer.send(part);
      await sleep(10);
    }
    await expectTimeout(peer);
  });

  it('that sends one fragmented NOTIFY after the other for longer than partialFrameTimeoutMs is not ended', async () => {
    const { target } = await startAgent({ link: 'IPv4', partialFrameTimeoutMs: 60 });
    const peer = await connectRaw(target);
    peer.send(haproxyHello({ capabilities: 'pipelining' }));
    const count = 20;
    const [begin, firstEnd] = halves(1);
    let end = firstEnd;
    peer.send(begin!);
    for (let streamId = 2; streamId <= count; streamId++) {
      await sleep(10);
      const [next, nextEnd] = halves(streamId);
      // The end of one and the beginning of the next come together, so that there is always one that was begun.
      peer.send(end!, next!);
      end = nextEnd;
    }
    peer.send(end!);
    expect(await eventually(() => peer.frames().length === count + 1)).toBe(true);
    expect(peer.frames().at(-1)).toHaveProperty('type', 'ACK');
  });

  it('whose handler takes longer than all timers is not ended', async () => {
    const { connect } = await startAgent({
      link: 'IPv4',
      helloTimeoutMs: 100,
      idleTimeoutMs: 100,
      partialFrameTimeoutMs: 100,
      setup: (agent) => agent.onMessage(ask, () => sleep(400)),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: 'x' })).toHaveNoActions();
  });

  it('that is held back with a part of a frame is not ended for that', async () => {
    const { target } = await startAgent({
      link: 'IPv4',
      maxInFlightPerConnection: 1,
      partialFrameTimeoutMs: 20,
      setup: (agent) => agent.onMessage(ask, () => sleep(100)),
    });
    const peer = await connectRaw(target);
    const second = notify({ streamId: 2 }).message(ask, { id: 'x' }).toBytes();
    peer.send(haproxyHello(), notify().message(ask, { id: 'x' }), second);
    expect(await eventually(() => peer.frames().length === 3)).toBe(true);
    expect(peer.frames().map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'ACK']);
  });

  it('that was held back with a part of a frame has all the time for the rest of it', async () => {
    const { target } = await startAgent({
      link: 'IPv4',
      maxInFlightPerConnection: 1,
      partialFrameTimeoutMs: 100,
      setup: (agent) => agent.onMessage(ask, () => sleep(200)),
    });
    const peer = await connectRaw(target);
    const second = notify({ streamId: 2 }).message(ask, { id: 'x' }).toBytes();
    peer.send(haproxyHello(), notify().message(ask, { id: 'x' }), second.subarray(0, 9));
    expect(await eventually(() => peer.frames().length === 2)).toBe(true);
    await sleep(50);
    peer.send(second.subarray(9));
    expect(await eventually(() => peer.frames().length === 3)).toBe(true);
    expect(peer.frames().at(-1)).toHaveProperty('type', 'ACK');
  });

  it('has helloTimeoutMs from when it came, though there was none before', async () => {
    const { target } = await startAgent({ link: 'IPv4', helloTimeoutMs: 400 });
    await sleep(500);
    const peer = await connectRaw(target);
    await sleep(200);
    peer.send(haproxyHello());
    await eventually(() => peer.frames().length === 1);
    expect(peer.frames()[0]).toHaveProperty('type', 'AGENT-HELLO');
  });

  it('that waits until others make room is not idle', async () => {
    const { target } = await startAgent({
      link: 'IPv4',
      maxInFlight: 1,
      idleTimeoutMs: 60,
      setup: (agent) => agent.onMessage(ask, () => sleep(300)),
    });
    const [first, second] = [await connectRaw(target), await connectRaw(target)];
    for (const peer of [first, second]) peer.send(haproxyHello(), notify().message(ask, { id: 'x' }));
    expect(await eventually(() => first.frames().length > 1 && second.frames().length > 1)).toBe(true);
    expect([first, second].map((peer) => peer.frames()[1]?.type)).toEqual(['ACK', 'ACK']);
  });

  it('has idleTimeoutMs from its last ACK', async () => {
    const { target } = await startAgent({
      link: 'IPv4',
      idleTimeoutMs: 300,
      setup: (agent) => agent.onMessage(ask, () => sleep(400)),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify().message(ask, { id: 'x' }));
    await eventually(() => peer.frames().length === 2);
    await sleep(150);
    expect(peer.ending()).toBeUndefined();
    await expectTimeout(peer);
  });

  it('that sent the rest of a frame while the event loop was blocked is answered', async () => {
    const { target } = await startAgent({ link: 'IPv4', partialFrameTimeoutMs: 400 });
    const bytes = notify().message(ask, { id: 'x' }).toBytes();
    for (const ms of [260, 320]) {
      const peer = await connectRaw(target);
      peer.send(haproxyHello(), bytes.subarray(0, 9));
      await sleep(ms);
      // Timers come next in the event loop then, before sockets are read.
      await immediately();
      peer.send(bytes.subarray(9));
      for (const until = performance.now() + 250; performance.now() < until;);
      await eventually(() => peer.frames().length === 2);
      expect(peer.frames()[1]).toHaveProperty('type', 'ACK');
    }
  });

  it('that sent its HELLO while the event loop was blocked for longer than helloTimeoutMs is answered', async () => {
    const { agent, target } = await startAgent({ link: 'IPv4', helloTimeoutMs: 60 });
    const peer = await connectRaw(target);
    await eventually(() => agent.connectionCount === 1);
    peer.send(haproxyHello());
    const until = performance.now() + 200;
    while (performance.now() < until);
    expect(await eventually(() => peer.frames().length === 1)).toBe(true);
    expect(peer.frames()[0]).toHaveProperty('type', 'AGENT-HELLO');
  });

  it('lives on with all timers switched off', async () => {
    const { connect, target } = await startAgent({
      link: 'IPv4',
      helloTimeoutMs: 0,
      idleTimeoutMs: 0,
      partialFrameTimeoutMs: 0,
      processingTimeoutMs: 0,
    });
    const silent = await connectRaw(target);
    const partial = await connectRaw(target);
    partial.send(haproxyHello(), new Uint8Array(2));
    const peer = await connect();
    await peer.hello();
    await sleep(300);
    expect([silent.ending(), partial.ending()]).toEqual([undefined, undefined]);
    expect(await peer.notify('m')).toHaveNoActions();
  });
});
