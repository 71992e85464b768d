import { describe, expect, it } from 'vitest';
import { EventLoopWatch } from '../../src/observe/event-loop-watch.ts';

describe('EventLoopWatch', () => {
  it.each([
    [0, Infinity],
    [1, 5],
    [20, 5],
    [27, 6],
    [1_000, 250],
  ])('with a threshold of %i ms needs a tick of %i ms', (thresholdMs, tickMs) => {
    expect(new EventLoopWatch(thresholdMs, () => {}).tickMs).toBe(tickMs);
  });

  it.each([
    [100, [99, 100, 250, 3], [100, 250]],
    [0, [99, 100_000], []],
  ])('with a threshold of %i ms reports ticks that are that late: %j', (thresholdMs, late, expected) => {
    const blocked: number[] = [];
    const watch = new EventLoopWatch(thresholdMs, (blockedMs) => blocked.push(blockedMs));
    for (const lateMs of late) watch.tick(lateMs);
    expect(blocked).toEqual(expected);
  });

  it('keeps how late the last tick was, and the latest: a tick that is early is not late', () => {
    const watch = new EventLoopWatch(100, () => {});
    const lags = [7, 40, 12, -3].map((lateMs) => {
      watch.tick(lateMs);
      return [watch.lagMs, watch.maxLagMs];
    });
    expect(lags).toEqual([
      [7, 7],
      [40, 40],
      [12, 40],
      [0, 40],
    ]);
  });
});
