/** The shares of answers whose slowest is shown. */
const SHARES: readonly (readonly [name: string, share: number])[] = [
  ['min', 0],
  ['p50', 0.5],
  ['p90', 0.9],
  ['p99', 0.99],
  ['p99.9', 0.999],
  ['max', 1],
];

/** Latencies in milliseconds with two decimals: the fastest, the slowest, and the slowest of each share. */
export function latencyShares(milliseconds: Float64Array): Record<string, number> {
  const sorted = milliseconds.toSorted();
  return Object.fromEntries(
    SHARES.map(([name, share]) => {
      const value = sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
      return [name, Math.round(value * 100) / 100];
    }),
  );
}

/** {@link latencyShares} in one line. */
export function latencyText(shares: Readonly<Record<string, number>>): string {
  const list = Object.entries(shares).map(([name, value]) => `${name} ${value}`);
  return `milliseconds: ${list.join(', ')}`;
}
