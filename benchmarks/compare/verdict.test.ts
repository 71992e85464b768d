import { describe, expect, it } from 'vitest';
import { type Sample, judge } from './verdict.ts';

/** Twelve samples around a difference and a control, `spread` to each side. */
function samples(difference: number, control: number, spread: number): Sample[] {
  return Array.from({ length: 12 }, (_, index) => {
    const deviation = ((index - 5.5) / 5.5) * spread;
    return { difference: difference + deviation, control: control + deviation };
  });
}

describe('a verdict', () => {
  it('is a difference only beyond 1 %', () => {
    const verdicts = [0.008, 0.02, -0.02].map((difference) => judge(samples(difference, 0, 0.001), 1).verdict);
    expect(verdicts).toEqual(['same', 'slower', 'faster']);
  });

  it('is open if a difference of 5 % could be hidden', () => {
    expect(judge(samples(0, 0, 0.02), 1).verdict).toBe('same');
    expect(judge(samples(0, 0, 0.06), 1).verdict).toBe('undecided');
    expect(judge(samples(0.04, 0, 0.02), 1).verdict).toBe('slower');
    expect(judge(samples(0.03, 0, 0.04), 1).verdict).toBe('undecided');
  });

  it('is wider the more cases there are', () => {
    const [one, many] = [1, 40].map((cases) => judge(samples(0, 0, 0.02), cases).time.high);
    expect(many).toBeGreaterThan(1.5 * one!);
  });

  it('is open if the same code differs from itself', () => {
    const { isBroken, verdict } = judge(samples(0.1, 0.05, 0.01), 1);
    expect({ isBroken, verdict }).toEqual({ isBroken: true, verdict: 'undecided' });
  });
});
