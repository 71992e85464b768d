/** Whether a solution was used before: in the agent's own memory, and in the store if there is one. */
import type { OwnMetric } from '@spop/agent';
import type { Answer } from './challenge.ts';
import type { Reason } from './messages.ts';
import type { ValidationSettings } from './settings.ts';
import { CLOCK_TOLERANCE_S } from './signed-text.ts';
import { Store } from './store.ts';
import { UsedNonces } from './used-nonces.ts';

/** Accepts each solution once. */
export class UsedSolutions {
  readonly #nonces: UsedNonces;
  readonly #store: Store | undefined;
  readonly #isOwnMemoryEnough: boolean;

  constructor(settings: ValidationSettings) {
    const spanMs = (settings.CHALLENGE_LIFETIME_S + 2 * CLOCK_TOLERANCE_S) * 1_000;
    this.#nonces = new UsedNonces(settings.MAX_USED, spanMs);
    const { VALKEY_URL: url } = settings;
    this.#store = url === undefined ? undefined : new Store(url, settings.VALKEY_PREFIX, settings.VALKEY_DEADLINE_MS);
    this.#isOwnMemoryEnough = settings.ON_STORE_FAILURE === 'local';
  }

  /** `solved` for a new solution, else the reason of a refusal; at once if the store need not be asked. */
  use({ nonce, expiresMs }: Answer): Reason | Promise<Reason> {
    const found = this.#nonces.use(nonce);
    if (found !== 'solved' || this.#store === undefined) return found;
    return this.#askStore(this.#store, nonce, expiresMs);
  }

  toMetrics(): OwnMetric[] {
    const own: OwnMetric = {
      name: 'browser_validation_used_solutions',
      type: 'gauge',
      help: 'Solutions that are remembered so that they count once.',
      value: this.#nonces.size,
    };
    return [own, ...(this.#store?.toMetrics() ?? [])];
  }

  async #askStore(store: Store, nonce: Buffer, expiresMs: number): Promise<Reason> {
    try {
      return (await store.use(nonce, expiresMs)) ? 'solved' : 'replayed';
    } catch {
      // The store has logged the reason once.
      return this.#isOwnMemoryEnough ? 'solved' : 'store failed';
    }
  }
}
