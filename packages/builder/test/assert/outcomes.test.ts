import { describe, expect, it } from 'vitest';
import {
  equalsBytes,
  hasMessage,
  hasNoActions,
  isAck,
  isDisconnect,
  isValid,
  type Outcome,
  setsVariable,
  unsetsVariable,
} from '../../src/assert/outcomes.ts';
import { ack, agentDisconnect, agentHello, data, notify, type ValueInput } from '../../src/index.ts';

/** Whether it passes, and its text for that. */
function result(outcome: Outcome): [pass: boolean, text: string] {
  return [outcome.pass, outcome.message(outcome.pass)];
}

const x = { scope: 'txn', name: 'x' } as const;

describe('a value that is set', () => {
  it.each<[sent: ValueInput, expected: ValueInput, pass: boolean]>([
    [true, true, true],
    [true, false, false],
    [data.int32(1), 1, true],
    [data.int32(1), 1n, true],
    [data.int32(1), 2, false],
    [data.uint64(2n ** 64n - 1n), 2n ** 64n - 1n, true],
    [data.int32(1), data.int32(1), true],
    [data.int32(1), data.int64(1), false],
    [true, 1, false],
    ['1', 1, false],
    ['1', '1', true],
    ['1', Uint8Array.of(0x31), false],
    [Uint8Array.of(0x31), Uint8Array.of(0x31), true],
    [Uint8Array.of(0x31), Uint8Array.of(0x32), false],
    [data.withFlags(data.string('x'), 1), 'x', false],
    ['x', data.withFlags(data.string('x'), 1), false],
    ['x', data.raw('080178'), false],
    ['x', null, false],
  ])('%o is %o: %s', (sent, expected, pass) => {
    expect(setsVariable(ack().setVar('txn', 'x', sent), x, expected).pass).toBe(pass);
    expect(hasMessage(notify().message('m', { a: sent }), 'm', { a: expected }).pass).toBe(pass);
  });

  it.each<[expected: ValueInput | undefined, what: string]>([
    [undefined, ''],
    [null, ' to null'],
    [5n, ' to 5n'],
    ['b', ' to "b"'],
    [Uint8Array.of(1, 2), ' to 2 bytes'],
    [data.nil, ' to NULL'],
    [data.ipv4('10.0.0.1'), ' to IPV4 10.0.0.1'],
    [data.raw('00'), ' to raw bytes'],
  ])('is told from %o', (expected, what) => {
    const outcome = setsVariable(ack().unsetVar('txn', 'x'), x, expected);
    expect(result(outcome)).toEqual([
      false,
      `expected ACK 1:1 to set txn.x${what}, but it unsets it. Its actions:\n  unset-var txn.x`,
    ]);
    expect(outcome).toMatchObject({ expected: expected ?? 'a value', actual: undefined });
  });

  it('is the one of the last action on the variable', () => {
    const twice = ack().setVar('txn', 'x', 1).setVar('sess', 'x', 3).setVar('txn', 'x', 2).setVar('txn', 'y', 4);
    expect(setsVariable(twice, x, 2).pass).toBe(true);
    expect(result(setsVariable(twice, x, 1))[1].split('\n')[0]).toBe(
      'expected ACK 1:1 to set txn.x to 1, but it sets INT64 2. Its actions:',
    );
    expect(result(setsVariable(ack(), x))).toEqual([
      false,
      'expected ACK 1:1 to set txn.x, but it does not. It has no actions.',
    ]);
    expect(result(setsVariable(ack().setVar('txn', 'x', null), x))[1]).toBe(
      'expected ACK 1:1 to set txn.x, but it unsets it, by setting NULL. Its actions:\n  set-var txn.x = NULL',
    );
    expect(result(setsVariable(ack().setVar('txn', 'x', 1), x))).toEqual([
      true,
      'expected ACK 1:1 not to set txn.x. Its actions:\n  set-var txn.x = INT64 1',
    ]);
  });
});

describe('a variable that is unset', () => {
  it.each([
    ['by an unset-var', ack().unsetVar('txn', 'x'), true],
    ['by NULL', ack().setVar('txn', 'x', null), true],
    ['and set again', ack().unsetVar('txn', 'x').setVar('txn', 'x', 1), false],
    ['in another scope', ack().unsetVar('sess', 'x'), false],
    ['under another name', ack().unsetVar('txn', 'y'), false],
    ['nowhere', ack(), false],
  ])('%s is one, or not', (_, answer, pass) => {
    expect(unsetsVariable(answer, x).pass).toBe(pass);
  });

  it('is named in the failure', () => {
    expect(result(unsetsVariable(ack(), x))[1]).toBe('expected ACK 1:1 to unset txn.x. It has no actions.');
    expect(unsetsVariable(ack(), x).message(true)).toBe('expected ACK 1:1 not to unset txn.x. It has no actions.');
  });
});

