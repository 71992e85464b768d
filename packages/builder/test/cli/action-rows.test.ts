import { describe, expect, it } from 'vitest';
import { actionJson, actionRows } from '../../src/cli/actions.ts';
import type { Action } from '../../src/data/model.ts';
import { ack, data } from '../../src/index.ts';

function actionsOf(builder: ReturnType<typeof ack>): readonly Action[] {
  const frame = builder.toFrame();
  return frame.type === 'ACK' ? frame.actions : [];
}

describe('actionRows', () => {
  it('has a row for each action, and says which of several decides', () => {
    const actions = ack()
      .setVar('txn', 'a', 'one two')
      .setVar('sess', 'a', true)
      .unsetVar('txn', 'a')
      .setVar('txn', 'a', data.nil)
      .setVar('txn', 'a', 7);
    expect(actionRows(actionsOf(actions), 'checks')).toEqual([
      ['txn.checks.a', 'STRING', '"one two"', 'a later action decides'],
      ['sess.checks.a', 'BOOL', 'true', ''],
      ['txn.checks.a', '', '', 'a later action decides'],
      ['txn.checks.a', 'NULL', '', 'a later action decides'],
      ['txn.checks.a', 'INT64', '7', ''],
    ]);
  });

  it('says what is unset, also without a prefix', () => {
    const actions = ack().unsetVar('txn', 'a').setVar('req', 'b', data.nil);
    expect(actionRows(actionsOf(actions), undefined)).toEqual([
      ['txn.<prefix>.a', '', '', 'unset'],
      ['req.<prefix>.b', 'NULL', '', 'unset'],
    ]);
  });
});

describe('actionJson', () => {
  it('has the name of the variable if the prefix is known', () => {
    const [action] = actionsOf(ack().unsetVar('txn', 'a'));
    expect(actionJson(action!, 'checks')).toStrictEqual({ ...action, variable: 'txn.checks.a' });
    expect(actionJson(action!, undefined)).toStrictEqual({ ...action });
  });
});
