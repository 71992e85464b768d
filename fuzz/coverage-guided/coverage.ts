import { counterCount, counters } from './instrument.ts';

/** Counts are told apart by their order of magnitude: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, 128 and more. */
function bucketOf(count: number): number {
  if (count < 4) return count === 3 ? 4 : count;
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** The counters and orders of magnitude that were reached since the counters were cleared, which this does too. */
export function takeBuckets(): number[] {
  const buckets: number[] = [];
  const count = counterCount();
  for (let index = 0; index < count; index++) {
    const value = counters[index]!;
    counters[index] = 0;
    if (value > 0) buckets.push(index * 256 + bucketOf(value));
  }
  return buckets;
}

/** Which counters any input so far reached, and in which buckets. */
export class Coverage {
  readonly #seen: Uint8Array = new Uint8Array(counters.length);
  /** Counters that at least one input reached. */
  reached: number = 0;
  /** Pairs of counter and bucket that at least one input reached. */
  buckets: number = 0;

  /** Takes the counters in and clears them: whether they hold a new bucket, and their sum. */
  take(): { readonly isNew: boolean; readonly steps: number } {
    const seen = this.#seen;
    const count = counterCount();
    let isNew = false;
    let steps = 0;
    for (let index = 0; index < count; index++) {
      const value = counters[index]!;
      if (value === 0) continue;
      steps += value;
      counters[index] = 0;
      const bit = bucketOf(value);
      const before = seen[index]!;
      if ((before & bit) !== 0) continue;
      isNew = true;
      if (before === 0) this.reached++;
      this.buckets++;
      seen[index] = before | bit;
    }
    return { isNew, steps };
  }

  /** Indices of the counters that no input reached. */
  missed(): number[] {
    return Array.from({ length: counterCount() }, (_, index) => index).filter((index) => this.#seen[index] === 0);
  }
}
