import { median } from 'simple-statistics';
import type { SoakSample } from './agent.ts';

/** By how much each quantity may grow: a share of itself, or an amount in its own unit, whichever is more. */
const LIMITS = {
  rss: { share: 0.15, amount: 24 },
  heap: { share: 0.1, amount: 2 },
  external: { share: 0.25, amount: 4 },
  handles: { share: 0.25, amount: 20 },
} as const satisfies Partial<Record<keyof SoakSample, { share: number; amount: number }>>;

type Quantity = keyof typeof LIMITS;

/** Resources of which none may be held at the end, at rest. */
const MUST_BE_ZERO = ['openConnections', 'inFlightNotifies', 'outputBuffers'] as const;

/** A quantity in the second quarter of a soak, after the warm-up, and in the last quarter: the medians. */
export interface Growth {
  readonly name: Quantity;
  readonly before: number;
  readonly after: number;
  readonly isTooMuch: boolean;
}

/** Compares the second and the last quarter. */
export function growths(samples: readonly SoakSample[]): Growth[] {
  const quarter = Math.floor(samples.length / 4);
  return (Object.keys(LIMITS) as Quantity[]).map((name) => {
    const before = median(samples.slice(quarter, 2 * quarter).map((sample) => sample[name]));
    const after = median(samples.slice(3 * quarter).map((sample) => sample[name]));
    const { share, amount } = LIMITS[name];
    return { name, before, after, isTooMuch: after - before > Math.max(share * before, amount) };
  });
}

/** The resources that the last sample, taken at rest, still holds. */
export function leftovers(atRest: SoakSample): string[] {
  return MUST_BE_ZERO.filter((name) => atRest[name] !== 0).map((name) => `${name} is ${atRest[name]} at rest`);
}
