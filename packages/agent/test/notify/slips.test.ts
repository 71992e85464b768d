import { inspect } from 'node:util';
import '@spop/builder/vitest';
import { data } from '@spop/builder';
import { AckWriter, type Actions, binary, defineMessage, defineVariable, string } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { Agent, NotifyContext } from '../../src/index.ts';
import { eventually, startAgent } from '../harness.ts';
import { thrownBy } from '../thrown.ts';

const ask = defineMessage('ask', { id: string });
const answer = defineVariable('txn', 'answer', string);
const raw = defineVariable('txn', 'raw', binary);

/** Errors that would end the process of a user. */
function catchUncaught(): unknown[] {
  const found: unknown[] = [];
  const note = (error: unknown): void => void found.push(error);
  // Vitest has its own listeners, which fail the run.
  const others = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException');
  process.on('uncaughtException', note);
  onTestFinished(() => {
    process.removeListener('uncaughtException', note);
    for (const other of others) process.on('uncaughtException', other);
  });
  return found;
}

/** The names of all properties of an object, inherited ones included. */
function namesOf(object: object): string[] {
  const names = new Set<string>();
  for (let at: unknown = object; at !== Object.prototype && at !== null; at = Object.getPrototypeOf(at)) {
    for (const key of Reflect.ownKeys(at as object)) names.add(String(key));
  }
  return [...names].toSorted();
}

type Handler = (message: unknown, ack: Actions, notify: NotifyContext) => void | Promise<void>;
const kinds: readonly (readonly [string, (run: Handler) => Handler])[] = [
  ['synchronous', (run) => (message, ack, notify) => void run(message, ack, notify)],
  [
    'asynchronous',
    (run) => async (message, ack, notify) => {
      await Promise.resolve();
      await run(message, ack, notify);
    },
  ],
];

