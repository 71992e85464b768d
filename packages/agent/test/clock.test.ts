import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Clock, tickMs } from '../src/clock.ts';
import { resolveOptions } from '../src/options.ts';

function ticksFor(helloTimeoutMs: number, idleTimeoutMs: number, partialFrameTimeoutMs: number): number {
  return tickMs(resolveOptions({ helloTimeoutMs, idleTimeoutMs, partialFrameTimeoutMs }));
}

describe('tickMs', () => {
  it('looks four times within the shortest timeout that is on', () => {
    expect(ticksFor(400, 0, 800)).toBe(100);
    expect(ticksFor(0, 100, 0)).toBe(25);
    expect(ticksFor(10_000, 10_000, 50)).toBe(12);
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
    clock.start();
    const started = clock.now;
    vi.advanceTimersByTime(350);
    expect(ticks.map((now) => now - started)).toEqual([100, 200, 300]);
    expect(clock.now).toBe(started + 300);
    expect(Number.isInteger(clock.now)).toBe(true);
    clock.stop();
  });

  it('counts a tick that comes late as two, and says by how many ms it was late', () => {
    const late: number[] = [];
    const clock = new Clock(100, (lateMs) => late.push(lateMs));
    clock.start();
    const started = clock.now;
    const time = vi.spyOn(performance, 'now').mockReturnValue(started + 350);
    vi.advanceTimersToNextTimer();
    time.mockReturnValue(started + 400);
    vi.advanceTimersToNextTimer();
    expect(late).toEqual([250, -50]);
    expect(clock.now).toBe(started + 250);
    clock.stop();
  });

  it('tells a listener the time as often as it asks for, and first at the next tick', () => {
    const ticks: number[] = [];
    const clock = new Clock(100, () => {});
    clock.every(250, (now) => ticks.push(now));
    clock.start();
    const started = clock.now;
    vi.advanceTimersByTime(600);
    expect(ticks.map((now) => now - started)).toEqual([100, 300, 500]);
    clock.stop();
  });

  it('has one interval however often it is started, and none after stop', () => {
    const clock = new Clock(100, () => {});
    clock.start();
    clock.start();
    expect(vi.getTimerCount()).toBe(1);
    clock.stop();
    clock.stop();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is up to date when it starts again', () => {
    const clock = new Clock(100, () => {});
    clock.start();
    clock.stop();
    const before = clock.now;
    vi.advanceTimersByTime(1_000);
    clock.start();
    expect(clock.now).toBe(before + 1_000);
    clock.stop();
  });
});
