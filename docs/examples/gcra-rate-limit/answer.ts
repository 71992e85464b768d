/** The answer to HAProxy: all variables, in every case. */
import type { Actions } from '@spop/agent';
import type { Gcra } from './gcra.ts';
import {
  ipScore,
  type RateSource,
  rateRemaining,
  rateResetS,
  rateSource,
  rateTimeUs,
  retryAfterMs,
  shadowScore,
} from './messages.ts';

const REFUSED_SCORE = 100;

/** Sets the decision and its source; with SHADOW no request is refused. */
export function answer(ack: Actions, gcra: Gcra, source: RateSource, isShadow: boolean): void {
  const score = gcra.isAllowed ? 0 : REFUSED_SCORE;
  ack.set(ipScore, isShadow ? 0 : score);
  ack.set(retryAfterMs, isShadow ? 0 : gcra.retryAfterMs);
  ack.set(rateRemaining, gcra.remaining);
  ack.set(rateResetS, gcra.resetS);
  ack.set(rateSource, source);
  ack.set(rateTimeUs, gcra.timeUs);
  if (isShadow) ack.set(shadowScore, score);
}
