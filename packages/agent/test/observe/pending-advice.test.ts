import { defineMessage } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { mayPendLong, pendingAdvice } from '../../src/observe/pending-advice.ts';
import { haproxyHello, notify } from '@spop/builder';
import { connectRaw, startAgent, takeAdvice } from '../harness.ts';
import { stopTime } from '../stopped-time.ts';

const ask = defineMessage('ask', {});

describe('mayPendLong', () => {
  it.each([
    [0, true],
    [1, false],
    [1_000, false],
    [1_001, true],
  ])('with processingTimeoutMs %i is %s', (processingTimeoutMs, expected) => {
    expect(mayPendLong(processingTimeoutMs)).toBe(expected);
  });
});

describe('pendingAdvice', () => {
  it('says how long the NOTIFY has waited, and what to set', () => {
    expect(pendingAdvice(30_000, 1_100, 7, ['ask']).message).toBe(
      'a NOTIFY of "ask" has waited for its handlers for 1100 ms, and its deadline is at 30000 ms. HAProxy gives ' +
        "up after its 'timeout processing' and lets the request go on: set processingTimeoutMs, or the message's timeoutMs, below that. This is reported once",
    );
    expect(pendingAdvice(0, 1_100, 7, []).message).toMatch(
      /^a NOTIFY has waited for its handlers for 1100 ms, and there is no deadline/,
    );
  });
});

describe('a NOTIFY that is pending for over a second', () => {
  const handlers = { debug: () => {}, info: () => {}, error: () => {} };

  it.each([0, 1_500])('is reported once with processingTimeoutMs %i', async (processingTimeoutMs) => {
    const time = stopTime();
    const lines: object[] = [];
    const { agent, target } = await startAgent({
      processingTimeoutMs,
      logger: { ...handlers, warn: (details) => void lines.push(details) },
      setup: (made) => made.onMessage(ask, () => new Promise<void>(() => {})),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify({ streamId: 5 }).message('ask'), notify({ streamId: 6 }).message('ask'));
    expect(await inTurns(() => agent.inFlightCount === 2)).toBe(true);
    await time.pass(1_000);
    expect(lines).toEqual([]);
    await time.pass(250);
    const told = { event: 'pending', streamId: 5, messages: ['ask'], timeoutMs: processingTimeoutMs };
    expect(lines).toEqual([{ ...told, pendingMs: expect.any(Number) as number }]);
    await time.pass(5_000);
    expect(lines).toHaveLength(1);
  });

  it('is not reported if the deadline is a second', async () => {
    const time = stopTime();
    const { agent, target } = await startAgent({
      processingTimeoutMs: 1_000,
      setup: (made) => made.onMessage(ask, () => new Promise<void>(() => {})),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify().message('ask'));
    expect(await inTurns(() => agent.inFlightCount === 1)).toBe(true);
    await time.pass(3_000);
    expect(takeAdvice()).toEqual([]);
  });

  it('is not reported if it settled while the event loop was blocked', async () => {
    const time = stopTime();
    const settled: (() => void)[] = [];
    const { agent, target } = await startAgent({
      processingTimeoutMs: 0,
      setup: (made) => made.onMessage(ask, () => new Promise<void>((resolve) => void settled.push(resolve))),
    });
    const peer = await connectRaw(target);
    peer.send(haproxyHello(), notify().message('ask'));
    expect(await inTurns(() => agent.inFlightCount === 1)).toBe(true);
    time.block(2_000);
    for (const settle of settled) settle();
    await time.pass(0);
    expect(agent.inFlightCount).toBe(0);
    expect(takeAdvice()).toEqual([]);
  });
});

/** `eventually` uses a clock that is stopped here. */
async function inTurns(condition: () => boolean): Promise<boolean> {
  for (let i = 0; i < 100 && !condition(); i++) await new Promise((resolve) => void setImmediate(resolve));
  return condition();
}
