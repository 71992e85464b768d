import type { Case } from './case.ts';

/** Whether a case matches one of the patterns: an id in which `*` matches any text, or a class. */
export function fits(test: Case, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => pattern === test.class || matcher(pattern).test(test.id));
}

function matcher(pattern: string): RegExp {
  const parts = pattern.split('*').map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join('.*')}$`);
}

/** The patterns that match no case, which are probably mistyped. */
export function unusedPatterns(cases: readonly Case[], patterns: readonly string[]): string[] {
  return patterns.filter((pattern) => !cases.some((test) => fits(test, [pattern])));
}

/** The ids in a list of known failures: one on each line; `#` begins a comment. */
export function knownIds(text: string): Set<string> {
  const lines = text.split('\n').map((line) => line.replace(/#.*/, '').trim());
  return new Set(lines.filter((line) => line !== ''));
}
