import { AssertionError } from 'node:assert';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { defineVariable, int32 } from '@spop/codec';
import '@spop/builder/vitest';
import { type Assertion, describe, expect, expectTypeOf, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  assertAck,
  assertBytes,
  assertDisconnect,
  assertMessage,
  assertNoActions,
  assertSetVar,
  assertUnsetVar,
  assertValid,
  data,
  matchers,
  notify,
  type Received,
  type SpopMatchers,
} from '../../src/index.ts';

const score = defineVariable('sess', 'score', int32);
const full = ack({ streamId: 3 })
  .setVar('sess', 'score', data.int32(100))
  .setVar('txn', 'ip', data.ipv4('10.0.0.1'))
  .setVar('txn', 'body', data.binary('x'))
  .setVar('txn', 'big', data.uint64(2n ** 64n - 1n))
  .setVar('txn', 'gone', 1)
  .unsetVar('txn', 'gone')
  .setVar('txn', 'null', data.nil);
const empty = ack();

function failureOf(run: () => void): Error {
  try {
    run();
  } catch (error) {
    if (error instanceof Error) return error;
  }
  throw new Error('expected an error');
}

/** The value as a caller without types passes it. */
function untyped(value: object): Received {
  return value as Received;
}

describe('matchers', () => {
  const received = full.toFrame();

  it('work with the expect.extend of any runner, with or without isNot', () => {
    const { pass, message } = matchers.toSetVar.call({}, received, score, 99);
    expect([pass, message()]).toEqual([false, expect.stringMatching(/^expected ACK 3:1 to set sess.score to 99, but/)]);
    const opposite = matchers.toSetVar.call({ isNot: true }, received, 'sess', 'score', 100);
    expect([opposite.pass, opposite.message()]).toEqual([true, expect.stringMatching(/^expected ACK 3:1 not to set /)]);
  });

  it('are those with a declared type', () => {
    expectTypeOf<keyof typeof matchers>().toEqualTypeOf<keyof SpopMatchers<void>>();
  });
});

describe('toSetVar', () => {
  it('accepts any value, a plain one, or an exact one', () => {
    expect(full).toSetVar('sess', 'score');
    expect(full).toSetVar('sess', 'score', 100);
    expect(full).toSetVar('sess', 'score', 100n);
    expect(full).toSetVar('sess', 'score', data.int32(100));
    expect(full).toSetVar('txn', 'ip', data.ipv4('10.0.0.1'));
    expect(full).toSetVar('txn', 'body', Uint8Array.of(0x78));
    expect(full).toSetVar('txn', 'big', 2n ** 64n - 1n);
    expect(full).toSetVar(score, 100);
    expect(full.toBytes()).toSetVar(score);
    expect(full.toFrame()).toSetVar(score);
  });

  it('fails for another value, type, scope or name', () => {
    expect(full).not.toSetVar('sess', 'score', 99);
    expect(full).not.toSetVar('sess', 'score', data.uint64(100));
    expect(full).not.toSetVar('txn', 'ip', '10.0.0.1');
    expect(full).not.toSetVar('txn', 'score');
    expect(full).not.toSetVar('sess', 'scores');
    expect(full).not.toSetVar('txn', 'gone');
    expect(empty).not.toSetVar(score);
  });

  it('shows the actions of the ACK when it fails', () => {
    const failure = failureOf(() => {
      expect(full).toSetVar('sess', 'score', 99);
    });
    expect(failure.message).toContain('expected ACK 3:1 to set sess.score to 99, but it sets INT32 100. Its actions:');
    expect(failure.message).toContain('\n  set-var txn.ip = IPV4 10.0.0.1\n');
    expect(failure).toMatchObject({ expected: 99, actual: data.int32(100) });
    expect(failureOf(() => expect(full).toSetVar('txn', 'gone')).message).toContain('but it unsets it.');
    expect(failureOf(() => expect(full).toSetVar('txn', 'null')).message).toContain(
      'but it unsets it, by setting NULL.',
    );
    expect(failureOf(() => expect(empty).toSetVar(score)).message).toContain('but it does not. It has no actions.');
    expect(failureOf(() => expect(notify().message('m')).toSetVar(score)).message).toContain(
      'expected an ACK; found NOTIFY',
    );
    expect(failureOf(() => expect(full).not.toSetVar(score)).message).toContain(
      'expected ACK 3:1 not to set sess.score.',
    );
  });
});

