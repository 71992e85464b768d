/** Deadline and fallback of single messages: the ACK of a NOTIFY with several, if one of them fails. */
import { setTimeout as sleep } from 'node:timers/promises';
import '@spop/builder/vitest';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { type Actions, createAgent, type FallbackReason, type MessageOptions } from '../../src/index.ts';
import { eventually, startAgent, takeWarnings } from '../harness.ts';
import { thrownBy } from '../thrown.ts';

const client = defineMessage('client', { id: string });
const body = defineMessage('body', { id: string });
const score = defineVariable('txn', 'score', int32);
const verdict = defineVariable('txn', 'verdict', string);
const whole = defineVariable('txn', 'whole', string);

const never = (): Promise<never> => new Promise(() => {});
const broken = new Error('broken');

/** Ways for a handler to fail, and the reason that its fallback receives. */
const FAILURES: readonly (readonly [string, FallbackReason, (ack: Actions) => void | Promise<void>])[] = [
  [
    'throws',
    'threw',
    () => {
      throw broken;
    },
  ],
  ['rejects', 'threw', () => Promise.reject(broken)],
  ['rejects later', 'threw', () => sleep(5).then(() => Promise.reject(broken))],
  ['is too late', 'timeout', never],
];

/** The actions of an ACK, as `name=value`. */
function setIn(ack: { readonly actions: readonly unknown[] }): string[] {
  const actions = ack.actions as readonly { name: string; value?: { value: unknown } }[];
  return actions.map(({ name, value }) => `${name}=${String(value?.value)}`);
}

describe.each(FAILURES)('a handler that %s', (_name, reason, fail) => {
  const timeoutMs = reason === 'timeout' ? 20 : 20_000;

  it('gets the fallback of its message, called with the same arguments', async () => {
    const seen: unknown[] = [];
    const { connect, reports } = await startAgent({
      fallback: (_, ack) => ack.set(verdict, 'of the agent'),
      setup: (agent) =>
        agent.onMessage(
          body,
          (_, ack) => {
            ack.set(score, 1);
            return fail(ack);
          },
          {
            timeoutMs,
            fallback: (message, ack, notify, why) => {
              seen.push([message.id.toString(), notify.streamId, why]);
              return ack.set(verdict, 'of the message');
            },
          },
        ),
    });
    const peer = await connect();
    expect(setIn(await peer.notify(body, { id: '1' }))).toEqual(['verdict=of the message']);
    expect(seen).toEqual([['1', 1, reason]]);
    expect([...reports.handlerError, ...reports.handlerTimeout]).toMatchObject([{ streamId: 1, messages: ['body'] }]);
  });

  it.each(['at once', 'later'])('keeps the actions that another message of the NOTIFY sets %s', async (when) => {
    const { connect, reports } = await startAgent({
      fallback: (message, ack, _, why) => ack.set(verdict, `${message === undefined ? 'of none' : 'of one'}, ${why}`),
      setup: (agent) =>
        agent
          .onMessage(client, ({ id }, ack) => {
            const answer = (): void => void ack.set(score, Number(id.toString()));
            return when === 'at once' ? answer() : sleep(30).then(answer);
          })
          .onMessage(
            body,
            (_, ack) => {
              ack.set(score, 99).reset().set(whole, 'lost');
              return fail(ack);
            },
            { timeoutMs },
          ),
    });
    const peer = await connect();
    await peer.hello();
    for (let round = 0; round < 3; round++) {
      for (const [i, first] of [client, body].entries()) {
        const second = first === client ? body : client;
        const ack = await peer.notify((notify) => notify.message(first, { id: '7' }).message(second, { id: '7' }));
        expect([i, setIn(ack).toSorted()]).toEqual([i, ['score=7', `verdict=of one, ${reason}`]]);
      }
    }
    const told = [...reports.handlerError, ...reports.handlerTimeout];
    expect(told.map(({ messages }) => messages)).toEqual(Array.from({ length: 6 }, () => ['body']));
  });

  it('keeps the actions of a handler of whole NOTIFYs, and the reverse', async () => {
    for (const failing of ['message', 'whole']) {
      const { connect } = await startAgent({
        processingTimeoutMs: timeoutMs,
        fallback: (message, ack, notify, why) =>
          ack.set(verdict, `${message === undefined ? 'whole' : 'message'} ${notify?.streamId} ${why}`),
        setup: (agent) =>
          agent
            .onMessage(client, (_, ack) => (failing === 'message' ? fail(ack) : void ack.set(score, 1)))
            .onNotify((_, ack) => (failing === 'whole' ? fail(ack) : void ack.set(whole, 'set'))),
      });
      const peer = await connect();
      const set = failing === 'message' ? 'whole=set' : 'score=1';
      expect(setIn(await peer.notify(client, { id: '1' })).toSorted()).toEqual(
        [set, `verdict=${failing} 1 ${reason}`].toSorted(),
      );
    }
  });
});

