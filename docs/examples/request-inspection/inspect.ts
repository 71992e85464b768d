/** Rules on one exchange. */
import type { Parts } from './parts.ts';
import { isHit, type Outcome, type Rule } from './rule.ts';

/** What the rules say. */
export interface Verdict {
  /** The rules that were hit, in their order. */
  readonly hits: readonly Rule[];
  readonly score: number;
  /** What to do, and the rule that says so; undefined where the exchange may pass. */
  readonly decision: Decision | undefined;
  /** Whether the time was over before all rules had been asked. */
  readonly isOutOfTime: boolean;
}

/** A decision, and the rule that took it. */
export interface Decision {
  readonly outcome: Exclude<Outcome, { kind: 'score' }>;
  readonly rule: Rule;
}

/** How much is too much. */
export interface Bounds {
  /** The sum of scores from which on an exchange is denied. */
  readonly threshold: number;
  /** How long rules may take, in milliseconds; the one that is being asked when they are over is not interrupted. */
  readonly budgetMs: number;
}

/**
 * Asks the rules in their order. Scores add up; the first rule that says something else than a score decides, and no later one
 * is asked.
 */
export function inspect(rules: readonly Rule[], parts: Parts, { threshold, budgetMs }: Bounds): Verdict {
  const until = performance.now() + budgetMs;
  const hits: Rule[] = [];
  let score = 0;
  let decision: Decision | undefined;
  for (const rule of rules) {
    if (performance.now() > until) return { hits, score, decision, isOutOfTime: true };
    if (!isHit(rule, parts)) continue;
    hits.push(rule);
    const { outcome } = rule;
    if (outcome.kind !== 'score') return { hits, score, decision: { outcome, rule }, isOutOfTime: false };
    score += outcome.score;
    if (score >= threshold) decision ??= { outcome: { kind: 'deny', status: 403 }, rule };
  }
  return { hits, score, decision, isOutOfTime: false };
}
