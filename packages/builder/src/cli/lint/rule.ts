import type { Subject } from './subject.ts';

/** `error`: HAProxy refuses it, or it never works; `warning`: it does not work as intended; `note`: check it. */
export type Severity = 'error' | 'warning' | 'note';

/** A place where a rule is broken. */
export interface Fault {
  readonly file: 'haproxy' | 'spoe';
  /** The number of the line, from 1. */
  readonly line: number;
  /** What is wrong, and the consequence, without a full stop. */
  readonly sentence: string;
  /** What to write, without a full stop. */
  readonly advice: string;
  /** The severity, if it differs from the rule's. */
  readonly severity?: Severity;
}

/** One rule of the linter. */
export interface Rule {
  /** The id, in lower case with hyphens. */
  readonly id: string;
  readonly severity: Severity;
  /** The source of the reason: a section of SPOE.txt, a release of HAProxy, a guide of this project. */
  readonly source: string;
  find(subject: Subject): Iterable<Fault>;
}