describe('a DISCONNECT', () => {
  it.each<[label: string, frame: ReturnType<typeof agentDisconnect>, statusCode: number | undefined, pass: boolean]>([
    ['its status', agentDisconnect({ statusCode: 3 }), 3, true],
    ['another status', agentDisconnect({ statusCode: 3 }), 4, false],
    ['any status', agentDisconnect({ statusCode: 3 }), undefined, true],
    ['a status of another integer type', agentDisconnect({ statusCode: null }).item('status-code', 3), 3, true],
    ['the last status', agentDisconnect({ statusCode: 3 }).item('status-code', data.uint32(4)), 4, true],
    ['a status that is text', agentDisconnect({ statusCode: null }).item('status-code', '3'), 3, false],
    ['a status that is true', agentDisconnect({ statusCode: null }).item('status-code', true), 1, false],
    ['a status that is NULL', agentDisconnect({ statusCode: null }).item('status-code', null), 0, false],
    ['no status', agentDisconnect({ statusCode: null }), 0, false],
    ['a HELLO', agentHello(), undefined, false],
  ])('has %s', (_, frame, statusCode, pass) => {
    expect(isDisconnect(frame, statusCode).pass).toBe(pass);
  });

  it('is named in the failure', () => {
    expect(isDisconnect(ack()).message(false)).toBe('expected a DISCONNECT; found ACK 1:1 no actions');
    expect(isDisconnect(ack(), 3).message(true)).toBe(
      'expected anything but a DISCONNECT with status code 3; found ACK 1:1 no actions',
    );
  });
});

describe('the other outcomes', () => {
  it.each<[text: string, outcome: Outcome, pass: boolean]>([
    ['expected ACK 1:1 to have actions. It has no actions.', hasNoActions(ack()), true],
    [
      'expected ACK 1:1 to have no actions. Its actions:\n  unset-var txn.x',
      hasNoActions(ack().unsetVar('txn', 'x')),
      false,
    ],
    ['expected an ACK; found NOTIFY 1:1 "m" {  }', hasNoActions(notify().message('m')), false],
    ['expected anything but an ACK; found ACK 1:1 no actions', isAck(ack()), true],
    ['expected the ACK of 1:2; found ACK 1:1 no actions', isAck(ack(), { streamId: 1, frameId: 2 }), false],
    ['expected an ACK; found NOTIFY 1:1 "m" {  }', isAck(notify().message('m')), false],
    [
      'expected a NOTIFY without a message "m" { a: 1 }; found NOTIFY 1:1 "m" { a: INT64 1 }',
      hasMessage(notify().message('m', { a: 1 }), 'm', { a: 1 }),
      true,
    ],
    [
      'expected a NOTIFY with a message "m" { a: 1, b: "x" }; found NOTIFY 1:1 "m" { a: INT64 1 }',
      hasMessage(notify().message('m', { a: 1 }), 'm', { a: 1, b: 'x' }),
      false,
    ],
    [
      'expected bytes to validate; found a frame that was read from them',
      isValid(ack().toFrame(), { from: 'agent' }),
      false,
    ],
    ['expected other bytes than these', equalsBytes(ack(), '00000007 67 00000001 01 01'), true],
    ['expected the same bytes', equalsBytes(ack(), ack({ streamId: 2 })), false],
  ])('say “%s”', (text, outcome, pass) => {
    expect(result(outcome)).toEqual([pass, text]);
  });

  it('show rules that are broken, and right bytes where they should be wrong', () => {
    const right = isValid(ack(), { from: 'agent', state: 'established' });
    expect(right.message(true).split('\n').slice(0, 2)).toEqual([
      'expected bytes that break a rule of SPOP; found right ones:',
      'frame 1 at byte 0',
    ]);
    const wrong = isValid(ack({ flags: 4 }), { from: 'agent', state: 'established' });
    expect(wrong.pass).toBe(false);
    expect(wrong.message(false).split('\n').slice(0, 3)).toEqual([
      'expected bytes that break no rule of SPOP; found 1 errors:',
      expect.stringMatching(/^error fin-missing: /),
      'frame 1 at byte 0',
    ]);
    // A warning is no error.
    expect(isValid(ack({ flags: 5 }), { from: 'agent', state: 'established' }).pass).toBe(true);
  });
});
