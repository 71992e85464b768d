import type { Subject } from './subject.ts';

/** `error`: HAProxy refuses it, or it never works; `warning`: it works otherwise than it is meant; `note`: to be looked at. */
export type Severity = 'error' | 'warning' | 'note';

/** A place where a rule is broken. */
export interface Fault {
  readonly file: 'haproxy' | 'spoe';
  /** From 1. */
  readonly line: number;
  /** What is wrong, and what comes of it, without a full stop. */
  readonly sentence: string;
  /** What to write, without a full stop. */
  readonly advice: string;
  /** Where it differs from the rule's. */
  readonly severity?: Severity;
}

/** One thing that is looked for. */
export interface Rule {
  /** In lower case, with hyphens. */
  readonly id: string;
  readonly severity: Severity;
  /** Where the reason stands: a section of SPOE.txt, a release of HAProxy, a guide of this project. */
  readonly source: string;
  find(subject: Subject): Iterable<Fault>;
}
