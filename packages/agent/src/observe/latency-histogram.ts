/** Each power of two has 2^5 buckets: no bucket is wider than 1/32 of its durations. */
const SUB_BITS = 5;
const SUB_COUNT = 1 << SUB_BITS;
const MAX_VALUE = 0x7fff_ffff;
const BUCKET_COUNT = (32 - SUB_BITS) << SUB_BITS;

/**
 * Durations in log-linear buckets. Recording one adds to typed arrays and allocates nothing. The upper edge of each bucket
 * belongs to it, and every power of two of microseconds is an edge, so that the count up to a power of two is exact.
 * Durations above 35 minutes are in the last bucket.
 */
export class LatencyHistogram {
  readonly #counts: Float64Array = new Float64Array(BUCKET_COUNT);
  /** Count, sum and longest; V8 would box doubles that stand in fields. */
  readonly #totals: Float64Array = new Float64Array(3);

  /** How many durations were recorded. */
  get count(): number {
    return this.#totals[0]!;
  }

  /** The sum of all durations in ms. */
  get sumMs(): number {
    return this.#totals[1]!;
  }

  /** The longest duration in ms; 0 before the first. */
  get maxMs(): number {
    return this.#totals[2]!;
  }

  /** Records the same duration `count` times. */
  record(ms: number, count: number): void {
    const microseconds = Math.ceil(ms * 1_000) - 1;
    const value = microseconds < 0 ? 0 : microseconds > MAX_VALUE ? MAX_VALUE : microseconds | 0;
    this.#counts[bucketOf(value)]! += count;
    const totals = this.#totals;
    totals[0]! += count;
    totals[1]! += ms * count;
    if (ms > totals[2]!) totals[2] = ms;
  }

  /** The number of durations of at most 2^`exponent` µs. */
  countUpTo(exponent: number): number {
    const end = bucketOf(2 ** exponent - 1) + 1;
    let count = 0;
    for (let i = 0; i < end; i++) count += this.#counts[i]!;
    return count;
  }

  /** The duration in ms that `share` (0 to 1) of all durations do not exceed, at most 3.2 % too high; 0 before the first. */
  percentileMs(share: number): number {
    const wanted = Math.max(1, Math.ceil(share * this.count));
    let seen = 0;
    for (let i = 0; i < BUCKET_COUNT; i++) {
      seen += this.#counts[i]!;
      if (seen >= wanted) return Math.min(upperEdge(i) / 1_000, this.maxMs);
    }
    return 0;
  }
}

function bucketOf(value: number): number {
  const shift = value < SUB_COUNT ? 0 : 31 - Math.clz32(value) - SUB_BITS;
  return (shift << SUB_BITS) + (value >>> shift);
}

/** The upper edge of a bucket in µs. */
function upperEdge(bucket: number): number {
  if (bucket < 2 * SUB_COUNT) return bucket + 1;
  const shift = (bucket >>> SUB_BITS) - 1;
  return ((bucket & (SUB_COUNT - 1)) + SUB_COUNT + 1) * 2 ** shift;
}
