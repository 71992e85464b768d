import { agentRules } from './agent-rules.ts';
import { definitionRules } from './definition-rules.ts';
import { nameRules } from './name-rules.ts';
import { proxyRules } from './proxy-rules.ts';
import type { Fault, Rule, Severity } from './rule.ts';
import { subjectOf, type Sources } from './subject.ts';
import { variableRules } from './variable-rules.ts';

/** All rules, in the order in which findings on one line are reported. */
export const rules: readonly Rule[] = [
  ...nameRules,
  ...agentRules,
  ...definitionRules,
  ...variableRules,
  ...proxyRules,
];

/** A fault, and the rule that it breaks. */
export interface Finding extends Fault {
  readonly rule: string;
  readonly severity: Severity;
  readonly source: string;
}

/** The findings on both configurations, HAProxy's first, by line. Takes any text. */
export function lint(sources: Sources): Finding[] {
  const subject = subjectOf(sources);
  return rules
    .flatMap((rule) =>
      Array.from(rule.find(subject), (fault) => ({
        ...fault,
        rule: rule.id,
        severity: fault.severity ?? rule.severity,
        source: rule.source,
      })),
    )
    .toSorted((a, b) => a.file.localeCompare(b.file) || a.line - b.line);
}
