/** A decision by default is never silent: it sets a variable, a counter, and a line of the log. */
import type { Actions, OwnMetric } from '@spop/agent';
import { messageOf } from '../shared/message-of.ts';
import { Outcomes } from '../shared/outcomes.ts';
import { byDefault } from './messages.ts';

const REASONS = [
  'no address',
  'decisions missing',
  'country failed',
  'captcha unverified',
  'inspection failed',
  'inspection late',
  'body not inspected',
  'handler failed',
] as const;

/** Counts decisions by default, and logs them. */
export class Defaults {
  readonly #outcomes: Outcomes<(typeof REASONS)[number]>;

  constructor(log?: (line: string) => void) {
    this.#outcomes = new Outcomes('remediation_defaults', REASONS, log);
  }

  /** Sets the reason, and logs the error, if there is one. */
  report(ack: Actions, reason: (typeof REASONS)[number], error?: unknown): void {
    ack.set(byDefault, reason);
    this.#outcomes.countDefault(reason, error === undefined ? undefined : messageOf(error));
  }

  toMetrics(): OwnMetric[] {
    return this.#outcomes.toMetrics();
  }
}