describe.each(kinds)('a handler that is %s', (_, kind) => {
  it('gets an ACK and a NOTIFY with the public methods only', async () => {
    const found: string[][] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(
          ask,
          kind((__, ack, notify) => {
            found.push(namesOf(ack), namesOf(notify));
            expect(Object.keys({ ...ack, ...notify })).toEqual([]);
            expect([structuredClone(ack), structuredClone(notify)]).toEqual([{}, {}]);
          }),
        ),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    const actions = ['constructor', 'remainingBytes', 'reset', 'set', 'setNull', 'toJSON', 'unset'];
    const names = 'constructor deadlineAt engineId frameId get isAnswered maxFrameSize signal streamId toJSON walk';
    const context = names.split(' ');
    expect(found).toEqual([actions, context]);
  });

  it('gets an ACK and a NOTIFY that print what a log needs, and no memory', async () => {
    const texts: string[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(
          ask,
          kind((__, ack, notify) => void texts.push(JSON.stringify([ack, notify, ack.remainingBytes]))),
        ),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    await peer.notify(ask, { id: '2' });
    const printed = texts.map((text): unknown => JSON.parse(text));
    expect(printed).toEqual(
      [1, 3].map((streamId): unknown[] => [
        { remainingBytes: expect.any(Number) as unknown },
        { streamId, frameId: 1, engineId: '5bf1ac4e-3f0c-4d3b-9a57-0c1f6de2b8a4' },
        expect.any(Number),
      ]),
    );
  });

  it.each(['end', 'beginAck', 'begin', 'moveTo', 'mayGrow', 'close', 'detach', 'finish', 'drop'])(
    'that calls %s() fails like any other, and the connection lives',
    async (name) => {
      const { connect, reports } = await startAgent({
        setup: (agent) =>
          agent.onMessage(
            ask,
            kind((__, ack, notify) => {
              const target = name in ack ? ack : notify;
              Reflect.apply(Reflect.get(target, name) as () => void, target, [Buffer.alloc(9), 0, 9, 1]);
            }),
          ),
      });
      const peer = await connect();
      expect(await peer.notify(ask, { id: '1' })).toHaveNoActions();
      expect(await peer.notify(ask, { id: '2' })).toHaveNoActions();
      expect(reports.handlerError.map(({ error }) => error instanceof TypeError)).toEqual([true, true]);
      expect(reports.protocolError).toEqual([]);
    },
  );
});

it('an error of the agent itself ends the connection, and its text is not sent to the peer', async () => {
  const { connect, reports } = await startAgent({ setup: (agent) => agent.onMessage(ask, () => {}) });
  const peer = await connect();
  await peer.hello();
  const end = vi.spyOn(AckWriter.prototype, 'end').mockImplementationOnce(() => {
    throw new Error('/srv/agent/secret.ts');
  });
  onTestFinished(() => end.mockRestore());
  peer.send(peer.preset.notify().message(ask, { id: '1' }));
  const frame = await peer.receive();
  expect(frame).toBeDisconnect(99);
  expect(inspect(frame, { depth: 9 })).not.toContain('secret');
  expect(reports.protocolError).toMatchObject([{ error: { cause: { message: '/srv/agent/secret.ts' } } }]);
});

describe('a listener of the signal', () => {
  const ways: readonly (readonly [string, (agent: Agent) => unknown, number])[] = [
    ['a deadline that passed', () => {}, 10],
    ['its deadline beside a sibling that is done', (agent) => agent.onNotify(async () => {}), 10],
  ];

  it.each(ways)('can use ACK and views, without any effect, after %s', async (_, setup, processingTimeoutMs) => {
    const uncaught = catchUncaught();
    const seen: unknown[] = [];
    const { connect } = await startAgent({
      processingTimeoutMs,
      fallback: (_, ack) => void ack.set(answer, 'fallback'),
      setup: (agent) => {
        agent.onMessage(ask, (message, ack, { signal, streamId }) => {
          signal.addEventListener('abort', () => {
            ack.set(answer, 'late').setNull(answer).unset(answer).reset();
            ack.set(raw, Buffer.alloc(100_000));
            seen.push([message.id.toString(), streamId]);
          });
          return new Promise<void>(() => {});
        });
        setup(agent);
      },
    });
    const peer = await connect();
    for (const id of ['1', '2', '3']) {
      const ack = await peer.notify(ask, { id });
      expect(ack.actions).toEqual([{ type: 'set-var', scope: 'txn', name: 'answer', value: data.string('fallback') }]);
    }
    expect(seen).toEqual([
      ['1', 1],
      ['2', 3],
      ['3', 5],
    ]);
    await eventually(() => false, 5);
    expect(uncaught).toEqual([]);
  });

  it('can use both after the connection ended', async () => {
    const uncaught = catchUncaught();
    const seen: unknown[] = [];
    const { agent, connect } = await startAgent({
      link: 'IPv4',
      setup: (made) =>
        made.onMessage(ask, (message, ack, { signal }) => {
          signal.addEventListener('abort', () => {
            ack.set(answer, message.id);
            seen.push(message.id.toString());
          });
          return new Promise<void>(() => {});
        }),
    });
    const peer = await connect();
    await peer.hello();
    peer.send(peer.preset.notify().message(ask, { id: '1' }), peer.preset.notify().message(ask, { id: '2' }));
    await eventually(() => agent.inFlightCount === 2);
    peer.close();
    expect(await eventually(() => seen.length === 2)).toBe(true);
    await eventually(() => false, 5);
    expect([seen, uncaught]).toEqual([['1', '2'], []]);
  });

  it('finds ACK and views closed afterwards', async () => {
    const late: (() => unknown)[] = [];
    const { connect } = await startAgent({
      processingTimeoutMs: 10,
      setup: (agent) =>
        agent.onMessage(ask, (message, ack, notify) => {
          notify.signal.addEventListener('abort', () => {
            late.push(
              () => message.id,
              () => ack.set(answer, 'late'),
              () => ack.reset(),
              () => notify.streamId,
            );
          });
          return new Promise<void>(() => {});
        }),
    });
    const peer = await connect();
    await peer.notify(ask, { id: '1' });
    expect(late).toHaveLength(4);
    for (const use of late) expect(use).toThrow(expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }));
  });
});

