import { check } from '../checks.ts';

/** What a histogram has counted. */
export interface HistogramValue {
  /** How many values were at most `upTo`, rising; each bucket includes those before it. One for all values is added. */
  readonly buckets: readonly { readonly upTo: number; readonly count: number }[];
  /** The sum of all values. */
  readonly sum: number;
  /** How many values there were. */
  readonly count: number;
}

/**
 * Counts values in buckets, for a metric of the type `histogram`:
 *
 *     const solved = new Histogram([0.5, 1, 2, 5, 10]);
 *     solved.record(seconds);
 *     toPrometheusText(agent.toMetrics(), [{ name: 'solve_seconds', type: 'histogram', help: 'To solve.', value: solved }]);
 *
 * Recording a value allocates nothing.
 */
export class Histogram implements HistogramValue {
  readonly #bounds: Float64Array;
  /** The values of each bucket alone, then those above all bounds. */
  readonly #counts: Float64Array;
  /** The sum; V8 would box a double that stands in a field. */
  readonly #sum: Float64Array = new Float64Array(1);

  /** @param bounds The largest value of each bucket, rising. @throws {TypeError} when they are not rising, finite numbers. */
  constructor(bounds: readonly number[]) {
    const isRising = Array.isArray(bounds) && bounds.every((bound, i) => i === 0 || bound > bounds[i - 1]!);
    check(isRising && bounds.every(Number.isFinite), 'the bounds of a histogram to be rising, finite numbers', bounds);
    this.#bounds = Float64Array.from(bounds);
    this.#counts = new Float64Array(bounds.length + 1);
  }

  /** As a new array; see {@link HistogramValue}. */
  get buckets(): readonly { readonly upTo: number; readonly count: number }[] {
    let count = 0;
    return Array.from(this.#bounds, (upTo, i) => ({ upTo, count: (count += this.#counts[i]!) }));
  }

  /** The sum of all values. */
  get sum(): number {
    return this.#sum[0]!;
  }

  /** How many values there were. */
  get count(): number {
    return this.#counts.reduce((sum, count) => sum + count, 0);
  }

  /** Counts a value; NaN counts as above all bounds. */
  record(value: number): void {
    const bounds = this.#bounds;
    let i = 0;
    while (i < bounds.length && !(value <= bounds[i]!)) i++;
    this.#counts[i]! += 1;
    this.#sum[0]! += value;
  }
}
