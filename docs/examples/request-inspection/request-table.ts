/** The requests that wait for their responses. */
import type { OwnMetric } from '@spop/agent';

/** The facts kept about a request. */
export interface KnownRequest {
  readonly client: string;
  readonly method: string;
  readonly path: string;
  /** The numbers of the rules that it hit. */
  readonly hits: readonly number[];
}

/** The request for a response without a known one. */
export const NOBODY: KnownRequest = { client: '', method: '', path: '', hits: [] };

/** A longer path is not kept: rules for paths do not run on the response, and exceptions do not apply. */
const MAX_PATH = 2_000;

/** Limits of number and time. */
export interface RequestTableOptions {
  readonly maxRequests: number;
  readonly ttlMs: number;
  /** The time in milliseconds. */
  readonly now?: () => number;
}

/** Requests by the id that their responses name, at most `maxRequests` of them and none longer than `ttlMs`. */
export class RequestTable {
  readonly #maxRequests: number;
  readonly #ttlMs: number;
  readonly #now: () => number;
  /** The oldest first, since each stays as long as any other. */
  readonly #requests: Map<string, { readonly request: KnownRequest; readonly expiresAt: number }> = new Map();
  #expired = 0;
  #displaced = 0;

  constructor({ maxRequests, ttlMs, now = () => performance.now() }: RequestTableOptions) {
    this.#maxRequests = maxRequests;
    this.#ttlMs = ttlMs;
    this.#now = now;
  }

  get size(): number {
    return this.#requests.size;
  }

  /** If there are too many, the oldest is forgotten. */
  add(id: string, request: KnownRequest): void {
    const now = this.#now();
    this.#expire(now);
    this.#requests.delete(id);
    const path = request.path.length > MAX_PATH ? '' : request.path;
    this.#requests.set(id, { request: { ...request, path }, expiresAt: now + this.#ttlMs });
    if (this.#requests.size <= this.#maxRequests) return;
    const [oldest] = this.#requests.keys();
    if (oldest !== undefined) this.#requests.delete(oldest);
    this.#displaced++;
  }

  /** Returns a request, once; undefined if it is unknown or forgotten. */
  take(id: string): KnownRequest | undefined {
    this.#expire(this.#now());
    const entry = this.#requests.get(id);
    this.#requests.delete(id);
    return entry?.request;
  }

  toMetrics(): OwnMetric[] {
    this.#expire(this.#now());
    const value = [
      { labels: { reason: 'expired' }, value: this.#expired },
      { labels: { reason: 'displaced' }, value: this.#displaced },
    ];
    return [
      {
        name: 'inspection_known_requests',
        type: 'gauge',
        help: 'Requests that wait for a response.',
        value: this.size,
      },
      {
        name: 'inspection_forgotten_requests',
        type: 'counter',
        help: 'Requests forgotten before their response came.',
        value,
      },
    ];
  }

  #expire(now: number): void {
    for (const [id, { expiresAt }] of this.#requests) {
      if (expiresAt > now) return;
      this.#requests.delete(id);
      this.#expired++;
    }
  }
}
