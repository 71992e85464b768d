/** The variables of a verdict for HAProxy. */
import type { Actions } from '@spop/agent';
import type { BodyState } from './exchange.ts';
import type { Verdict } from './inspect.ts';
import {
  action,
  anomalyScore,
  bodyComplete,
  byDefault,
  data,
  detected,
  responseBodyComplete,
  responseScore,
} from './messages.ts';
import { ruleid, ruleIds, rulesHit, status } from './messages.ts';
import type { Side } from './rule.ts';

/** Values of an answer in addition to the verdict itself. */
export interface AnswerOptions {
  readonly side: Side;
  readonly bodyState: BodyState;
  readonly isDetectOnly: boolean;
  /** The action if the rules had no time to decide. */
  readonly onFailure: 'deny' | 'pass';
  /** The numbers of the rules that were hit, those of the request before those of the response. */
  readonly hits: readonly number[];
  readonly isExported: boolean;
}

/** The result of an exchange, for counters and the log. */
export type Outcome = 'passed' | 'allowed' | 'denied' | 'dropped' | 'redirected' | 'detected' | 'out of time';

const OUTCOMES = { allow: 'allowed', deny: 'denied', drop: 'dropped', redirect: 'redirected' } as const;

/** Writes a verdict. @returns its result. */
export function answer(ack: Actions, verdict: Verdict, options: AnswerOptions): Outcome {
  const { side, bodyState, isDetectOnly, onFailure, hits, isExported } = options;
  const { decision, score, isOutOfTime } = verdict;
  ack.set(side === 'request' ? anomalyScore : responseScore, score).set(rulesHit, hits.length);
  ack.set(side === 'request' ? bodyComplete : responseBodyComplete, bodyState === 'none' || bodyState === 'complete');
  if (isOutOfTime && decision === undefined) decideByDefault(ack, 'out of time', onFailure);
  if (decision !== undefined && decision.outcome.kind !== 'allow') {
    ack.set(ruleid, decision.rule.id);
    ack.set(isDetectOnly ? detected : action, decision.outcome.kind);
    if (decision.outcome.kind === 'deny') ack.set(status, decision.outcome.status);
    if (decision.outcome.kind === 'redirect') ack.set(status, 302).set(data, decision.outcome.url);
  }
  if (isExported) ack.set(ruleIds, listThatFits(hits, ack.remainingBytes));
  if (decision !== undefined) {
    return isDetectOnly && decision.outcome.kind !== 'allow' ? 'detected' : OUTCOMES[decision.outcome.kind];
  }
  return isOutOfTime ? 'out of time' : 'passed';
}

/** Writes the action if no rule decided. */
export function decideByDefault(ack: Actions, why: 'out of time' | 'handler failed', mode: 'deny' | 'pass'): void {
  ack.set(byDefault, why);
  if (mode === 'deny') ack.set(action, 'deny').set(status, 500);
}

/** Bytes of the action without the text: type, number of arguments, scope, the name, the text's length. */
const ACTION_BYTES = 24;

function listThatFits(ids: readonly number[], bytes: number): string {
  let text = '';
  for (const [index, id] of ids.entries()) {
    const longer = text === '' ? String(id) : `${text},${id}`;
    if (longer.length + ACTION_BYTES > bytes) return `${text},+${ids.length - index}`;
    text = longer;
  }
  return text;
}