describe('deadlines of several messages', () => {
  it('apply one by one: the ACK waits for the longest, and a late message gets its fallback meanwhile', async () => {
    const late: string[] = [];
    const aborted: string[] = [];
    let answer: (() => void) | undefined;
    const { agent, connect, reports } = await startAgent({
      processingTimeoutMs: 20,
      setup: (made) =>
        made
          .onMessage(
            client,
            (_, __, { signal }) => {
              signal.addEventListener('abort', () => aborted.push(String(signal.reason)));
              return never();
            },
            { fallback: (_, ack) => (late.push('client'), ack.set(score, -1)) },
          )
          .onMessage(body, (_, ack) => new Promise((resolve) => (answer = () => resolve(void ack.set(verdict, 'x')))), {
            timeoutMs: 30_000,
          }),
    });
    const peer = await connect();
    await peer.hello();
    const answered = peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
    expect(await eventually(() => late.length === 1)).toBe(true);
    expect(aborted).toEqual(['Error: No answer within 20 ms']);
    expect(agent.inFlightCount).toBe(1);
    answer?.();
    expect(setIn(await answered)).toEqual(['score=-1', 'verdict=x']);
    expect(reports.handlerTimeout).toMatchObject([{ messages: ['client'] }]);
    expect(agent.toMetrics().lateAnswers).toBe(0);
  });

  it('that pass together are reported once, with all names', async () => {
    const { connect, reports } = await startAgent({
      processingTimeoutMs: 20,
      setup: (agent) => agent.onMessage(client, never).onMessage(body, never),
    });
    const peer = await connect();
    await peer.hello();
    const ack = await peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
    expect(ack.actions).toEqual([]);
    expect(reports.handlerTimeout).toMatchObject([{ messages: ['client', 'body'] }]);
  });

  it('may be shorter than those of earlier NOTIFYs', async () => {
    const { agent, connect, reports } = await startAgent({
      processingTimeoutMs: 30_000,
      setup: (made) => made.onMessage(client, never).onMessage(body, never, { timeoutMs: 10 }),
    });
    const peer = await connect();
    await peer.hello();
    peer.send(peer.preset.notify().message(client, { id: '1' }));
    expect(await eventually(() => agent.inFlightCount === 1)).toBe(true);
    expect((await peer.notify(body, { id: '2' })).actions).toEqual([]);
    expect(reports.handlerTimeout).toMatchObject([{ messages: ['body'] }]);
  });

  it('never pass with timeoutMs 0', async () => {
    let contexts: number[] = [];
    const { connect, reports } = await startAgent({
      processingTimeoutMs: 5,
      setup: (made) =>
        made.onMessage(
          body,
          async (_, ack, notify) => {
            contexts = [notify.deadlineAt];
            await sleep(50);
            ack.set(score, 1);
          },
          { timeoutMs: 0 },
        ),
    });
    expect(setIn(await (await connect()).notify(body, { id: '1' }))).toEqual(['score=1']);
    expect(contexts).toEqual([Infinity]);
    expect(reports.handlerTimeout).toEqual([]);
  });
});

describe('the room for several messages in one ACK', () => {
  it.each(['sync', 'async', 'turned out async'])(
    'is shared: %s handlers get the bytes that the others leave',
    async (kind) => {
      const left: number[] = [];
      const take = (ack: Actions): void | Promise<void> => {
        left.push(ack.remainingBytes);
        ack.set(verdict, 'x'.repeat(200));
        left.push(ack.remainingBytes);
        expect(() => ack.set(verdict, 'x'.repeat(ack.remainingBytes))).toThrow(
          expect.objectContaining({ code: 'SPOP_FRAME_FULL' }),
        );
        return kind === 'sync' ? undefined : Promise.resolve();
      };
      const { connect } = await startAgent({
        setup: (agent) =>
          kind === 'async'
            ? agent.onMessage(client, async (_, ack) => take(ack)).onMessage(body, async (_, ack) => take(ack))
            : agent.onMessage(client, (_, ack) => take(ack)).onMessage(body, (_, ack) => take(ack)),
      });
      const peer = await connect();
      await peer.hello();
      for (let round = 0; round < 2; round++) {
        const ack = await peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
        expect(setIn(ack)).toEqual(Array.from({ length: 2 }, () => `verdict=${'x'.repeat(200)}`));
      }
      const size = left[0]! - left[1]!;
      expect(size).toBeGreaterThan(200);
      expect(left).toEqual([0, 1, 1, 2, 0, 1, 1, 2].map((count) => left[0]! - count * size));
    },
  );
});

