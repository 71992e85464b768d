import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { duplexPair } from 'node:stream';
import { haproxyHello, notify, type NotifyBuilder } from '@spop/builder';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { AgentEvents, Hooks, NotifyContext } from '../../src/index.ts';
import { connectRaw, eventually, linkKinds, startAgent, takeWarnings } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const number = defineVariable('txn', 'number', int32);

describe('hooks', () => {
  it('that throw are reported as process warnings, and change nothing', async () => {
    const names = [
      'connect',
      'disconnect',
      'protocolError',
      'handlerError',
      'unhandledNotify',
      'handlerTimeout',
      'overload',
    ] as const;
    const called: (keyof AgentEvents)[] = [];
    const hooks: Hooks = Object.fromEntries(
      names.map((name) => [
        name,
        (): void => {
          called.push(name);
          throw new Error(`no ${name}`);
        },
      ]),
    );
    const { connect } = await startAgent({
      hooks,
      maxInFlightPerConnection: 1,
      processingTimeoutMs: 10,
      setup: (agent) =>
        agent.onMessage(ask, (message) => {
          if (message.id.equals('throw')) throw new Error('broken');
          return new Promise<void>(() => {});
        }),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: 'throw' })).toHaveNoActions();
    expect(await peer.notify(ask, { id: 'wait' })).toHaveNoActions();
    expect(await peer.notify((built) => built.message('aks'))).toHaveNoActions();
    peer.send(haproxyHello());
    expect(await peer.receive()).toBeDisconnect(4);
    await peer.closed();
    expect(await eventually(() => called.includes('disconnect'))).toBe(true);
    expect(new Set(called)).toEqual(new Set(names));
    await eventually(() => false, 20);
    expect(takeWarnings().toSorted()).toEqual(
      called.map((name) => `The hook '${name}' threw: Error: no ${name}`).toSorted(),
    );
  });

  it('report a transport that fails', async () => {
    const { agent, connect, reports } = await startAgent();
    const [, theirs] = duplexPair();
    agent.handle(theirs);
    theirs.destroy(new Error('cut cable'));
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    expect(reports.transportError).toEqual([
      { connection: { id: 1, remote: undefined, engineId: undefined }, error: new Error('cut cable') },
    ]);
    expect((await (await connect()).hello()).version).toBe('2.0');
  });

  it.each([
    ['', false],
    [', with a tracer', true],
  ])('report messages without a handler%s', async (_, isTraced) => {
    if (isTraced) {
      const listener = (): void => {};
      subscribe('spop:notify:start', listener);
      onTestFinished(() => void unsubscribe('spop:notify:start', listener));
    }
    const { agent, connect, reports } = await startAgent({
      setup: (made) => {
        made.onMessage(ask, () => {});
        made.onMessage(defineMessage('tell', {}), () => {});
      },
    });
    const peer = await connect();
    const ack = (built: NotifyBuilder): NotifyBuilder => built.message('ask', { id: 'x' }).message('unknown');
    expect(await peer.notify(ack)).toHaveNoActions();
    expect(reports.unhandledNotify).toEqual([]);
    const { streamId } = await peer.notify((built) => built.message('aks').message('a"\nb'));
    expect(reports.unhandledNotify).toEqual([
      {
        connection: expect.objectContaining({ id: 1 }) as unknown,
        streamId: Number(streamId),
        messages: ['aks', 'a"\nb'],
        declared: ['ask', 'tell'],
      },
    ]);
    expect(agent.toMetrics().events.unhandledNotify).toBe(1);
  });

  it('do not report NOTIFYs without messages, nor messages beside a handler of whole NOTIFYs', async () => {
    const without = await startAgent();
    expect(await (await without.connect()).notify((built) => built)).toHaveNoActions();
    const whole = await startAgent({ setup: (agent) => agent.onNotify(() => {}) });
    expect(await (await whole.connect()).notify((built) => built.message('any'))).toHaveNoActions();
    expect([...without.reports.unhandledNotify, ...whole.reports.unhandledNotify]).toEqual([]);
  });

  it('report few of many names, and the beginning of long ones', async () => {
    const { connect, reports } = await startAgent();
    const names = Array.from({ length: 20 }, (_, i) => `${i}`.padEnd(100, 'x'));
    await (await connect()).notify((built) => names.reduce((all, name) => all.message(name), built));
    expect(reports.unhandledNotify[0]?.messages).toEqual(names.slice(0, 8).map((name) => name.slice(0, 64)));
    expect(reports.unhandledNotify[0]?.declared).toEqual([]);
  });

  it.each(['connection lost', 7, Symbol('gone'), null])('report a stream that fails with %o', async (thrown) => {
    const { agent, connect, reports } = await startAgent();
    const [, theirs] = duplexPair();
    agent.handle(theirs);
    // As a stream of Duplex.fromWeb() does; `destroy` passes on any value.
    Reflect.apply(theirs.destroy, theirs, [thrown]);
    expect(await eventually(() => agent.connectionCount === 0)).toBe(true);
    const expected = thrown === null ? [] : [{ error: { message: String(thrown), cause: thrown } }];
    expect(reports.transportError).toMatchObject(expected);
    expect((await (await connect()).hello()).version).toBe('2.0');
  });

  it('report the bytes and frames of a connection when it ends', async () => {
    const { target, reports } = await startAgent({ link: 'IPv4' });
    const peer = await connectRaw(target);
    const frames = [haproxyHello(), notify().message('a'), notify().message('b')];
    peer.send(...frames);
    await eventually(() => peer.frames().length === 3);
    peer.stream.end();
    await eventually(() => reports.disconnect.length === 1);
    expect(reports.disconnect).toMatchObject([
      {
        connection: { id: 1, remote: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as string, engineId: undefined },
        status: 0,
        reason: 'normal',
        bytesRead: Buffer.concat(frames.map((frame) => frame.toBytes())).length,
        bytesWritten: Buffer.concat(peer.chunks).length,
        frames: 3,
      },
    ]);
  });

  it.each(linkKinds.filter((kind) => kind === 'IPv6'))(
    'write the address of a peer over %s with brackets',
    async (link) => {
      const { connect, reports } = await startAgent({ link });
      await (await connect()).hello();
      expect(reports.connect[0]?.connection.remote).toMatch(/^\[::1\]:\d+$/);
    },
  );
});

describe('the context of a NOTIFY', () => {
  it('has its ids and its engine, finds messages, and makes one signal', async () => {
    const seen: unknown[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (_, ack, context: NotifyContext) => {
          const { streamId, frameId, engineId, signal } = context;
          seen.push(streamId, frameId, engineId, signal === context.signal, signal.aborted);
          seen.push(context.get(ask)?.id.toString(), context.get(defineMessage('other', {})));
          ack.set(number, 1);
        }),
    });
    const peer = await connect({ haproxy: '3.0' });
    await peer.hello();
    const ids = { streamId: 7, frameId: 300 };
    expect(await peer.notify(peer.preset.notify(ids).message(ask, { id: 'x' }))).toSetVar('txn', 'number', 1);
    expect(seen).toEqual([7, 300, '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4', true, false, 'x', undefined]);
  });

  it('whose signal a synchronous handler read is not given to another NOTIFY', async () => {
    const signals = new Set<AbortSignal>();
    const { connect } = await startAgent({
      setup: (agent) => agent.onNotify(({ signal }) => void signals.add(signal)),
    });
    const peer = await connect();
    await peer.burst(Array.from({ length: 200 }, () => (built) => built));
    expect(signals.size).toBe(200);
  });
});
