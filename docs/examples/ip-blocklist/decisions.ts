/** Counts what was answered, and tells in the log of what was decided by default. */
import type { OwnMetric } from '@spop/agent';
import type { ByDefault } from './messages.ts';

/** Between two lines of the log about the same default. */
const PAUSE_MS = 10_000;

/** How many answers of each kind there were. */
export class Decisions {
  blocked = 0;
  passed = 0;
  withoutAddress = 0;
  readonly #byDefault: Record<ByDefault, number> = { 'handler failed': 0, 'list missing': 0 };
  readonly #told: Record<ByDefault, { count: number; at: number }> = {
    'handler failed': { count: 0, at: -PAUSE_MS },
    'list missing': { count: 0, at: -PAUSE_MS },
  };
  readonly #log: (line: string) => void;

  constructor(log: (line: string) => void = console.error) {
    this.#log = log;
  }

  /** Counts one that was made by default; the log has a line of it every ten seconds at most. */
  countDefault(reason: ByDefault): void {
    const count = ++this.#byDefault[reason];
    const told = this.#told[reason];
    const now = performance.now();
    if (now - told.at < PAUSE_MS) return;
    this.#log(`decided by default, ${reason}: ${count - told.count} times since this was last told`);
    this.#told[reason] = { count, at: now };
  }

  toMetrics(): readonly OwnMetric[] {
    const counter = (name: string, help: string, value: OwnMetric['value']): OwnMetric => ({
      name: `blocklist_${name}`,
      type: 'counter',
      help,
      value,
    });
    return [
      counter('blocked', 'Addresses that are on a list.', this.blocked),
      counter('passed', 'Addresses that are on no list.', this.passed),
      counter('without_address', 'Questions without an address.', this.withoutAddress),
      counter(
        'default_decisions',
        'Answers that the lists did not decide alone.',
        Object.entries(this.#byDefault).map(([reason, value]) => ({ labels: { reason }, value })),
      ),
    ];
  }
}
