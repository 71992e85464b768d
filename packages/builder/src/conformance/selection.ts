import type { Case } from './case.ts';

/** Whether an id fits one of the patterns of a comma-separated list; `*` stands for anything, and a class for its cases. */
export function fits(test: Case, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => pattern === test.class || matcher(pattern).test(test.id));
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** The patterns of a list that fit no case: slips of the pen. */
export function unusedPatterns(cases: readonly Case[], patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => !cases.some((test) => fits(test, [pattern])));
}

/** The ids in a list of known failures: one a line, `#` begins a comment. */
export function knownIds(text: string): Set<string> {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return new Set(lines.filter((line) => line !== ''));
}
