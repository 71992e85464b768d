import { data, haproxyHello } from '@spop/builder';
import '@spop/builder/vitest';
import { type Actions, defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { AgentEvents, Hooks, Logger } from '../../src/index.ts';
import { eventually, startAgent, takeWarnings } from '../harness.ts';

const ask = defineMessage('ask', { id: string });
const answer = defineVariable('txn', 'answer', string);

const broken = (): never => {
  throw new Error('broken');
};

/** A value that cannot be converted to a string. */
const mute: unknown = Object.create(null);

/** Waits for this many warnings, and long enough for more. */
async function warnings(count: number): Promise<string[]> {
  const taken: string[] = [];
  await eventually(() => taken.push(...takeWarnings()) >= count);
  await eventually(() => false, 20);
  return [...taken, ...takeWarnings()];
}

describe('hooks', () => {
  it('whose promises reject are reported as process warnings, and change nothing', async () => {
    const names = ['connect', 'disconnect', 'protocolError', 'handlerError', 'handlerTimeout', 'overload'] as const;
    const called: (keyof AgentEvents)[] = [];
    const hooks: Hooks = Object.fromEntries(
      names.map((name) => [
        name,
        async (): Promise<void> => {
          called.push(name);
          await Promise.resolve();
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
          if (message.id.equals('throw')) broken();
          return new Promise<void>(() => {});
        }),
    });
    const peer = await connect();
    expect(await peer.notify(ask, { id: 'throw' })).toHaveNoActions();
    expect(await peer.notify(ask, { id: 'wait' })).toHaveNoActions();
    peer.send(haproxyHello());
    expect(await peer.receive()).toBeDisconnect(4);
    await peer.closed();
    expect(await eventually(() => called.includes('disconnect'))).toBe(true);
    expect(new Set(called)).toEqual(new Set(names));
    expect((await warnings(called.length)).toSorted()).toEqual(
      called.map((name) => `The hook '${name}' threw: Error: no ${name}`).toSorted(),
    );
  });

  it('may return promises that resolve, and any other value', async () => {
    const results: unknown[] = [Promise.resolve(1), null, 0, 'then', { then: 1 }];
    const { connect } = await startAgent({
      hooks: { handlerError: () => results.pop() },
      setup: (agent) => agent.onMessage(ask, broken),
    });
    const peer = await connect();
    await peer.burst([1, 2, 3, 4, 5].map((id) => (built) => built.message(ask, { id: `${id}` })));
    expect(results).toEqual([]);
    expect(await warnings(0)).toEqual([]);
  });

  it.each<readonly [string, () => unknown]>([
    [
      'throw',
      () => {
        throw mute;
      },
    ],
    // The test rejects with values that are no Error.
    // oxlint-disable-next-line prefer-promise-reject-errors
    ['reject with', () => Promise.reject(mute)],
  ])('may %s a value without a text', async (_, connection) => {
    const { connect } = await startAgent({ hooks: { connect: connection } });
    expect((await (await connect()).hello()).version).toBe('2.0');
    expect(await warnings(1)).toEqual(["The hook 'connect' threw: object without a text"]);
  });

  it('cause at most ten warnings a second, thrown or rejected', async () => {
    const { connect } = await startAgent({
      hooks: { handlerError: (): unknown => Promise.reject(new Error('broken hook')) },
      setup: (agent) => agent.onMessage(ask, broken),
    });
    const peer = await connect();
    await peer.burst(Array.from({ length: 50 }, () => (built) => built.message(ask, { id: '1' })));
    let told = 0;
    let counted = 0;
    const areAllTold = (): boolean => {
      for (const warning of takeWarnings()) {
        const more = /^(\d+) more of these within a second$/.exec(warning);
        if (more === null) told++;
        else counted += Number(more[1]);
      }
      return told + counted >= 50;
    };
    expect(await eventually(areAllTold)).toBe(true);
    expect(told + counted).toBe(50);
    // Ten, and ten more for each second that a busy machine takes longer.
    expect(told).toBeLessThan(50);
  });
});

describe('a logger', () => {
  it('whose promises reject is reported as process warnings, and changes nothing', async () => {
    const log = (): unknown => Promise.reject(new Error('disk full'));
    const logger: Logger = { debug: log, info: log, warn: log, error: log };
    const { agent, connect } = await startAgent({ logger, setup: (a) => a.onMessage(ask, broken) });
    const peer = await connect();
    expect(await peer.notify(ask, { id: '1' })).toHaveNoActions();
    await agent.close({ graceMs: 0 });
    // connection, handlerError, closing, disconnect, closed
    expect(await warnings(5)).toEqual(
      ['info', 'error', 'info', 'info', 'info'].map((level) => `The logger's '${level}' threw: Error: disk full`),
    );
  });
});

describe('a fallback', () => {
  const lost = "The option 'fallback' returned a promise: set its actions synchronously, since later ones are lost";

  it.each<readonly [string, (_: unknown, ack: Actions) => void]>([
    [
      'is an async function that goes on setting',
      async (_, ack) => {
        ack.set(answer, 'at once');
        await Promise.resolve();
        ack.set(answer, 'later');
      },
    ],
    [
      'returns a promise that rejects',
      (_, ack) => {
        ack.set(answer, 'at once');
        return Promise.reject(new Error('no database'));
      },
    ],
    [
      'returns a promise that resolves',
      (_, ack) => {
        ack.set(answer, 'at once');
        return Promise.resolve();
      },
    ],
  ])('that %s causes a warning, and answers with the actions that it set synchronously', async (_, fallback) => {
    const { connect } = await startAgent({
      fallback,
      setup: (agent) =>
        agent.onMessage(ask, ({ id }) => (id.equals('throw') ? broken() : Promise.reject(new Error('x')))),
    });
    const peer = await connect();
    const actions = [{ type: 'set-var', scope: 'txn', name: 'answer', value: data.string('at once') }];
    expect((await peer.notify(ask, { id: 'throw' })).actions).toEqual(actions);
    expect((await peer.notify(ask, { id: 'reject' })).actions).toEqual(actions);
    expect(await warnings(2)).toEqual([lost, lost]);
  });

  it('may return the ACK', async () => {
    const { connect } = await startAgent({
      fallback: (_, ack) => ack.set(answer, 'fallback'),
      setup: (agent) => agent.onMessage(ask, broken),
    });
    expect(await (await connect()).notify(ask, { id: '1' })).toSetVar('txn', 'answer', data.string('fallback'));
    expect(await warnings(0)).toEqual([]);
  });
});
