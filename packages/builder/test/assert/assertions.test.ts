import { AssertionError } from 'node:assert';
import { describe, expect, it } from 'vitest';
import { ack, assertDisconnect, assertNoActions, assertSetVar, assertUnsetVar, notify } from '../../src/index.ts';

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('an assertion that fails', () => {
  it.each<[operator: string, run: () => unknown, message: string]>([
    [
      'assertSetVar',
      () => assertSetVar(ack(), 'txn', 'x', 1),
      'expected ACK 1:1 to set txn.x to 1, but it does not. It has no actions.',
    ],
    ['assertUnsetVar', () => assertUnsetVar(ack(), 'txn', 'x'), 'expected ACK 1:1 to unset txn.x. It has no actions.'],
    [
      'assertNoActions',
      () => assertNoActions(ack().unsetVar('txn', 'x')),
      'expected ACK 1:1 to have no actions. Its actions:\n  unset-var txn.x',
    ],
    [
      'assertDisconnect',
      () => assertDisconnect(notify().message('m'), 3),
      'expected a DISCONNECT with status code 3; found NOTIFY 1:1 "m" {  }',
    ],
  ])('throws an AssertionError with its name and text: %s', (operator, run, message) => {
    const error = thrown(run);
    expect(error).toBeInstanceOf(AssertionError);
    expect(error).toMatchObject({ operator, message });
  });
});