describe('the other matchers', () => {
  it('toUnsetVar accepts an unset-var and NULL', () => {
    expect(full).toUnsetVar('txn', 'gone');
    expect(full).toUnsetVar('txn', 'null');
    expect(full).not.toUnsetVar(score);
    expect(empty).not.toUnsetVar('txn', 'gone');
    expect(failureOf(() => expect(full).toUnsetVar(score)).message).toContain('expected ACK 3:1 to unset sess.score.');
  });

  it('toHaveNoActions', () => {
    expect(empty).toHaveNoActions();
    expect(empty.raw('00')).toHaveNoActions();
    expect(full).not.toHaveNoActions();
    expect(failureOf(() => expect(full).toHaveNoActions()).message).toContain('to have no actions. Its actions:');
  });

  it('toBeAck', () => {
    expect(full).toBeAck();
    expect(full).toBeAck({ streamId: 3, frameId: 1n });
    expect(full).toBeAck(notify({ streamId: 3 }).message('m').toFrame());
    expect(full).not.toBeAck({ streamId: 4, frameId: 1 });
    expect(notify().message('m')).not.toBeAck();
    expect(failureOf(() => expect(full).toBeAck({ streamId: 4, frameId: 1 })).message).toMatch(
      /the ACK of 4:1; found ACK 3:1/,
    );
  });

  it('toBeDisconnect', () => {
    expect(agentDisconnect({ statusCode: 4 })).toBeDisconnect();
    expect(agentDisconnect({ statusCode: 4 })).toBeDisconnect(4);
    expect(agentDisconnect({ statusCode: 4 })).not.toBeDisconnect(3);
    expect(agentDisconnect({ statusCode: null })).not.toBeDisconnect(0);
    expect(full).not.toBeDisconnect();
  });

  it('toHaveMessage', () => {
    const built = notify().message('a', { x: 1, y: 'z' }).message('b');
    expect(built).toHaveMessage('a');
    expect(built).toHaveMessage('a', { y: 'z' });
    expect(built).toHaveMessage('b');
    expect(built).not.toHaveMessage('c');
    expect(built).not.toHaveMessage('a', { x: 2 });
    expect(built).not.toHaveMessage('b', { x: 1 });
    expect(failureOf(() => expect(built).toHaveMessage('a', { x: 2 })).message).toContain(
      'a message "a" { x: 2 }; found NOTIFY',
    );
  });

  it('toBeValidSpop', () => {
    const options = { from: 'agent', state: 'established' } as const;
    expect(full).toBeValidSpop(options);
    expect(full).not.toBeValidSpop({ from: 'haproxy' });
    const failure = failureOf(() => expect(ack().setVar('txn', 'a-b', 1)).toBeValidSpop(options));
    expect(failure.message).toContain('error variable-name-characters: expected letters');
    expect(failure.message).toContain('variable name: "a-b"');
  });

  it('say what they found, if the opposite was expected', () => {
    const built = notify().message('a', { x: 1 });
    const texts: [string, () => void][] = [
      ['expected ACK 3:1 not to unset txn.gone. Its actions:\n', () => expect(full).not.toUnsetVar('txn', 'gone')],
      ['expected ACK 1:1 to have actions. It has no actions.', () => expect(empty).not.toHaveNoActions()],
      ['expected anything but an ACK; found ACK 1:1', () => expect(empty).not.toBeAck()],
      [
        'expected anything but a DISCONNECT with status code 4; found AGENT-DISCONNECT',
        () => expect(agentDisconnect({ statusCode: 4 })).not.toBeDisconnect(4),
      ],
      ['expected a NOTIFY without a message "a" { x: 1 }; found', () => expect(built).not.toHaveMessage('a', { x: 1 })],
      [
        'expected bytes that break a rule',
        () => expect(empty).not.toBeValidSpop({ from: 'agent', state: 'established' }),
      ],
      ['expected other bytes than these', () => expect(empty).not.toBeBytes(empty)],
    ];
    for (const [text, run] of texts) expect(failureOf(run).message).toContain(text);
  });

  it('fail for what is no ACK, for raw bytes, and for a frame in place of its bytes', () => {
    expect(failureOf(() => expect(notify()).toUnsetVar(score)).message).toContain('expected an ACK; found NOTIFY');
    expect(failureOf(() => expect(notify()).toHaveNoActions()).message).toContain('expected an ACK; found NOTIFY');
    const raw = failureOf(() => expect(notify().message('a')).toHaveMessage('a', { x: data.raw('10') }));
    expect(raw.message).toContain('a message "a" { x: raw bytes }; found NOTIFY');
    const parsed = failureOf(() => expect(full.toFrame()).toBeValidSpop({ from: 'agent' }));
    expect(parsed.message).toContain('expected bytes to validate; found a frame that was read from them');
  });

  it('refuse a scope without the name of a variable', () => {
    const call = (): unknown => Reflect.apply(matchers.toSetVar, {}, [full.toFrame(), 'sess', 1]);
    expect(failureOf(call).message).toContain('expected the name of a variable; found 1');
  });

  it('toBeBytes', () => {
    expect(empty).toBeBytes('00000007 67 00000001 01 01');
    expect(empty.toBytes()).toBeBytes(empty);
    expect(empty).not.toBeBytes('00');
    expect(failureOf(() => expect(empty).toBeBytes(ack({ streamId: 2 }))).message).toContain('expected the same bytes');
  });
});

