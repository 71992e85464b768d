import {
  AckWriter,
  type Actions,
  type Frame,
  FrameReader,
  Notify,
  MessageSet,
  address,
  binary,
  bool,
  defineMessage,
  defineVariable,
  int32,
  int64,
  integer,
  ipv4,
  ipv6,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import type { Allowance, Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { type Action, encodeAck } from '../../naive/encode.ts';
import { notifyFrame, tiny } from '../frames.ts';
import { fillIn } from './floor.ts';

const LIMIT = 16_384;

const scoreVariable = defineVariable('sess', 'ip_score', int32);
const reasonVariable = defineVariable('txn', 'reason', string);

/** Eight characters each; which one it is changes, as it does for an agent. */
const reasons = ['listed01', 'allowed2', 'tor-exit', 'scanner4'];

/** One `AckWriter`, one buffer, and the ids of a NOTIFY: `write` says what goes in. */
function ack(write: (actions: Actions, turn: number) => void): Operation {
  const frame = firstFrame(tiny);
  const writer = new AckWriter();
  const buffer = Buffer.alloc(LIMIT);
  let turn = 0;
  return () => {
    turn = (turn + 1) & 0x7f;
    writer.beginAck(buffer, 0, LIMIT, frame);
    write(writer, turn);
    const end = writer.end();
    return end + buffer[end - 1]!;
  };
}

function firstFrame(bytes: Buffer): Frame {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next()!;
}

function naive(actions: (turn: number) => Action[]): Operation {
  let turn = 0;
  return () => {
    turn = (turn + 1) & 0x7f;
    const bytes = encodeAck(1001n, 1n, actions(turn));
    return bytes.length + bytes[bytes.length - 1]!;
  };
}

/** The ACK case of one action; the floor writes as many bytes as the naive codec did. */
function oneAction(
  name: string,
  what: string,
  write: (actions: Actions, turn: number) => void,
  action: (turn: number) => Action,
  unoptimised?: Allowance,
): Case {
  const frameBytes = encodeAck(1001n, 1n, [action(1)]).length;
  return {
    name,
    what,
    frameBytes,
    subjects: {
      spop: () => ack(write),
      naive: () => naive((turn) => [action(turn)]),
      floor: () => fillIn(frameBytes),
    },
    ...(unoptimised === undefined ? {} : { unoptimised }),
  };
}

const twoSetVars = (turn: number): Action[] => [
  { action: 'set-var', scope: 'sess', name: 'ip_score', value: { type: 'int32', value: turn } },
  { action: 'set-var', scope: 'txn', name: 'reason', value: { type: 'string', value: reasons[turn & 3]! } },
];

const flag = defineVariable('txn', 'flag', bool);
const count = defineVariable('txn', 'count', uint32);
const plain = defineVariable('txn', 'plain', integer);
const signed = defineVariable('txn', 'signed', int64);
const unsigned = defineVariable('txn', 'unsigned', uint64);
const client4 = defineVariable('txn', 'client4', ipv4);
const client6 = defineVariable('txn', 'client6', ipv6);
const label = defineVariable('txn', 'label', string);
const digest = defineVariable('txn', 'digest', binary);

const signs = [-1, -240, -(2 ** 31), 2 ** 31 - 1];
const bigs = [-1n, 2n ** 62n, -(2n ** 63n), 2n ** 53n];
/** Mixed with text, so that each number is boxed already: reading a double from an array of doubles boxes it anew. */
const large: readonly unknown[] = ['', 4_000_000_000, 4_000_000_001, 4_000_000_002, 4_000_000_003];
const addresses4 = ['192.0.2.1', '198.51.100.200', '203.0.113.77', '10.0.0.1'];
const addresses6 = ['2001:db8::1', '2001:db8:0:1:2:3:4:5', '::1', 'fe80::1:2:3'];
const texts = ['', 'a reason of more than thirty characters', 'größer', 'x'.repeat(200)];
const digests = [0, 1, 2, 3].map((index) => Buffer.alloc(20, index));

/** What a double takes on the heap. */
const BOX = 16;

/** The long texts of `ack string` as the codec writes them, by Node's own writer, and nothing else. */
function writeTexts(): Operation {
  const buffer = Buffer.alloc(LIMIT);
  let turn = 0;
  return () => {
    turn = (turn + 1) & 3;
    const text = texts[turn]!;
    if (text.length > 79) return buffer.write(text, 1, Buffer.byteLength(text, 'utf8'), 'utf8');
    return text.length === 0 ? 0 : buffer.write(text, 1, 'utf8');
  };
}

const perType: readonly Case[] = [
  oneAction(
    'ack null',
    'one set-var to NULL',
    (actions) => actions.setNull(label),
    () => ({ action: 'set-var', scope: 'txn', name: 'label', value: { type: 'null' } }),
  ),
  oneAction(
    'ack bool',
    'one set-var of BOOL',
    (actions, turn) => actions.set(flag, (turn & 1) !== 0),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'flag', value: { type: 'bool', value: (turn & 1) !== 0 } }),
  ),
  oneAction(
    'ack int32',
    'one set-var of INT32, negative ones among the values',
    (actions, turn) => actions.set(scoreVariable, signs[turn & 3]!),
    (turn) => ({
      action: 'set-var',
      scope: 'sess',
      name: 'ip_score',
      value: { type: 'int32', value: signs[turn & 3]! },
    }),
    { why: 'one value in four, -2^31, leaves 32 bits in between', bytes: BOX / 4 },
  ),
  oneAction(
    'ack uint32',
    'one set-var of UINT32 above 2^31',
    (actions, turn) => actions.set(count, large[1 + (turn & 3)] as number),
    (turn) => ({
      action: 'set-var',
      scope: 'txn',
      name: 'count',
      value: { type: 'uint32', value: large[1 + (turn & 3)] as number },
    }),
    { why: 'the upper half is found by dividing', bytes: BOX },
  ),
  oneAction(
    'ack integer',
    'one set-var of INT64 from a number that fits 32 bits',
    (actions, turn) => actions.set(plain, turn),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'plain', value: { type: 'int64', value: turn } }),
  ),
  oneAction(
    'ack int64',
    'one set-var of INT64 from a bigint',
    (actions, turn) => actions.set(signed, bigs[turn & 3]!),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'signed', value: { type: 'int64', value: bigs[turn & 3]! } }),
    { why: 'one value in four, -2^63, leaves 32 bits in between', bytes: BOX / 4 },
  ),
  oneAction(
    'ack uint64',
    'one set-var of UINT64 from a number',
    (actions, turn) => actions.set(unsigned, turn),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'unsigned', value: { type: 'uint64', value: turn } }),
  ),
  oneAction(
    'ack ipv4',
    'one set-var of IPv4 from text',
    (actions, turn) => actions.set(client4, addresses4[turn & 3]!),
    (turn) => ({
      action: 'set-var',
      scope: 'txn',
      name: 'client4',
      value: { type: 'ipv4', value: addresses4[turn & 3]! },
    }),
  ),
  oneAction(
    'ack ipv6',
    'one set-var of IPv6 from text',
    (actions, turn) => actions.set(client6, addresses6[turn & 3]!),
    (turn) => ({
      action: 'set-var',
      scope: 'txn',
      name: 'client6',
      value: { type: 'ipv6', value: addresses6[turn & 3]! },
    }),
  ),
  oneAction(
    'ack string',
    'one set-var of STRING: empty, long, beyond ASCII',
    (actions, turn) => actions.set(label, texts[turn & 3]!),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'label', value: { type: 'string', value: texts[turn & 3]! } }),
    { why: "the arguments inside of Node's Buffer.write", like: writeTexts },
  ),
  oneAction(
    'ack binary',
    'one set-var of BINARY, 20 bytes',
    (actions, turn) => actions.set(digest, digests[turn & 3]!),
    (turn) => ({
      action: 'set-var',
      scope: 'txn',
      name: 'digest',
      value: { type: 'binary', value: digests[turn & 3]! },
    }),
  ),
  oneAction(
    'ack unset-var',
    'one unset-var',
    (actions) => actions.unset(label),
    () => ({ action: 'unset-var', scope: 'txn', name: 'label' }),
  ),
];

