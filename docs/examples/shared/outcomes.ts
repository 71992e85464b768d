/** Counts an agent's answers. */
import type { OwnMetric } from '@spop/agent';

/** Time between two lines of the log about the same outcome. */
const PAUSE_MS = 10_000;

/** The number of answers of each kind; those by default are logged, too. */
export class Outcomes<Kind extends string> {
  readonly #counts: Map<Kind, number>;
  readonly #nextLogAt: Map<Kind, number> = new Map();
  readonly #name: string;
  readonly #log: (line: string) => void;

  /** @param name of the counter, without `_total`; `kinds` are the values of its label `outcome`. */
  constructor(name: string, kinds: readonly Kind[], log: (line: string) => void = console.error) {
    this.#name = name;
    this.#counts = new Map(kinds.map((kind) => [kind, 0]));
    this.#log = log;
  }

  count(kind: Kind): void {
    this.#counts.set(kind, (this.#counts.get(kind) ?? 0) + 1);
  }

  /** Counts a default, and logs it at most every ten seconds, with the reason if there is one. */
  countDefault(kind: Kind, reason?: string): void {
    this.countAndLog(kind, 'decided by default', reason);
  }

  /** Counts an answer, and logs it at most every ten seconds: the line begins with `what` and ends with the reason. */
  countAndLog(kind: Kind, what: string, reason?: string): void {
    this.count(kind);
    const now = performance.now();
    if (now < (this.#nextLogAt.get(kind) ?? 0)) return;
    this.#nextLogAt.set(kind, now + PAUSE_MS);
    const line = `${what}: ${kind}, ${this.#counts.get(kind)} times so far`;
    this.#log(reason === undefined ? line : `${line}: ${reason}`);
  }

  toMetrics(): OwnMetric[] {
    const value = [...this.#counts].map(([outcome, count]) => ({ labels: { outcome }, value: count }));
    return [{ name: this.#name, type: 'counter', help: 'Answers by their outcome.', value }];
  }
}