describe('the room for several messages that are answered later', () => {
  it('is the rest at that time: a handler without room fails, and gets its fallback', async () => {
    const answer = async (_: unknown, ack: Actions): Promise<void> => {
      await sleep(2);
      ack.set(verdict, 'x'.repeat(500));
    };
    const { connect, reports } = await startAgent({
      fallback: (_, ack) => ack.set(score, 1),
      setup: (agent) => agent.onMessage(client, answer).onMessage(body, answer),
    });
    const peer = await connect();
    await peer.hello();
    const ack = await peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
    expect(setIn(ack).toSorted()).toEqual(['score=1', `verdict=${'x'.repeat(500)}`]);
    expect(reports.handlerError).toMatchObject([{ error: { code: 'SPOP_FRAME_FULL' } }]);
  });
});

describe('handlers of one NOTIFY that answer at once, after they have answered later', () => {
  it('add their actions in the order of the messages, or get their fallback', async () => {
    let round = 0;
    const answer = (text: string, ack: Actions): void => void ack.set(verdict, text).unset(score).setNull(whole);
    const handler = ({ id }: { readonly id: { toString(): string } }, ack: Actions): void | Promise<void> => {
      const text = id.toString();
      if (round === 0) return sleep(1).then(() => answer(text, ack));
      answer(text, ack);
      if (text === 'throws') throw broken;
    };
    const { connect, reports } = await startAgent({
      fallback: (_, ack, __, why) => ack.set(verdict, why),
      setup: (agent) => agent.onMessage(client, handler).onMessage(body, handler),
    });
    const peer = await connect();
    await peer.hello();
    const ask = async (second: string): Promise<string[]> =>
      setIn(await peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: second })));
    const first = ['verdict=1', 'score=undefined', 'whole=undefined'];
    const second = ['verdict=2', 'score=undefined', 'whole=undefined'];
    expect((await ask('2')).toSorted()).toEqual([...first, ...second].toSorted());
    round++;
    expect(await ask('2')).toEqual([...first, ...second]);
    expect(await ask('throws')).toEqual([...first, 'verdict=threw']);
    expect(reports.handlerError).toMatchObject([{ error: broken, messages: ['body'] }]);
  });
});

describe('a fallback of a message', () => {
  it('that throws leaves its message without actions, and keeps those of the others', async () => {
    const { connect } = await startAgent({
      setup: (agent) =>
        agent
          .onMessage(client, (_, ack) => ack.set(score, 1))
          .onMessage(body, never, {
            timeoutMs: 10,
            fallback: (_, ack) => {
              ack.set(verdict, 'half');
              throw new Error('no fallback');
            },
          }),
    });
    const peer = await connect();
    await peer.hello();
    const ack = await peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
    expect(setIn(ack)).toEqual(['score=1']);
    await expect.poll(takeWarnings).toEqual(["The option 'fallback' threw: Error: no fallback"]);
  });

  it('serves every NOTIFY in flight when the agent closes, and its actions are sent', async () => {
    const { agent, connect } = await startAgent({
      setup: (made) =>
        made
          .onMessage(client, never, { fallback: (_, ack, __, why) => ack.set(whole, why) })
          .onMessage(body, never, { fallback: (_, ack, __, why) => ack.set(verdict, why) }),
    });
    const peer = await connect();
    await peer.hello();
    const answered = peer.notify((notify) => notify.message(client, { id: '1' }).message(body, { id: '1' }));
    expect(await eventually(() => agent.inFlightCount === 1)).toBe(true);
    const closed = agent.close({ graceMs: 0 });
    expect(setIn(await answered)).toEqual(['whole=timeout', 'verdict=timeout']);
    await closed;
  });
});

describe('the options of onMessage', () => {
  const refuse = (options: unknown): string =>
    thrownBy(() => Reflect.apply(createAgent().onMessage, createAgent(), [client, () => {}, options])).message;

  it.each([
    [{ timeout: 5 }, "expected one of the options timeoutMs, fallback of onMessage(); found 'timeout'"],
    [{ timeoutMs: -1 }, 'expected timeoutMs to be an integer from 0 to 2147483647; found -1'],
    [{ timeoutMs: '5' }, 'expected timeoutMs to be an integer from 0 to 2147483647; found "5"'],
    [{ fallback: 'no' }, 'expected fallback to be a function; found "no"'],
    [null, 'expected the options of onMessage() to be an object; found null'],
  ])('are checked when the handler is added: %o', (options, expected) => {
    expect(refuse(options)).toBe(expected);
  });

  it('may each be undefined', () => {
    const options: MessageOptions<typeof client> = { timeoutMs: undefined, fallback: undefined };
    expect(() => createAgent().onMessage(client, () => {}, options)).not.toThrow();
  });
});
