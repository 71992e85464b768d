/** The answers of agents, for the tests of examples. */
import type { AckFrame } from '@spop/builder';

/** Variables by name. */
export type Variables = Readonly<Record<string, string | number | boolean>>;

/**
 * The variables that an ACK sets, with the types that examples use: STRING, BOOL and INT64.
 *
 * @throws Error for any other action, scope or type.
 */
export function variablesOf({ actions }: AckFrame, scope: 'sess' | 'txn'): Variables {
  const set = actions.map((action): [string, string | number | boolean] => {
    if (action.type !== 'set-var' || action.scope !== scope) throw new Error(`found ${action.type} ${action.scope}`);
    const { value } = action;
    if (value.type === 'string' || value.type === 'bool') return [action.name, value.value];
    if (value.type === 'int64') return [action.name, Number(value.value)];
    throw new Error(`found ${action.name} of type ${value.type}`);
  });
  return Object.fromEntries(set);
}
