import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import {
  ack,
  agentHello,
  connect,
  data,
  haproxy,
  notify,
  PeerFailure,
  type ConnectOptions,
  type NotifyBuilder,
  type NotifyFrame,
  type PlainFrame,
  type ScriptedHaproxy,
} from '../../src/index.ts';
import { politely, tinyAgent } from '../tiny-agent.ts';

const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

interface Held {
  readonly peer: ScriptedHaproxy;
  /** NOTIFYs that were received and not answered. */
  readonly waiting: NotifyFrame[];
  /** Answers the oldest of them. */
  readonly answer: (count: number) => Promise<void>;
}

/** Waits until all pending steps are done. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await nextTurn();
}

/** A scripted HAProxy in front of an agent that answers when the test says so. */
async function hold(capabilities: string, options: ConnectOptions = {}): Promise<Held> {
  const waiting: NotifyFrame[] = [];
  let write: (bytes: Uint8Array) => void = () => {};
  const agent = tinyAgent((frame, stream) => {
    write = (bytes) => void stream.write(bytes);
    if (frame.type === 'HAPROXY-HELLO') return [agentHello({ capabilities })];
    if (frame.type === 'NOTIFY') waiting.push(frame);
    return [];
  });
  const peer = await connect(agent, options);
  closers.push(() => peer.close());
  return {
    peer,
    waiting,
    answer: async (count) => {
      for (const frame of waiting.splice(0, count)) write(ack(frame).toBytes());
      await settle();
    },
  };
}

const inputs = (count: number): ((builder: NotifyBuilder) => NotifyBuilder)[] =>
  Array.from({ length: count }, (_, index) => (builder) => builder.message('m', { index }));

async function failureOf(promise: Promise<unknown>): Promise<PeerFailure> {
  const error: unknown = await promise.then(() => undefined).catch((reason: unknown) => reason);
  if (error instanceof PeerFailure) return error;
  throw new Error(`expected a PeerFailure; found ${String(error)}`);
}

describe('NOTIFYs in flight', () => {
  it('are 20 with pipelining: the next one is sent when an ACK has arrived', async () => {
    const { peer, waiting, answer } = await hold('pipelining');
    const acks = peer.burst(inputs(23));
    await settle();
    expect(waiting).toHaveLength(20);
    await answer(1);
    expect(waiting).toHaveLength(20);
    await answer(2);
    expect(waiting).toHaveLength(20);
    expect(waiting.at(-1)).toMatchObject({ streamId: 45n });
    await answer(20);
    expect(await acks).toHaveLength(23);
    expect(waiting).toEqual([]);
  });

  it('are 20 of all calls together', async () => {
    const { peer, waiting, answer } = await hold('pipelining');
    const calls = [peer.burst(inputs(15)), ...Array.from({ length: 7 }, () => peer.notify('m'))];
    await settle();
    expect(waiting).toHaveLength(20);
    await answer(2);
    expect(waiting).toHaveLength(20);
    await answer(20);
    await Promise.all(calls);
  });

  it.each([
    ['the agent does not announce pipelining', '', {}],
    ['HAProxy does not announce it', 'pipelining', { haproxy: haproxy('3.2', { pipelining: false }) }],
  ])('are one if %s', async (_, capabilities, options) => {
    const { peer, waiting, answer } = await hold(capabilities, options);
    const acks = peer.burst(inputs(3));
    for (let sent = 0; sent < 3; sent++) {
      await settle();
      expect(waiting).toHaveLength(1);
      await answer(1);
    }
    expect(await acks).toHaveLength(3);
  });
});

