/**
 * Latencies in log-linear buckets, in the manner of HdrHistogram: 128 buckets for each power of two, so that every
 * percentile is right within 0.8 % and recording costs an increment. `perf_hooks.createHistogram` would do the same at
 * several times the cost a value, which the generator cannot spare at millions of values a second.
 */

const SUB_BITS = 7;
const SUB = 1 << SUB_BITS;

/** Percentiles in microseconds. */
export interface LatencySummary {
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class Histogram {
  /** Counts by bucket; 32-bit values of nanoseconds reach 4.2 s, and what takes longer stands in the last bucket. */
  readonly counts: Float64Array = new Float64Array((33 - SUB_BITS) << SUB_BITS);

  /** Records a duration in nanoseconds. */
  record(nanoseconds: number): void {
    const value = nanoseconds >= 0xffff_ffff ? 0xffff_ffff : nanoseconds >>> 0;
    const shift = value < SUB ? -1 : 31 - Math.clz32(value) - SUB_BITS;
    const bucket = shift < 0 ? value : ((shift + 1) << SUB_BITS) + (value >>> shift) - SUB;
    this.counts[bucket] = (this.counts[bucket] ?? 0) + 1;
  }

  reset(): void {
    this.counts.fill(0);
  }

  /** Adds the counts of another histogram, such as one that a worker thread has sent. */
  add(counts: Float64Array): void {
    for (let i = 0; i < this.counts.length; i++) this.counts[i] = (this.counts[i] ?? 0) + (counts[i] ?? 0);
  }

  summary(): LatencySummary {
    return {
      p50: this.percentile(0.5),
      p99: this.percentile(0.99),
      p999: this.percentile(0.999),
      max: this.percentile(1),
    };
  }

  /** The duration in microseconds that the given share of values does not exceed. */
  percentile(share: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    const wanted = Math.min(Math.floor(share * total), total - 1);
    let seen = 0;
    for (const [bucket, count] of this.counts.entries()) {
      seen += count;
      if (seen > wanted) return bucketMiddle(bucket) / 1000;
    }
    return 0;
  }
}

function bucketMiddle(bucket: number): number {
  if (bucket < SUB * 2) return bucket;
  const shift = (bucket >> SUB_BITS) - 1;
  return ((bucket & (SUB - 1)) + SUB + 0.5) * 2 ** shift;
}
