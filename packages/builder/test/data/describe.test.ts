import { describe, expect, it } from 'vitest';
import { describe as describeValue, describeFlags, describeTypedData } from '../../src/data/describe.ts';
import type { AckFrame } from '../../src/data/model.ts';
import { summarize } from '../../src/data/summary.ts';
import {
  ack,
  type BytesInput,
  data,
  frame,
  fragment,
  haproxyDisconnect,
  notify,
  parse,
  unset,
} from '../../src/index.ts';

describe('flags', () => {
  it.each([
    [0, '0'],
    [1, '1 FIN'],
    [2, '2 ABORT'],
    [3, '3 FIN|ABORT'],
    [4, '4 reserved'],
    [5, '5 FIN|reserved'],
    [6, '6 ABORT|reserved'],
    [2 ** 32 - 1, '4294967295 FIN|ABORT|reserved'],
  ])('of %i are shown as %s', (flags, text) => {
    expect(describeFlags(flags)).toBe(text);
  });
});

describe('typed data', () => {
  it.each([
    [data.nil, 'NULL'],
    [data.withFlags(data.nil, 3), 'NULL (with meaningless flags 3)'],
    [data.bool(true), 'BOOL true'],
    [data.int32(-1), 'INT32 -1'],
    [data.uint64(2n ** 64n - 1n), 'UINT64 18446744073709551615'],
    [data.ipv6('::1'), 'IPV6 ::1'],
    [data.string('a"\udc80'), String.raw`STRING "a\"\x80"`],
    [data.withFlags(data.string('a'), 15), 'STRING "a" (with meaningless flags 15)'],
    [data.binary(new Uint8Array(0)), 'BINARY of 0 bytes'],
    [data.binary(new Uint8Array(1)), 'BINARY of 1 byte'],
    [data.withFlags(data.binary(new Uint8Array(2)), 1), 'BINARY of 2 bytes (with meaningless flags 1)'],
  ])('%o is shown as %s', (typed, text) => {
    expect(describeTypedData(typed)).toBe(text);
  });
});

describe('any value', () => {
  it.each<[value: unknown, text: string]>([
    ['a"', String.raw`"a\""`],
    [5n, '5n'],
    [5, '5'],
    [true, 'true'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Symbol('s'), 'Symbol(s)'],
    [new Uint8Array(3), '3 bytes'],
    [{ type: 'int32' }, 'a value of type int32'],
    [{ type: 7 }, 'a value of type 7'],
    [{}, 'an object'],
    [[1], 'an object'],
  ])('%o is shown as %s', (value, text) => {
    expect(describeValue(value)).toBe(text);
  });
});

describe('a frame in one line', () => {
  const [begun] = fragment(notify().message('m', { a: 'text' }), 5);

  it.each<[text: string, input: BytesInput | undefined]>([
    ['ACK 1:1 no actions', ack()],
    ['ACK no actions', ack({ streamId: 0, frameId: 0 })],
    ['ACK 0:1 no actions', ack({ streamId: 0, frameId: 1 })],
    ['ACK 1:0 no actions', ack({ streamId: 1, frameId: 0 })],
    ['ACK 1:1 flags 3 no actions', ack({ flags: 3 })],
    [
      'ACK 1:1 set-var sess.score = INT32 42; unset-var txn.old',
      ack().setVar('sess', 'score', data.int32(42)).unsetVar('txn', 'old'),
    ],
    [
      'NOTIFY 1:1 "a" { (unnamed): INT64 1, n: STRING "x" } "b" {  }',
      notify()
        .message('a', [data.int64(1), ['n', 'x']])
        .message('b'),
    ],
    ['NOTIFY-FRAGMENT 1:1 flags 0 5 bytes of payload', begun],
    ['UNSET 1:1 1 bytes of payload', unset({}, '00')],
    ['UNKNOWN 2 bytes of payload', frame(200, {}, '00 01')],
    [
      'HAPROXY-DISCONNECT status-code: UINT32 2, message: STRING "x"',
      haproxyDisconnect({ statusCode: 2, message: 'x' }),
    ],
  ])('is %s', (text, input) => {
    expect(parse(input ?? new Uint8Array(0)).map(summarize)).toEqual([text]);
  });

  it('is cut after 2,000 characters', () => {
    const long = (length: number): AckFrame => {
      const name = 'n'.repeat(length - 'ACK 1:1 unset-var txn.'.length);
      return { type: 'ACK', flags: 1, streamId: 1n, frameId: 1n, actions: [{ type: 'unset-var', scope: 'txn', name }] };
    };
    expect(summarize(long(2_000))).toBe(`ACK 1:1 unset-var txn.${'n'.repeat(1_978)}`);
    expect(summarize(long(2_001))).toBe(`ACK 1:1 unset-var txn.${'n'.repeat(1_978)}… (2001 characters)`);
  });
});