describe('an object that a handler kept', () => {
  it('of an asynchronous NOTIFY throws within the handlers of all later ones, for as long as they run', async () => {
    const kept: (() => unknown)[] = [];
    const codes: unknown[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, async (message, ack, notify) => {
          const use = (): void => {
            for (const each of kept) {
              try {
                codes.push(each());
              } catch (error) {
                codes.push(Reflect.get(Object(error), 'code'));
              }
            }
          };
          use();
          const { id } = message;
          if (kept.length < 30) {
            kept.push(
              () => id.toString(),
              () => message.id,
              () => ack.set(answer, 'leaked'),
              () => notify.streamId,
              () => notify.get(ask),
            );
          }
          await Promise.resolve();
          use();
          ack.set(answer, id);
        }),
    });
    const peer = await connect();
    for (let i = 0; i < 100; i++) {
      expect(await peer.notify(ask, { id: `${i}` })).toSetVar('txn', 'answer', data.string(`${i}`));
    }
    // The second use() of the first six handlers also reaches their own objects, which are still open.
    const own = [0, 1, 2, 3, 4, 5].length * 5;
    expect(codes.filter((code) => code !== 'SPOP_VIEW_CLOSED')).toHaveLength(own);
    expect(codes.length).toBeGreaterThan(5_000);
  });

  it('of an ACK of a synchronous handler throws for ever once all NOTIFYs of its batch are answered', async () => {
    const kept: Actions[] = [];
    const codes: unknown[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, ({ id }, ack) => {
          ack.set(answer, id);
          for (const each of kept) codes.push(thrownBy(() => each.set(answer, 'leaked')));
          if (id.startsWith('keep')) kept.push(ack);
        }),
    });
    const peer = await connect();
    // More NOTIFYs at once than there are exchanges, and fewer.
    await peer.burst(Array.from({ length: 20 }, () => (notify) => notify.message(ask, { id: 'other' })));
    await peer.burst(Array.from({ length: 3 }, () => (notify) => notify.message(ask, { id: 'keep' })));
    codes.length = 0;
    for (let i = 0; i < 40; i++) {
      expect(await peer.notify(ask, { id: `${i}` })).toSetVar('txn', 'answer', data.string(`${i}`));
    }
    expect(codes).toHaveLength(3 * 40);
    for (const error of codes) expect(error).toHaveProperty('code', 'SPOP_VIEW_CLOSED');
    expect(() => kept[0]?.remainingBytes).not.toThrow();
  });

  it('of a NOTIFY that a function answered at once never reads one that it answers later', async () => {
    const kept: (() => unknown)[] = [];
    const open: (() => void)[] = [];
    const { agent, connect } = await startAgent({
      setup: (made) =>
        made.onMessage(ask, (message, ack) => {
          if (message.id.startsWith('slow')) return new Promise<void>((resolve) => open.push(resolve));
          const { id } = message;
          kept.push(
            () => id.toString(),
            () => message.id,
            () => ack.set(answer, 'leaked'),
          );
          ack.set(answer, id);
          return undefined;
        }),
    });
    const peer = await connect();
    const first = peer.notify(ask, { id: 'slow' });
    await eventually(() => open.length === 1);
    open.pop()?.();
    await first;
    kept.length = 0;
    for (let i = 0; i < 40; i++) {
      expect(await peer.notify(ask, { id: `${i}` })).toSetVar('txn', 'answer', data.string(`${i}`));
    }
    const slow = peer.burst(Array.from({ length: 20 }, () => (notify) => notify.message(ask, { id: 'slow' })));
    await eventually(() => agent.inFlightCount === 20);
    for (const use of kept) expect(use).toThrow(expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }));
    for (const each of open) each();
    for (const ack of await slow) expect(ack).toHaveNoActions();
  });

  it('of a NOTIFY whose signal was read belongs to that NOTIFY alone', async () => {
    const signals: AbortSignal[] = [];
    const contexts: NotifyContext[] = [];
    const { connect } = await startAgent({
      setup: (agent) =>
        agent.onMessage(ask, (message, _, notify) => {
          if (contexts.length < 20) contexts.push(notify);
          if (message.id.equals('signal')) signals.push(notify.signal);
        }),
    });
    const peer = await connect();
    for (let i = 0; i < 60; i++) await peer.notify(ask, { id: 'signal' });
    expect(new Set(signals).size).toBe(60);
    expect(new Set(contexts).size).toBe(20);
    for (const context of contexts) {
      expect(() => context.streamId).toThrow(expect.objectContaining({ code: 'SPOP_VIEW_CLOSED' }));
    }
  });
});