describe('an ACK', () => {
  it.each([
    ['stream-id', { streamId: 3, frameId: 1 }],
    ['frame-id', { streamId: 1, frameId: 2 }],
  ])('with another %s does not answer the NOTIFY', async (_, ids) => {
    const agent = tinyAgent((frame, stream) => (frame.type === 'NOTIFY' ? [ack(ids)] : politely()(frame, stream)));
    const peer = await connect(agent, { strict: false, timeoutMs: 50 });
    closers.push(() => peer.close());
    const failure = await failureOf(peer.notify('m'));
    expect(failure).toMatchObject({ kind: 'timeout' });
    expect(peer.violations).toMatchObject([{ rule: 'ack-unknown' }]);
  });

  it('with a warning answers the NOTIFY, and the warning is kept', async () => {
    const agent = tinyAgent(politely((_, empty) => empty.setVar('txn', 'x', data.uint64(2n ** 63n))));
    const peer = await connect(agent);
    closers.push(() => peer.close());
    expect((await peer.notify('m')).actions).toHaveLength(1);
    expect(peer.violations).toMatchObject([{ rule: 'integer-turns-negative', severity: 'warning', from: 'agent' }]);
  });

  it('of a NOTIFY that was answered already ends the conversation', async () => {
    const agent = tinyAgent((frame, stream) =>
      frame.type === 'NOTIFY' ? [ack(frame), ack(frame)] : politely()(frame, stream),
    );
    const peer = await connect(agent);
    closers.push(() => peer.close());
    await peer.notify('m');
    expect(peer.violations).toMatchObject([{ rule: 'ack-twice', severity: 'error' }]);
    expect(await failureOf(peer.notify('m'))).toMatchObject({ kind: 'violation' });
  });
});

describe('the agreed size', () => {
  /** A scripted HAProxy that agreed on this max-frame-size, and the frames that the agent received. */
  async function agreed(
    maxFrameSize: number,
    line: '3.0' | '3.2',
  ): Promise<{ peer: ScriptedHaproxy; got: PlainFrame[] }> {
    const got: PlainFrame[] = [];
    const agent = tinyAgent((frame) => {
      if (frame.type === 'HAPROXY-HELLO') return [agentHello({ maxFrameSize, capabilities: 'fragmentation' })];
      got.push(frame);
      const isEnd = frame.type === 'NOTIFY' || (frame.type === 'UNSET' && frame.flags === 1);
      return isEnd ? [ack(frame)] : [];
    });
    const peer = await connect(agent, { haproxy: line });
    closers.push(() => peer.close());
    return { peer, got };
  }

  const sized = (size: number): ((builder: NotifyBuilder) => NotifyBuilder) => {
    const around =
      notify()
        .message('m', { a: data.binary(new Uint8Array(300)) })
        .toBytes().length -
      4 -
      300;
    return (builder) => builder.message('m', { a: data.binary(new Uint8Array(size - around)) });
  };

  it('may be filled by one frame', async () => {
    const { peer, got } = await agreed(400, '3.2');
    await peer.notify(sized(400));
    expect(got.map(({ type }) => type)).toEqual(['NOTIFY']);
    expect(await failureOf(peer.notify(sized(401)))).toMatchObject({ kind: 'refused' });
  });

  it('is exceeded by one byte in fragments, of HAProxy 3.0', async () => {
    const { peer, got } = await agreed(400, '3.0');
    await peer.notify(sized(401));
    expect(got.map(({ type }) => type)).toEqual(['NOTIFY-FRAGMENT', 'UNSET']);
  });
});

describe('the agreement with the agent', () => {
  it('uses the last item of a name, and the offer if there is none', async () => {
    const twice = agentHello({ maxFrameSize: 1_000 }).item('max-frame-size', data.uint32(2_000));
    const peer = await connect(
      tinyAgent(() => [twice]),
      { strict: false },
    );
    closers.push(() => peer.close());
    expect(await peer.hello()).toMatchObject({ version: '2.0', maxFrameSize: 2_000 });
    const silent = await connect(
      tinyAgent(() => [agentHello({ maxFrameSize: null, capabilities: ' pipelining , x,' })]),
      { strict: false, haproxy: haproxy('3.2', { maxFrameSize: 5_000 }) },
    );
    closers.push(() => silent.close());
    expect(await silent.hello()).toEqual({ version: '2.0', maxFrameSize: 5_000, capabilities: ['pipelining', 'x'] });
  });
});