const echo = defineMessage('echo', { ip: address, text: string });

/** Values that go from the NOTIFY to the ACK as views, never as text. */
function echoViews(): Operation {
  const bytes = notifyFrame([
    [
      'echo',
      [
        ['ip', { type: 'ipv6', value: '2001:db8::7' }],
        ['text', { type: 'string', value: 'from the request' }],
      ],
    ],
  ]);
  const frame = firstFrame(bytes);
  const notify = new Notify(new MessageSet([echo]));
  const writer = new AckWriter();
  const buffer = Buffer.alloc(LIMIT);
  return () => {
    notify.read(frame);
    const message = notify.get(echo)!;
    writer.beginAck(buffer, 0, LIMIT, notify);
    writer.set(client6, message.ip).set(label, message.text);
    const end = writer.end();
    notify.close();
    return end;
  };
}

export const cases: readonly Case[] = [
  {
    name: 'ack two set-vars',
    what: 'an ACK with an integer and a text of eight characters',
    frameBytes: encodeAck(1001n, 1n, twoSetVars(1)).length,
    subjects: {
      spop: () => ack((actions, turn) => actions.set(scoreVariable, turn).set(reasonVariable, reasons[turn & 3]!)),
      naive: () => naive(twoSetVars),
      floor: () => fillIn(encodeAck(1001n, 1n, twoSetVars(1)).length),
    },
  },
  {
    name: 'ack without actions',
    what: 'an ACK that sets nothing',
    subjects: { spop: () => ack(() => {}), naive: () => naive(() => []) },
  },
  ...perType,
  { name: 'ack echo', what: 'an address and a text handed on from the NOTIFY as views', subjects: { spop: echoViews } },
];
