/** The used solutions of all agents together: a server of Valkey or Redis. */
import type { OwnMetric } from '@spop/agent';
import { Redis } from 'iovalkey';
import { messageOf } from '../shared/message-of.ts';

const CONNECT_TIMEOUT_MS = 1_000;
const MAX_PAUSE_MS = 1_000;
/** After this number of missed deadlines in a row, the connection is dropped: until there is a new one, no answer waits. */
const MAX_MISSES = 8;

/** The server; the agent connects to it again and again while it does not answer. */
export class Store {
  readonly #redis: Redis;
  readonly #prefix: string;
  readonly #deadlineMs: number;
  #misses = 0;
  #failures = 0;
  #isReported = false;

  /** @param deadlineMs until an answer of the store counts as missing. */
  constructor(url: URL, prefix: string, deadlineMs: number) {
    this.#prefix = prefix;
    this.#deadlineMs = deadlineMs;
    this.#redis = new Redis(url.href, {
      enableAutoPipelining: true,
      // Questions that cannot be sent now are not sent later: nothing waits for their answers.
      enableOfflineQueue: false,
      autoResendUnfulfilledCommands: false,
      maxRetriesPerRequest: 0,
      connectTimeout: CONNECT_TIMEOUT_MS,
      // Also for its own question after connecting: a server that hangs is left, and tried again.
      commandTimeout: Math.max(CONNECT_TIMEOUT_MS, deadlineMs),
      retryStrategy: (times) => Math.min(MAX_PAUSE_MS, 100 * times),
    });
    this.#redis.on('ready', () => {
      console.log(`store ${url.host} answers`);
      this.#isReported = false;
    });
    this.#redis.on('error', (error: Error) => this.#report(error));
  }

  /** Keeps a nonce until it expires. @returns whether it is new. @throws Error if the store does not answer in time. */
  async use(nonce: Buffer, expiresMs: number): Promise<boolean> {
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => late.reject(this.#miss()), this.#deadlineMs);
    try {
      const key = this.#prefix + nonce.toString('base64url');
      const kept = this.#redis.set(key, '', 'PX', Math.max(1, expiresMs - Date.now()), 'NX');
      const isNew = (await Promise.race([kept, late.promise])) === 'OK';
      this.#misses = 0;
      return isNew;
    } catch (error) {
      this.#failures++;
      this.#report(error);
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  toMetrics(): OwnMetric[] {
    const ready = Number(this.#redis.status === 'ready');
    return [
      { name: 'browser_validation_store_ready', type: 'gauge', help: 'Whether the store answers.', value: ready },
      {
        name: 'browser_validation_store_failures',
        type: 'counter',
        help: 'Questions that the store did not answer.',
        value: this.#failures,
      },
    ];
  }

  /** Ends the connection. */
  close(): void {
    this.#redis.disconnect();
  }

  #miss(): Error {
    if (++this.#misses === MAX_MISSES) {
      this.#misses = 0;
      // At once, with all that waits to be written or answered.
      this.#redis.stream.destroy();
    }
    return new Error(`no answer within ${this.#deadlineMs} ms`);
  }

  /** Logs a failure once, until the store answers again. */
  #report(error: unknown): void {
    if (!this.#isReported) console.error(`store has failed: ${messageOf(error)}`);
    this.#isReported = true;
  }
}
