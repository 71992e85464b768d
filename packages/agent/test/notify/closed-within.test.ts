/** What a hook, a fallback or a listener does within the answer of a NOTIFY: it closes the agent. */
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent, AgentOptions, NotifyContext } from '../../src/index.ts';
import { eventually, startAgent } from '../harness.ts';

const client = defineMessage('client', { id: string });
const body = defineMessage('body', { id: string });

type Way = (close: () => void) => { readonly handler: () => Promise<never>; readonly options?: AgentOptions };

const never = (): Promise<never> => new Promise(() => {});
const WAYS: readonly (readonly [string, Way])[] = [
  ['the hook of a timeout', (close) => ({ handler: never, options: { hooks: { handlerTimeout: close } } })],
  [
    'the hook of an error',
    (close) => ({ handler: () => Promise.reject(new Error('broken')), options: { hooks: { handlerError: close } } }),
  ],
  ['a fallback after a timeout', (close) => ({ handler: never, options: { fallback: close } })],
  [
    'a fallback after an error',
    (close) => ({ handler: () => Promise.reject(new Error('broken')), options: { fallback: close } }),
  ],
];

describe.each(WAYS)('an agent that is closed by %s', (_, way) => {
  it.each([1, 2, 3])('answers a NOTIFY of %i messages once, and then ends its connection', async (count) => {
    let closings = 0;
    const made: { agent?: Agent } = {};
    const { handler, options } = way(() => {
      closings++;
      void made.agent?.close({ graceMs: 0 });
    });
    const { agent, connect } = await startAgent({
      processingTimeoutMs: 20,
      ...options,
      setup: (one) => one.onMessage(client, handler).onMessage(body, handler),
    });
    made.agent = agent;
    const peer = await connect();
    await peer.hello();
    peer.send(
      [client, body, client]
        .slice(0, count)
        .reduce((notify, one) => notify.message(one, { id: '1' }), peer.preset.notify()),
    );
    expect(await eventually(() => peer.received.some(({ type }) => type === 'AGENT-DISCONNECT'))).toBe(true);
    expect(peer.received.map(({ type }) => type)).toEqual(['AGENT-HELLO', 'ACK', 'AGENT-DISCONNECT']);
    expect(closings).toBeGreaterThan(0);
    expect(agent.inFlightCount).toBe(0);
  });
});

describe('a HAProxy that leaves', () => {
  type Leaving = (leave: () => void) => { readonly handler: Handle; readonly options?: AgentOptions };
  type Handle = (message: unknown, ack: unknown, context: NotifyContext) => Promise<never>;
  const broken = (): Promise<never> => Promise.reject(new Error('broken'));

  it.each<[string, Leaving]>([
    ['the hook of a timeout', (leave) => ({ handler: never, options: { hooks: { handlerTimeout: leave } } })],
    ['the hook of an error', (leave) => ({ handler: broken, options: { hooks: { handlerError: leave } } })],
    ['a fallback after a timeout', (leave) => ({ handler: never, options: { fallback: leave } })],
    ['a fallback after an error', (leave) => ({ handler: broken, options: { fallback: leave } })],
    [
      'a listener of the signal',
      (leave) => ({
        handler: (_, __, { signal }) => {
          signal.addEventListener('abort', leave);
          return never();
        },
      }),
    ],
  ])('within %s gets at most the ACK, and its AGENT-DISCONNECT', async (_, leaving) => {
    for (const count of [1, 2, 3]) {
      let leave = (): void => {};
      const { handler, options } = leaving(() => leave());
      const { agent, connect } = await startAgent({
        processingTimeoutMs: 20,
        ...options,
        setup: (one) => one.onMessage(client, handler).onMessage(body, handler),
      });
      const peer = await connect();
      await peer.hello();
      let left = 0;
      leave = () => {
        if (left++ === 0) peer.send(peer.preset.disconnect());
      };
      peer.send(
        [client, body, client]
          .slice(0, count)
          .reduce((notify, one) => notify.message(one, { id: '1' }), peer.preset.notify()),
      );
      expect(await eventually(() => peer.received.some(({ type }) => type === 'AGENT-DISCONNECT'))).toBe(true);
      const types = peer.received.map(({ type }) => type).filter((type) => type !== 'ACK');
      expect(types).toEqual(['AGENT-HELLO', 'AGENT-DISCONNECT']);
      expect(peer.received.length).toBeLessThanOrEqual(3);
      expect(left).toBeGreaterThan(0);
      expect(agent.inFlightCount).toBe(0);
    }
  });
});
