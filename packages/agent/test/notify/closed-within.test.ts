/** What a hook, a fallback or a listener does within the answer of a NOTIFY: it closes the agent. */
import { defineMessage, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import type { Agent, AgentOptions } from '../../src/index.ts';
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
