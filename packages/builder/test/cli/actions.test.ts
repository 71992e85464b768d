import { describe, expect, it } from 'vitest';
import { actionJson, actionRows, variableOf } from '../../src/cli/actions.ts';
import { data, type Action } from '../../src/index.ts';

function set(
  name: string,
  value: Extract<Action, { type: 'set-var' }>['value'],
  scope: Action['scope'] = 'txn',
): Action {
  return { type: 'set-var', scope, name, value };
}

function unset(name: string): Action {
  return { type: 'unset-var', scope: 'txn', name };
}

describe('the rows of actions', () => {
  it.each<[name: string, actions: readonly Action[], rows: string[][]]>([
    ['a value with its type', [set('a', data.int32(7))], [['txn.p.a', 'INT32', '7', '']]],
    ['a text with spaces', [set('a', data.string('b c'))], [['txn.p.a', 'STRING', '"b c"', '']]],
    ['NULL, which unsets', [set('a', data.nil)], [['txn.p.a', 'NULL', '', 'unset']]],
    ['an unset', [unset('a')], [['txn.p.a', '', '', 'unset']]],
    [
      'an action that a later one undoes',
      [set('a', data.int32(7)), unset('a'), set('a', data.nil)],
      [
        ['txn.p.a', 'INT32', '7', 'a later action decides'],
        ['txn.p.a', '', '', 'a later action decides'],
        ['txn.p.a', 'NULL', '', 'unset'],
      ],
    ],
    [
      'variables of two scopes',
      [set('a', data.int32(7)), set('a', data.int32(8), 'sess')],
      [
        ['txn.p.a', 'INT32', '7', ''],
        ['sess.p.a', 'INT32', '8', ''],
      ],
    ],
  ])('have %s', (_, actions, rows) => {
    expect(actionRows(actions, 'p')).toEqual(rows);
  });
});

describe('an action', () => {
  const action = set('a', data.int32(7));

  it('has the name of its variable in HAProxy', () => {
    expect(variableOf(action, 'p')).toBe('txn.p.a');
    expect(variableOf(action, undefined)).toBe('txn.<prefix>.a');
  });

  it('has that name in JSON if the prefix is known', () => {
    expect(actionJson(action, 'p')).toStrictEqual({ ...action, variable: 'txn.p.a' });
    expect(actionJson(action, undefined)).toStrictEqual({ ...action });
  });
});
