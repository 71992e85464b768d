import { data } from '@spop/builder';
import {
  AckWriter,
  type Actions,
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
  type ValueType,
} from '@spop/codec';
import type { Allowance, Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { type Action, type TypedValue, encodeAck } from '../../naive/encode.ts';
import { bytesOf, frameOf, question, tiny } from '../frames.ts';
import { fillIn } from './yardsticks.ts';

const LIMIT = 16_384;

const scoreVariable = defineVariable('sess', 'ip_score', int32);
const reasonVariable = defineVariable('txn', 'reason', string);

/** Eight characters each; which one it is changes, as it does for an agent. */
const reasons = ['listed01', 'allowed2', 'tor-exit', 'scanner4'];

/** One `AckWriter`, one buffer, and the ids of a NOTIFY: `write` says what goes in. */
function ack(write: (actions: Actions, turn: number) => void): Operation {
  const frame = frameOf(tiny);
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

function naive(actions: (turn: number) => Action[]): Operation {
  let turn = 0;
  return () => {
    turn = (turn + 1) & 0x7f;
    const bytes = encodeAck(1001n, 1n, actions(turn));
    return bytes.length + bytes[bytes.length - 1]!;
  };
}

/** An ACK of one action; the floor writes as many bytes as the naive codec does. */
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

/** An ACK of one set-var, to four values in turn. */
function oneSetVar<Write>(
  type: ValueType<unknown, Write>,
  values: readonly Write[],
  toTyped: (value: Write) => TypedValue,
  what: string,
  unoptimised?: Allowance,
): Case {
  const variable = defineVariable('txn', 'value', type);
  return oneAction(
    `ack ${type.kind}`,
    `one set-var of ${what}`,
    (actions, turn) => actions.set(variable, values[turn & 3]!),
    (turn) => ({ action: 'set-var', scope: 'txn', name: 'value', value: toTyped(values[turn & 3]!) }),
    unoptimised,
  );
}

const twoSetVars = (turn: number): Action[] => [
  { action: 'set-var', scope: 'sess', name: 'ip_score', value: { type: 'int32', value: turn } },
  { action: 'set-var', scope: 'txn', name: 'reason', value: { type: 'string', value: reasons[turn & 3]! } },
];

const label = defineVariable('txn', 'label', string);
const client = defineVariable('txn', 'client', ipv6);

const texts = ['', 'a reason of more than thirty characters', 'größer', 'x'.repeat(200)];
/** With text among them, so that each number is boxed already: reading a double from an array of doubles boxes it again. */
const boxed: readonly unknown[] = ['', 4_000_000_000, 4_000_000_001, 4_000_000_002, 4_000_000_003];

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
  oneSetVar(bool, [false, true, false, true], (value) => ({ type: 'bool', value }), 'BOOL'),
  oneSetVar(
    int32,
    [-1, -240, -(2 ** 31), 2 ** 31 - 1],
    (value) => ({ type: 'int32', value }),
    'INT32, negative ones among the values',
    { why: 'one value in four, -2^31, leaves 32 bits in between', bytes: BOX / 4 },
  ),
  oneSetVar(uint32, boxed.slice(1) as number[], (value) => ({ type: 'uint32', value }), 'UINT32 above 2^31', {
    why: 'the upper half is found by dividing',
    bytes: BOX,
  }),
  oneSetVar(integer, [1, 2, 3, 127], (value) => ({ type: 'int64', value }), 'INT64 from a number that fits 32 bits'),
  oneSetVar(
    int64,
    [-1n, 2n ** 62n, -(2n ** 63n), 2n ** 53n],
    (value) => ({ type: 'int64', value }),
    'INT64 from a bigint',
    { why: 'one value in four, -2^63, leaves 32 bits in between', bytes: BOX / 4 },
  ),
  oneSetVar(uint64, [1, 2, 3, 127], (value) => ({ type: 'uint64', value }), 'UINT64 from a number'),
  oneSetVar(
    ipv4,
    ['192.0.2.1', '198.51.100.200', '203.0.113.77', '10.0.0.1'],
    (value) => ({ type: 'ipv4', value }),
    'IPv4 from text',
  ),
  oneSetVar(
    ipv6,
    ['2001:db8::1', '2001:db8:0:1:2:3:4:5', '::1', 'fe80::1:2:3'],
    (value) => ({ type: 'ipv6', value }),
    'IPv6 from text',
  ),
  oneSetVar(string, texts, (value) => ({ type: 'string', value }), 'STRING: empty, long, beyond ASCII', {
    why: "the arguments inside of Node's Buffer.write",
    like: writeTexts,
  }),
  oneSetVar(
    binary,
    [0, 1, 2, 3].map((index) => Buffer.alloc(20, index)),
    (value) => ({ type: 'binary', value }),
    'BINARY, 20 bytes',
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
  const bytes = bytesOf(question.message('echo', { ip: data.ipv6('2001:db8::7'), text: 'from the request' }));
  const frame = frameOf(bytes);
  const notify = new Notify(new MessageSet([echo]));
  const writer = new AckWriter();
  const buffer = Buffer.alloc(LIMIT);
  return () => {
    notify.read(frame);
    const message = notify.get(echo)!;
    writer.beginAck(buffer, 0, LIMIT, notify);
    writer.set(client, message.ip).set(label, message.text);
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
