import { describeTypedData } from '../data/describe.ts';
import type { Action } from '../data/model.ts';

/** The titles of the rows of {@link actionRows}. */
export const ACTION_TITLES: readonly string[] = ['variable', 'type', 'value', 'note'];

/** The name of a variable in HAProxy's configuration, with the prefix of `option var-prefix`. */
export function variableOf({ scope, name }: Action, prefix: string | undefined): string {
  return `${scope}.${prefix ?? '<prefix>'}.${name}`;
}

/** The actions of an ACK for people, one row for each, in their order; the last one on a variable decides. */
export function actionRows(actions: readonly Action[], prefix: string | undefined): string[][] {
  const last = new Map(actions.map((action) => [variableOf(action, prefix), action]));
  return actions.map((action) => {
    const variable = variableOf(action, prefix);
    const note = last.get(variable) === action ? '' : 'a later action decides';
    if (action.type === 'unset-var') return [variable, '', '', note || 'unset'];
    const [type = '', ...value] = describeTypedData(action.value).split(' ');
    return [variable, type, value.join(' '), note || (action.value.type === 'null' ? 'unset' : '')];
  });
}

/** An action as data for programs. */
export function actionJson(action: Action, prefix: string | undefined): object {
  return { ...action, ...(prefix === undefined ? {} : { variable: variableOf(action, prefix) }) };
}
