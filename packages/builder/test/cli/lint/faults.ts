/** What one rule finds, without the others. */
import type { ScopeName } from '@spop/codec';
import type { DeclaredArgument, Definitions } from '../../../src/cli/definitions.ts';
import { rules } from '../../../src/cli/lint/lint.ts';
import type { Fault } from '../../../src/cli/lint/rule.ts';
import { subjectOf, type Sources } from '../../../src/cli/lint/subject.ts';

const SCOPES: readonly ScopeName[] = ['proc', 'sess', 'txn', 'req', 'res'];

/** The faults that a rule finds, in its order. The SPOE configuration is `spoe.conf`. */
export function faultsOf(id: string, sources: Partial<Sources>): Fault[] {
  const rule = rules.find((each) => each.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  return [...rule.find(subjectOf({ haproxyText: '', spoeText: '', spoePath: 'spoe.conf', ...sources }))];
}

/** The places of these faults, such as `spoe 3`. */
export function placesOf(id: string, sources: Partial<Sources>): string[] {
  return faultsOf(id, sources).map(({ file, line }) => `${file} ${line}`);
}

/** A frontend in HTTP with the engine `e` of `spoe.conf`; `lines` begin at line 4. */
export function frontend(...lines: readonly string[]): string {
  return ['frontend f', 'mode http', 'filter spoe engine e config spoe.conf', ...lines].join('\n');
}

/** The engine `e`: its agent's lines begin at line 3. */
export function engine(...lines: readonly string[]): string {
  return ['[e]', 'spoe-agent e', ...lines].join('\n');
}

/** Declarations of a message `m` and of variables, such as `txn.a`. */
export function variablesOf(...variables: readonly string[]): Definitions {
  return {
    messages: [{ name: 'm', args: [] }],
    variables: variables.map((each) => {
      const scope = SCOPES.find((name) => each.startsWith(`${name}.`));
      if (scope === undefined) throw new Error(`there is no scope in ${each}`);
      return { scope, name: each.slice(scope.length + 1) };
    }),
  };
}

/** An argument that an agent declares. */
export function argument(name: string, kind = 'string', isOptional = false): DeclaredArgument {
  return { name, kind, kinds: [kind], isOptional };
}

/** Declarations of messages with arguments. */
export function messagesOf(messages: Readonly<Record<string, readonly DeclaredArgument[]>>): Definitions {
  return { messages: Object.entries(messages).map(([name, args]) => ({ name, args })), variables: [] };
}
