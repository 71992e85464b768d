import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LineBudget } from '../../src/observe/line-budget.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('LineBudget', () => {
  it('has room for 80 lines in any second, and for 20 more about omitted lines', () => {
    const budget = new LineBudget();
    for (let i = 0; i < 80; i++) {
      expect(budget.hasRoom()).toBe(true);
      budget.spend(10);
      vi.advanceTimersByTime(1);
    }
    expect(budget.hasRoom()).toBe(false);
    for (let i = 0; i < 20; i++) {
      expect(budget.hasReservedRoom(10)).toBe(true);
      budget.spend(10);
    }
    expect(budget.hasReservedRoom(10)).toBe(false);
    // This is a second after the first line; that was 80 ms before.
    vi.advanceTimersByTime(919);
    expect(budget.hasReservedRoom(10)).toBe(false);
    vi.advanceTimersByTime(1);
    expect(budget.hasReservedRoom(10)).toBe(true);
    expect(budget.hasRoom()).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(budget.hasRoom()).toBe(true);
  });

  it('has room for 56 KiB in any second, and for 8 KiB more about omitted lines', () => {
    const budget = new LineBudget();
    budget.spend(57_344 - 100);
    expect(budget.hasRoom(100)).toBe(true);
    expect(budget.hasRoom(101)).toBe(false);
    expect(budget.hasReservedRoom(8_192 + 100)).toBe(true);
    expect(budget.hasReservedRoom(8_192 + 101)).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(budget.hasRoom(57_344)).toBe(true);
  });
});
