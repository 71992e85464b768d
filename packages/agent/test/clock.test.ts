import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock, tickMs, wholeMs } from '../src/clock.ts';
import { resolveOptions } from '../src/options.ts';

function ticksFor(
  helloTimeoutMs: number,
  idleTimeoutMs: number,
  partialFrameTimeoutMs: number,
  writeTimeoutMs: number = 0,
): number {
  return tickMs(resolveOptions({ helloTimeoutMs, idleTimeoutMs, partialFrameTimeoutMs, writeTimeoutMs }));
}

describe('tickMs', () => {
  it('is a quarter of the shortest timeout that is on', () => {
    expect(ticksFor(400, 0, 800)).toBe(100);
    expect(ticksFor(0, 100, 0)).toBe(25);
    expect(ticksFor(10_000, 10_000, 50)).toBe(12);
    expect(ticksFor(0, 0, 800, 200)).toBe(50);
  });

  it('stays between 5 and 250 ms', () => {
    expect(ticksFor(1, 0, 0)).toBe(5);
    expect(ticksFor(60_000, 60_000, 60_000)).toBe(250);
    expect(ticksFor(0, 0, 0)).toBe(250);
  });
});

describe('Clock', () => {
  beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'performance'] }));
  afterEach(() => {
    vi.restoreAllMocks();
    vi.useRealTimers();
  });

  it('ticks with the time in whole milliseconds', () => {
    const ticks: number[] = [];
    const clock = new Clock(100, () => {});
    clock.every(100, (now) => ticks.push(now));
    const started = wholeMs();
    clock.start();
    vi.advanceTimersByTime(350);
    expect(ticks.map((now) => now - started)).toEqual([100, 200, 300]);
    expect(ticks.every(Number.isInteger)).toBe(true);
    clock.stop();
  });

  it('reports the time at a late tick, and by how many ms the tick was late', () => {
    const late: number[] = [];
    const ticks: number[] = [];
    const clock = new Clock(100, (lateMs) => late.push(lateMs));
    clock.every(100, (now) => ticks.push(now));
    const started = wholeMs();
    clock.start();
    const time = vi.spyOn(performance, 'now').mockReturnValue(started + 20_350.5);
    vi.advanceTimersToNextTimer();
    time.mockReturnValue(started + 20_400);
    vi.advanceTimersToNextTimer();
    expect(late).toEqual([20_250, -50]);
    expect(ticks.map((now) => now - started)).toEqual([20_350, 20_400]);
    clock.stop();
  });

  it('calls a listener as often as it asks for, and first at the next tick', () => {
    const ticks: number[] = [];
    const clock = new Clock(100, () => {});
    clock.every(250, (now) => ticks.push(now));
    const started = wholeMs();
    clock.start();
    vi.advanceTimersByTime(600);
    expect(ticks.map((now) => now - started)).toEqual([100, 300, 500]);
    clock.stop();
  });

  it('has one interval after any number of starts, and none after stop', () => {
    const clock = new Clock(100, () => {});
    clock.start();
    clock.start();
    expect(vi.getTimerCount()).toBe(1);
    clock.stop();
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('does not count the time in which it was stopped as late', () => {
    const late: number[] = [];
    const clock = new Clock(100, (lateMs) => late.push(lateMs));
    clock.start();
    clock.stop();
    vi.advanceTimersByTime(1_000);
    clock.start();
    vi.advanceTimersByTime(100);
    expect(late).toEqual([0]);
    clock.stop();
  });
});
