/** Runs rules on one exchange. */
import type { Parts } from './parts.ts';
import { isHit, type Outcome, type Rule } from './rule.ts';

/** The verdict of the rules. */
export interface Verdict {
  /** The rules that were hit, in their order. */
  readonly hits: readonly Rule[];
  readonly score: number;
  /** The action, and the rule that decided it; undefined if the exchange may pass. */
  readonly decision: Decision | undefined;
  /** Whether the time was over before all rules had run. */
  readonly isOutOfTime: boolean;
}

/** A decision, and its rule. */
export interface Decision {
  readonly outcome: Exclude<Outcome, { kind: 'score' }>;
  readonly rule: Rule;
}

/** Limits of score and time. */
export interface Bounds {
  /** The lowest sum of scores of a denied exchange. */
  readonly threshold: number;
  /** Time limit for the rules, in milliseconds; a running rule is not interrupted. */
  readonly budgetMs: number;
}

/**
 * Runs the rules in their order. Scores add up; the first rule with another action than a score decides, and no later one
 * runs.
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
