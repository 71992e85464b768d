/** Counts of the agent's work, for metrics and for the operator's page. */
import { Histogram, type LabelledValue, type OwnMetric } from '@spop/agent';
import type { Reason } from './messages.ts';

/** The ways to send a solution. */
export type Way = 'script' | 'form';

/** Upper bounds of the times to solve, in seconds. */
const BOUNDS_S = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;
/** Refusals kept for the operator's page. */
const KEPT_REFUSALS = 100;

/** A refused solution. */
export interface Refusal {
  readonly at: Date;
  /** The support ID on the visitor's page; empty for text of another shape. */
  readonly supportId: string;
  readonly reason: Reason;
  readonly way: Way;
  readonly address: string;
  readonly frontend: string;
}

/** Counts by labels, none of which a client chooses. */
export class Counts {
  readonly #validations: Map<Reason, number> = new Map();
  readonly #issued: Map<string, LabelledValue> = new Map();
  readonly #refused: Map<string, LabelledValue> = new Map();
  readonly #solved: Map<string, LabelledValue<Histogram>> = new Map();
  readonly #refusals: Refusal[] = [];

  /** The last refusals, the latest first. */
  get refusals(): readonly Refusal[] {
    return this.#refusals.toReversed();
  }

  countValidation(reason: Reason): void {
    this.#validations.set(reason, (this.#validations.get(reason) ?? 0) + 1);
  }

  countChallenge(level: number): void {
    add(this.#issued, { level: String(level) });
  }

  countSolution(level: number, way: Way, tookMs: number): void {
    const key = `${level} ${way}`;
    const solved = this.#solved.get(key) ?? { labels: { level: String(level), way }, value: new Histogram(BOUNDS_S) };
    this.#solved.set(key, solved);
    solved.value.record(Math.max(0, tookMs) / 1_000);
  }

  countRefusal(refusal: Refusal): void {
    add(this.#refused, { reason: refusal.reason, way: refusal.way });
    this.#refusals.push(refusal);
    if (this.#refusals.length > KEPT_REFUSALS) this.#refusals.shift();
  }

  toMetrics(): OwnMetric[] {
    return [
      {
        name: 'browser_validation_validations',
        type: 'counter',
        help: 'Requests that the agent was asked about, by the reason of its answer.',
        value: [...this.#validations].map(([reason, value]) => ({ labels: { reason }, value })),
      },
      counter('challenges', 'Challenges that were made.', this.#issued),
      counter('refused', 'Answers that did not pass, by reason.', this.#refused),
      {
        name: 'browser_validation_solve_seconds',
        type: 'histogram',
        help: 'From a challenge to the answer that passed.',
        value: [...this.#solved.values()],
      },
    ];
  }
}

function add(counts: Map<string, LabelledValue>, labels: Readonly<Record<string, string>>): void {
  const key = Object.values(labels).join('\0');
  const value = (counts.get(key)?.value ?? 0) + 1;
  counts.set(key, { labels, value });
}

function counter(name: string, help: string, counts: ReadonlyMap<string, LabelledValue>): OwnMetric {
  return { name: `browser_validation_${name}`, type: 'counter', help, value: [...counts.values()] };
}
