/** The expected answers: the same algorithm in another form, with the times of the store's answers. */
import type { Rate } from './gcra.ts';

/** An answer that the store decided, as a visitor saw it. */
export interface Seen {
  readonly client: string;
  readonly timeUs: number;
  readonly isAllowed: boolean;
  readonly remaining: number;
  readonly retryAfterMs: number;
}

/** The result of a replay. */
export interface Replayed {
  /** The number of requests of each client that the model allows, and that the agents allowed. */
  readonly clients: ReadonlyMap<string, { readonly expected: number; readonly allowed: number }>;
  /** Answers that differ from the model's in a number. */
  readonly different: readonly string[];
}

/** Replays answers in the order in which the store gave them. */
export function replay(seen: readonly Seen[], rate: Rate): Replayed {
  const different: string[] = [];
  const clients = [...Map.groupBy(seen, ({ client }) => client)].map(([client, answers]) => {
    const bucket = new LeakyBucket(rate);
    let expected = 0;
    for (const answer of answers.toSorted(byTime)) {
      const model = bucket.ask(answer.timeUs);
      if (model.isAllowed) expected++;
      const isSame =
        model.isAllowed === answer.isAllowed &&
        model.remaining === answer.remaining &&
        model.retryAfterMs === answer.retryAfterMs;
      if (!isSame) different.push(`${JSON.stringify(answer)}, expected ${JSON.stringify(model)}`);
    }
    return [client, { expected, allowed: answers.filter(({ isAllowed }) => isAllowed).length }] as const;
  });
  return { clients: new Map(clients), different };
}

/** Of two answers in one µs, the one with more requests left came first. */
function byTime(a: Seen, b: Seen): number {
  return a.timeUs - b.timeUs || Number(b.isAllowed) - Number(a.isAllowed) || b.remaining - a.remaining;
}

/** A bucket into which each allowed request pours one interval, and which leaks 1 µs each µs; in exact integers. */
export class LeakyBucket {
  readonly #interval: bigint;
  readonly #burst: bigint;
  #fill = 0n;
  #at = 0n;

  constructor({ intervalUs, burstUs }: Rate) {
    this.#interval = BigInt(intervalUs);
    this.#burst = BigInt(burstUs);
  }

  ask(timeUs: number): { readonly isAllowed: boolean; readonly remaining: number; readonly retryAfterMs: number } {
    const now = BigInt(timeUs);
    const left = this.#fill - (now - this.#at);
    this.#fill = left > 0n ? left : 0n;
    this.#at = now;
    const tooMuch = this.#fill + this.#interval - this.#burst;
    const isAllowed = tooMuch <= 0n;
    if (isAllowed) this.#fill += this.#interval;
    const remaining = Number((this.#burst - this.#fill) / this.#interval);
    return { isAllowed, remaining, retryAfterMs: isAllowed ? 0 : Number((tooMuch + 999n) / 1_000n) };
  }
}
