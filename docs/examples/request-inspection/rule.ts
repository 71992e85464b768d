/** One rule, and its search. */
import type { Parts, Texts } from './parts.ts';

/** The exchange's side that a rule looks at. */
export type Side = 'request' | 'response';

/** A target of a rule: all fields of a part, or those of one name. */
export interface Target {
  readonly part: string;
  readonly name: string | undefined;
}

/** The action of a hit. */
export type Outcome =
  | { readonly kind: 'score'; readonly score: number }
  | { readonly kind: 'deny'; readonly status: number }
  | { readonly kind: 'redirect'; readonly url: string }
  | { readonly kind: 'drop' }
  | { readonly kind: 'allow' };

/** The exchanges that a rule is for; an empty list means all, an empty list of exceptions none. */
export interface Scope {
  readonly apps: readonly string[];
  readonly paths: readonly string[];
  readonly exceptPaths: readonly string[];
  readonly exceptArguments: readonly string[];
}

/** Whether the texts of one target pass a rule's test. */
export type Test = (texts: Texts) => boolean;

/** A rule of the file. */
export interface Rule {
  readonly id: number;
  /** Its purpose, in words. */
  readonly title: string;
  readonly side: Side;
  readonly targets: readonly Target[];
  readonly test: Test;
  readonly outcome: Outcome;
  readonly scope: Scope;
}

/** Whether the rule is for this exchange, and one of its targets passes its test. */
export function isHit({ scope, targets, test }: Rule, parts: Parts): boolean {
  if (!isInScope(scope, parts)) return false;
  return targets.some(({ part, name }) =>
    test(parts.textsOf(part, name, part === 'argument' ? scope.exceptArguments : [])),
  );
}

function isInScope({ apps, paths, exceptPaths }: Scope, parts: Parts): boolean {
  if (apps.length > 0 && !apps.includes(parts.exchange.app)) return false;
  if (paths.length === 0 && exceptPaths.length === 0) return true;
  const resolved = parts.resolvedPaths;
  if (paths.length > 0 && !resolved.some((path) => isUnder(path, paths))) return false;
  // Both readings of the path have to be within the exception.
  return exceptPaths.length === 0 || !resolved.every((path) => isUnder(path, exceptPaths));
}

function isUnder(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => path === prefix || path.startsWith(prefix === '/' ? prefix : `${prefix}/`));
}
