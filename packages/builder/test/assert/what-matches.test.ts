import * as typeOf from '@spop/codec';
import { defineVariable } from '@spop/codec';
import '@spop/builder/vitest';
import { describe, expect, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  assertSetVar,
  data,
  haproxyDisconnect,
  notify,
  type ValueInput,
} from '../../src/index.ts';

/** Each value, and the values of this list that match it; a plain integer matches every integer type. */
const values: readonly (readonly [label: string, sent: ValueInput, expected: readonly ValueInput[]])[] = [
  ['NULL', data.nil, [data.nil, null]],
  ['true', data.bool(true), [data.bool(true), true]],
  ['false', data.bool(false), [data.bool(false), false]],
  ['INT32 1', data.int32(1), [data.int32(1), 1, 1n]],
  ['UINT32 1', data.uint32(1), [data.uint32(1), 1, 1n]],
  ['INT64 1', data.int64(1), [data.int64(1), 1, 1n]],
  ['UINT64 1', data.uint64(1), [data.uint64(1), 1, 1n]],
  ['INT64 0', data.int64(0), [data.int64(0), 0, 0n]],
  ['INT64 -1', data.int64(-1), [data.int64(-1), -1, -1n]],
  ['UINT64 2^64-1', data.uint64(2n ** 64n - 1n), [data.uint64(2n ** 64n - 1n), 2n ** 64n - 1n]],
  ['an IPV4', data.ipv4('10.0.0.1'), [data.ipv4('10.0.0.1')]],
  ['an IPV6', data.ipv6('::1'), [data.ipv6('::1')]],
  ['another IPV6', data.ipv6('::ffff:10.0.0.1'), [data.ipv6('::ffff:10.0.0.1')]],
  ['a STRING', data.string('1'), [data.string('1'), '1']],
  ['an empty STRING', data.string(''), [data.string(''), '']],
  ['the STRING of an address', data.string('10.0.0.1'), [data.string('10.0.0.1'), '10.0.0.1']],
  ['a BINARY', data.binary('1'), [data.binary('1'), Uint8Array.of(0x31)]],
  ['another BINARY of one byte', data.binary('2'), [data.binary('2'), Uint8Array.of(0x32)]],
  ['an empty BINARY', data.binary(''), [data.binary(''), new Uint8Array(0)]],
  ['a STRING with flags', data.withFlags(data.string('1'), 1), [data.withFlags(data.string('1'), 1)]],
];
const everyExpected = values.flatMap(([, , expected]) => expected);
describe('a value', () => {
  it.each(values)('matches itself, and no other: %s', (_, sent, own) => {
    const setting = ack().setVar('txn', 'x', sent);
    const asking = notify().message('m', { x: sent });
    for (const expected of everyExpected) {
      if (own.includes(expected)) expect(asking).toHaveMessage('m', { x: expected });
      else expect(asking).not.toHaveMessage('m', { x: expected });
      if (own.includes(expected) && sent !== data.nil) expect(setting).toSetVar('txn', 'x', expected);
      else expect(setting).not.toSetVar('txn', 'x', expected);
    }
  });
});

describe('toHaveMessage', () => {
  it('matches null with an argument that is NULL, not with a missing one', () => {
    expect(notify().message('m', { a: data.nil })).toHaveMessage('m', { a: null });
    expect(notify().message('m')).not.toHaveMessage('m', { a: null });
    expect(notify().message('m', { b: data.nil })).not.toHaveMessage('m', { a: null });
    expect(notify().message('m', { a: 0 })).not.toHaveMessage('m', { a: null });
    expect(notify().message('m', { a: '' })).not.toHaveMessage('m', { a: null });
  });

  it('requires all arguments in one message', () => {
    const built = notify().message('m', { a: 1 }).message('m', { a: 2, b: 3 }).message('n', { c: 4 });
    expect(built).toHaveMessage('m', { a: 2, b: 3 });
    expect(built).toHaveMessage('m', { a: 1 });
    expect(built).not.toHaveMessage('m', { a: 1, b: 3 });
    expect(built).not.toHaveMessage('m', { c: 4 });
    expect(built).not.toHaveMessage('n', { a: 1 });
  });

  it('is for NOTIFYs', () => {
    expect(ack().setVar('txn', 'm', 1)).not.toHaveMessage('m');
    expect(agentHello()).not.toHaveMessage('version');
  });
});

describe('toBeAck', () => {
  it('compares the stream-id and the frame-id', () => {
    const answer = ack({ streamId: 3, frameId: 2 });
    expect(answer).toBeAck({ streamId: 3, frameId: 2 });
    expect(answer).toBeAck({ streamId: 3n, frameId: 2n });
    expect(answer).not.toBeAck({ streamId: 3, frameId: 1 });
    expect(answer).not.toBeAck({ streamId: 2, frameId: 2 });
    expect(answer).not.toBeAck({ streamId: 2, frameId: 3 });
    expect(notify({ streamId: 3, frameId: 2 }).message('m')).not.toBeAck({ streamId: 3, frameId: 2 });
  });
});

