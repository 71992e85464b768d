/** Judges exchanges by the rules in force, and counts and logs the results. */
import type { Actions, OwnMetric } from '@spop/agent';
import { Outcomes } from '../shared/outcomes.ts';
import { answer, decideByDefault } from './answer.ts';
import type { Exchange } from './exchange.ts';
import { inspect } from './inspect.ts';
import { Parts } from './parts.ts';
import type { KnownRequest } from './request-table.ts';
import type { Side } from './rule.ts';
import type { RuleSet } from './rule-file.ts';
import { VerdictLog } from './verdict-log.ts';

const OUTCOMES = [
  'passed',
  'allowed',
  'denied',
  'dropped',
  'redirected',
  'detected',
  'out of time',
  'handler failed',
] as const;
const BODY_STATES = ['none', 'complete', 'cut', 'unknown'] as const;

/** Settings of the inspection. */
export interface InspectorOptions {
  readonly rules: () => RuleSet;
  readonly thresholds: Readonly<Record<Side, number>>;
  readonly budgetMs: number;
  readonly isDetectOnly: boolean;
  readonly onFailure: 'deny' | 'pass';
}

/** Options of one message in HAProxy's configuration. */
export interface Wishes {
  readonly isDetectOnly: boolean;
  readonly isExported: boolean;
}

/** Judges requests and responses. */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #log: VerdictLog = new VerdictLog();
  readonly #outcomes = {
    request: new Outcomes('inspection_requests', OUTCOMES),
    response: new Outcomes('inspection_responses', OUTCOMES),
  };
  readonly #bodies = {
    request: new Outcomes('inspection_request_bodies', BODY_STATES),
    response: new Outcomes('inspection_response_bodies', BODY_STATES),
  };
  readonly #hits: Map<number, number> = new Map();

  constructor(options: InspectorOptions) {
    this.#options = options;
  }

  /**
   * Writes the rules' verdict to `ack`. `request` has the facts known about the request, with the rules that it hit before.
   *
   * @returns the rules that it has hit so far; undefined if it goes no further.
   */
  judge(
    side: Side,
    exchange: Exchange,
    id: string,
    request: KnownRequest,
    wishes: Wishes,
    ack: Actions,
  ): readonly number[] | undefined {
    const { rules, thresholds, budgetMs, isDetectOnly: isNeverActing } = this.#options;
    const isDetectOnly = isNeverActing || wishes.isDetectOnly;
    const verdict = inspect(rules()[side], new Parts(exchange), { threshold: thresholds[side], budgetMs });
    const hits = [...request.hits, ...verdict.hits.map((rule) => rule.id)];
    const { bodyState } = exchange;
    const outcome = answer(ack, verdict, {
      side,
      bodyState,
      isDetectOnly,
      onFailure: isDetectOnly ? 'pass' : this.#options.onFailure,
      hits,
      isExported: wishes.isExported,
    });
    if (bodyState === 'none' || bodyState === 'complete') this.#bodies[side].count(bodyState);
    else this.#bodies[side].countAndLog(bodyState, `end of a ${side} body not seen`);
    if (outcome === 'out of time') this.#outcomes[side].countDefault(outcome);
    else this.#outcomes[side].count(outcome);
    for (const { id } of verdict.hits) this.#hits.set(id, (this.#hits.get(id) ?? 0) + 1);
    if (outcome !== 'passed' || verdict.hits.length > 0) this.#log.write(`${side} ${outcome}`, id, request, verdict);
    const isStopped = outcome === 'denied' || outcome === 'dropped' || outcome === 'redirected';
    return isStopped ? undefined : hits;
  }

  /** Answers for a handler that failed. */
  fail(side: Side, ack: Actions): void {
    this.#outcomes[side].countDefault('handler failed');
    decideByDefault(ack, 'handler failed', this.#options.isDetectOnly ? 'pass' : this.#options.onFailure);
  }

  toMetrics(): OwnMetric[] {
    const { request, response } = this.#options.rules();
    const hits = [...this.#hits].map(([id, value]) => ({ labels: { rule: String(id) }, value }));
    return [
      ...[this.#outcomes.request, this.#outcomes.response, this.#bodies.request, this.#bodies.response].flatMap(
        (each) => each.toMetrics(),
      ),
      { name: 'inspection_rule_hits', type: 'counter', help: 'Exchanges that a rule hit.', value: hits },
      { name: 'inspection_rules', type: 'gauge', help: 'Rules in force.', value: request.length + response.length },
    ];
  }
}
