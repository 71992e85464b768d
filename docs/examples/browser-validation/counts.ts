/** Counts of the agent's work, for metrics and for the operator's page. */
import type { LabelledValue, OwnMetric } from '@spop/agent';
import type { Reason } from './messages.ts';

/** The ways to send a solution. */
export type Way = 'script' | 'form';

/** Upper bounds of the times to solve, in seconds. */
const WITHIN_S = [0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300] as const;
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
  readonly #solved: Map<string, LabelledValue> = new Map();
  readonly #refused: Map<string, LabelledValue> = new Map();
  readonly #within: Map<string, LabelledValue> = new Map();
  readonly #seconds: Map<string, LabelledValue> = new Map();
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
    const labels = { level: String(level), way };
    const seconds = Math.max(0, tookMs) / 1_000;
    add(this.#solved, labels);
    add(this.#seconds, labels, seconds);
    for (const bound of WITHIN_S) add(this.#within, { ...labels, seconds: String(bound) }, Number(seconds <= bound));
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
      counter('solved', 'Answers that passed.', this.#solved),
      counter('refused', 'Answers that did not pass, by reason.', this.#refused),
      counter('solve_seconds', 'Sum of the seconds from challenges to answers that passed.', this.#seconds),
      counter(
        'solved_within',
        'Answers that passed at most as many seconds after their challenge as the label says.',
        this.#within,
      ),
    ];
  }
}

function add(counts: Map<string, LabelledValue>, labels: Readonly<Record<string, string>>, by: number = 1): void {
  const key = Object.values(labels).join('\0');
  const value = (counts.get(key)?.value ?? 0) + by;
  counts.set(key, { labels, value });
}

function counter(name: string, help: string, counts: ReadonlyMap<string, LabelledValue>): OwnMetric {
  return { name: `browser_validation_${name}`, type: 'counter', help, value: [...counts.values()] };
}
