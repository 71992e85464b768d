import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { ack, agentHello } from '../../src/index.ts';
import { asked, greeting, movableClock, preset, replay, sent } from './replaying.ts';

describe('the time of a ReplayedConnection', () => {
  it.each([
    ['waits for the recorded times, from the first event', false, 30],
    ['does not wait for them, if it is fast', true, 3_600_000],
  ])('%s', async (_, isFast, milliseconds) => {
    const times: number[] = [];
    const connection = await replay(
      (type, streamId, socket) => {
        times.push(performance.now());
        return greeting(type, streamId, socket);
      },
      { isFast, events: [sent(preset.hello(), 7000), asked(1, 7000 + milliseconds / 1000)] },
    );
    expect([connection.failure, connection.acks.length]).toEqual([undefined, 1]);
    // Timers may end a millisecond early.
    if (!isFast) expect(times[1]! - times[0]!).toBeGreaterThan(milliseconds - 15);
  });

  it('does not wait again for what the agent has taken', async () => {
    const advance = movableClock();
    const connection = await replay(
      (type, streamId, socket) => {
        if (type === 'HAPROXY-HELLO') advance(1_000_000);
        return greeting(type, streamId, socket);
      },
      { isFast: false, events: [sent(preset.hello(), 5), asked(1, 5), asked(2, 1005)] },
    );
    expect([connection.failure, connection.acks.length]).toEqual([undefined, 2]);
  });

  it('ends early with its signal, while it waits for a recorded time', async () => {
    const stop = new AbortController();
    const replaying = replay(
      (type, streamId, socket) => {
        setTimeout(() => stop.abort(), 20);
        return greeting(type, streamId, socket);
      },
      { isFast: false, signal: stop.signal, events: [sent(preset.hello()), asked(1, 3600)] },
    );
    await expect(replaying).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('ends early with its signal, while it waits for an answer', async () => {
    const stop = new AbortController();
    const connection = await replay(
      (type) => {
        if (type === 'HAPROXY-HELLO') return [agentHello()];
        stop.abort();
        return [];
      },
      { signal: stop.signal },
    );
    expect(connection.failure).toBe('the agent closed the connection');
  });

  it('gives the agent half a second to close, which is no failure, and then closes', async () => {
    const advance = movableClock();
    const last = Promise.withResolvers<Socket>();
    const connection = await replay(greeting, {
      onEnd: (socket) => {
        advance(1_000);
        socket.write(ack({ streamId: 9 }).toBytes());
        last.resolve(socket);
      },
    });
    expect(connection.failure).toBeUndefined();
    expect(connection.acks.map(({ streamId }) => streamId)).toEqual([1n, 2n, 9n]);
    const agent = await last.promise;
    // The second write meets the reset that answers the first.
    while (!agent.destroyed) {
      agent.write('late');
      await nextTurn();
    }
  });

  it('is not broken by a reset after all answers', async () => {
    const connection = await replay(greeting, { onEnd: (socket) => socket.resetAndDestroy() });
    expect([connection.failure, connection.acks.length]).toEqual([undefined, 2]);
  });

  it('leaves no timer behind', async () => {
    const [started, cleared] = [vi.spyOn(globalThis, 'setTimeout'), vi.spyOn(globalThis, 'clearTimeout')];
    onTestFinished(() => {
      started.mockRestore();
      cleared.mockRestore();
    });
    await replay(greeting);
    const ended = cleared.mock.calls.map(([timer]) => timer);
    const timers: unknown[] = started.mock.results.flatMap(({ value }, index) =>
      Number(started.mock.calls[index]?.[1]) > 400 ? [value as unknown] : [],
    );
    expect(timers.length).toBeGreaterThan(2);
    expect(ended).toEqual(expect.arrayContaining(timers));
  });
});
