import { errorFunction } from 'simple-statistics';

/** The point that a standard normal value stays below with probability `p`, by halving; `p` from 0.5 to 1 − 10⁻⁶. */
export function normalQuantile(p: number): number {
  let [low, high] = [0, 6];
  for (let step = 0; step < 40; step++) {
    const middle = (low + high) / 2;
    if ((1 + errorFunction(middle / Math.SQRT2)) / 2 < p) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

/**
 * The same for Student's t with `freedom` degrees of freedom, at least 5: the expansion in 1 / freedom (Abramowitz and
 * Stegun 26.7.5), exact to 1 % there.
 */
export function studentQuantile(p: number, freedom: number): number {
  const z = normalQuantile(p);
  const terms = [
    (z ** 3 + z) / 4,
    (5 * z ** 5 + 16 * z ** 3 + 3 * z) / 96,
    (3 * z ** 7 + 19 * z ** 5 + 17 * z ** 3 - 15 * z) / 384,
    (79 * z ** 9 + 776 * z ** 7 + 1482 * z ** 5 - 1920 * z ** 3 - 945 * z) / 92_160,
  ];
  return terms.reduce((sum, term, index) => sum + term / freedom ** (index + 1), z);
}