describe('a Promise in place of a frame', () => {
  const sentence = 'expected a frame or bytes; found a Promise: await it first, as in expect(await haproxy.notify(…))';
  const promise = Promise.resolve(full.toFrame());
  const options = { from: 'agent' } as const;

  it.each<[string, (assertion: Assertion) => void]>([
    ['toSetVar', (assertion) => assertion.toSetVar(score, 100)],
    ['toUnsetVar', (assertion) => assertion.toUnsetVar(score)],
    ['toHaveNoActions', (assertion) => assertion.toHaveNoActions()],
    ['toBeAck', (assertion) => assertion.toBeAck()],
    ['toBeDisconnect', (assertion) => assertion.toBeDisconnect()],
    ['toHaveMessage', (assertion) => assertion.toHaveMessage('m')],
    ['toBeValidSpop', (assertion) => assertion.toBeValidSpop(options)],
    ['toBeBytes', (assertion) => assertion.toBeBytes('00')],
  ])('fails %s and its opposite with the advice to await it', (_, run) => {
    expect(failureOf(() => run(expect(promise))).message).toBe(sentence);
    expect(failureOf(() => run(expect(promise).not)).message).toBe(sentence);
  });

  it.each<[string, () => void]>([
    ['assertSetVar', () => assertSetVar(untyped(promise), score, 1)],
    ['assertAck', () => assertAck(untyped(promise))],
  ])('fails %s as well', (_, run) => {
    expect(failureOf(run).message).toBe(sentence);
  });

  it('causes no unhandled rejection if it rejects later', async () => {
    const rejections: unknown[] = [];
    const listener = (reason: unknown): void => void rejections.push(reason);
    process.on('unhandledRejection', listener);
    failureOf(() => expect(Promise.reject(new Error('too late'))).toBeAck());
    await nextTurn();
    process.off('unhandledRejection', listener);
    expect(rejections).toEqual([]);
  });

  it('may be awaited by vitest', async () => {
    await expect(promise).resolves.toSetVar(score, 100);
  });
});

describe('assertions on node:assert', () => {
  it('pass if the matchers pass', () => {
    assertSetVar(full, 'sess', 'score', 100);
    assertSetVar(full, score, data.int32(100));
    assertUnsetVar(full, 'txn', 'gone');
    assertNoActions(empty);
    assertAck(full, { streamId: 3, frameId: 1 });
    assertDisconnect(agentDisconnect(), 0);
    assertMessage(notify().message('a', { x: 1 }), 'a', { x: 1 });
    assertValid(full, { from: 'agent', state: 'established' });
    assertBytes(empty, '00000007 67 00000001 01 01');
  });

  it.each<[string, () => void]>([
    ['assertSetVar', () => assertSetVar(full, score, 1)],
    ['assertUnsetVar', () => assertUnsetVar(full, score)],
    ['assertNoActions', () => assertNoActions(full)],
    ['assertAck', () => assertAck(agentDisconnect())],
    ['assertDisconnect', () => assertDisconnect(full)],
    ['assertMessage', () => assertMessage(full, 'm')],
    ['assertValid', () => assertValid(full, { from: 'haproxy' })],
    ['assertBytes', () => assertBytes(full, '00')],
  ])('%s throws an AssertionError that begins in the test', (name, run) => {
    const failure = failureOf(run);
    expect(failure).toBeInstanceOf(AssertionError);
    expect(failure).toMatchObject({ operator: name });
    expect(failure.stack).not.toContain('assertions.ts');
  });
});
