/** The time of an agent's clock and timeouts, set by the test: delays of a busy machine do not count. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { onTestFinished, vi } from 'vitest';

/** Time that passes only when the test says so. */
export interface StoppedTime {
  /** Lets time pass, with every tick in it, and the effects of the ticks. */
  pass(ms: number): Promise<void>;
  /** Lets time pass in which no timer could run; the next one runs late, before anything is read. */
  block(ms: number): void;
  /** Lets time pass without any timer. */
  skip(ms: number): void;
}

/**
 * Stops `performance.now()` and intervals until the test ends; sockets, immediates and setTimeout() go on. To be called
 * before the agent is started.
 */
export function stopTime(): StoppedTime {
  let now = Math.trunc(performance.now());
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const reading = vi.spyOn(performance, 'now').mockImplementation(() => now);
  onTestFinished(() => {
    reading.mockRestore();
    vi.useRealTimers();
  });
  return {
    pass: async (ms) => {
      for (const end = now + ms; now < end;) {
        now++;
        vi.advanceTimersByTime(1);
      }
      // A tick looks at the connections in the next turn, and they write in the one after that.
      await nextTurn();
      await nextTurn();
    },
    block: (ms) => {
      now += ms;
      vi.advanceTimersToNextTimer();
    },
    skip: (ms) => void (now += ms),
  };
}