describe('toSetVar and toUnsetVar', () => {
  it('use the last action on a variable', () => {
    const twice = ack().setVar('txn', 'x', 1).setVar('txn', 'x', 2);
    expect(twice).toSetVar('txn', 'x', 2);
    expect(twice).not.toSetVar('txn', 'x', 1);
    const again = ack().unsetVar('txn', 'x').setVar('txn', 'x', 1);
    expect(again).toSetVar('txn', 'x', 1);
    expect(again).not.toUnsetVar('txn', 'x');
    const gone = ack().setVar('txn', 'x', 1).unsetVar('txn', 'x');
    expect(gone).toUnsetVar('txn', 'x');
    expect(gone).not.toSetVar('txn', 'x');
  });

  it('distinguish scopes', () => {
    const both = ack().setVar('txn', 'x', 1).unsetVar('sess', 'x');
    expect(both).toSetVar('txn', 'x', 1);
    expect(both).toUnsetVar('sess', 'x');
    expect(both).not.toSetVar('sess', 'x');
    expect(both).not.toUnsetVar('txn', 'x');
    expect(both).not.toUnsetVar('req', 'x');
  });

  it('count NULL as unset, and never as a value', () => {
    const cleared = ack().setVar('txn', 'x', data.nil);
    expect(cleared).toUnsetVar('txn', 'x');
    expect(cleared).not.toSetVar('txn', 'x');
    expect(cleared).not.toSetVar('txn', 'x', null);
    expect(ack().unsetVar('txn', 'x')).not.toSetVar('txn', 'x', null);
    const score = defineVariable('txn', 'x', typeOf.int32);
    expect(cleared).toUnsetVar(score);
    expect(cleared).not.toSetVar(score);
    expect(ack().setVar('txn', 'x', 1).setVar('txn', 'x', data.nil)).toUnsetVar('txn', 'x');
    expect(ack().setVar('txn', 'x', data.nil).setVar('txn', 'x', 1)).not.toUnsetVar('txn', 'x');
  });

  it('read text and bytes by the type of a declared variable', () => {
    const ip = defineVariable('txn', 'ip', typeOf.address);
    const label = defineVariable('txn', 'label', typeOf.string);
    const body = defineVariable('txn', 'body', typeOf.binary);
    const all = ack().setVar(ip, '192.0.2.1').setVar(label, 'a').setVar(body, 'b');
    expect(all).toSetVar(ip, '192.0.2.1');
    expect(all).toSetVar(ip, Uint8Array.of(192, 0, 2, 1));
    expect(all).toSetVar(ip, data.ipv4('192.0.2.1'));
    expect(all).not.toSetVar(ip, '192.0.2.2');
    expect(all).toSetVar(label, Uint8Array.of(0x61));
    expect(all).not.toSetVar(label, 'b');
    expect(all).toSetVar(body, 'b');
    expect(() => expect(all).toSetVar(ip, 'nowhere')).toThrow('SPOP_INVALID_VALUE');
    assertSetVar(all, ip, '192.0.2.1');
  });
});

describe('toHaveNoActions', () => {
  it('is for ACKs, and fails for one action', () => {
    expect(ack()).toHaveNoActions();
    expect(ack().unsetVar('txn', 'x')).not.toHaveNoActions();
    expect(notify()).not.toHaveNoActions();
  });
});

describe('toBeDisconnect', () => {
  it.each([
    ['an agent', agentDisconnect],
    ['HAProxy', haproxyDisconnect],
  ])('matches that of %s by its status', (_, build) => {
    expect(build({ statusCode: 2 })).toBeDisconnect(2);
    expect(build({ statusCode: 2 })).not.toBeDisconnect(0);
    expect(build({ statusCode: 0 })).toBeDisconnect(0);
    expect(build({ statusCode: 0 })).not.toBeDisconnect(2);
  });

  it('uses the last of several statuses, as HAProxy does', () => {
    const twice = agentDisconnect({ statusCode: 2 }).item('status-code', data.uint32(3));
    expect(twice).toBeDisconnect(3);
    expect(twice).not.toBeDisconnect(2);
  });

  it('fails for any other frame', () => {
    expect(agentHello()).not.toBeDisconnect();
    expect(ack()).not.toBeDisconnect();
  });
});

describe('toBeValidSpop', () => {
  it('counts errors, and no warnings', () => {
    const options = { from: 'agent', state: 'established' } as const;
    // integer-turns-negative is a warning
    expect(ack().setVar('txn', 'x', data.uint64(2n ** 63n))).toBeValidSpop(options);
    expect(ack().unsetVar('txn', 'a-b')).not.toBeValidSpop(options);
  });
});

describe('toBeBytes', () => {
  it('compares every byte, and the number of bytes', () => {
    expect(Uint8Array.of(1, 2)).toBeBytes('0102');
    expect(Uint8Array.of(1, 2)).not.toBeBytes('0103');
    expect(Uint8Array.of(1, 2)).not.toBeBytes('01');
    expect(Uint8Array.of(1)).not.toBeBytes('0102');
    expect(new Uint8Array(0)).not.toBeBytes('00');
  });
});
