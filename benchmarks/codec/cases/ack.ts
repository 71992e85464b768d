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
import { type Allowance, type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { encodeAck } from '../../naive/codec.ts';
import { bytesOf, frameOf, question, tiny } from '../frames.ts';

const LIMIT = 16_384;

const scoreVariable = defineVariable('sess', 'ip_score', int32);
const reasonVariable = defineVariable('txn', 'reason', string);

/** Eight characters each. They take turns, as they do in an agent. */
const reasons = ['listed01', 'allowed2', 'tor-exit', 'scanner4'];

/** One `AckWriter`, one buffer, and the ids of a NOTIFY; `write` adds the actions. */
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

/** One set-var, to four values in turn. */
function oneSetVar<Write>(
  type: ValueType<unknown, Write>,
  values: readonly Write[],
  what: string,
  unoptimised?: Allowance,
): Case {
  const variable = defineVariable('txn', 'value', type);
  const spop = (): Operation => ack((actions, turn) => actions.set(variable, values[turn & 3]!));
  return spopCase(`ack ${type.kind}`, `one set-var of ${what}`, spop, unoptimised);
}

/** The integer and the text of `ack two set-vars`, by the naive codec. */
function naiveSetVars(): Operation {
  let turn = 0;
  return () => {
    turn = (turn + 1) & 0x7f;
    const bytes = encodeAck(1001n, 1n, [
      { scope: 'sess', name: 'ip_score', value: BigInt(turn) },
      { scope: 'txn', name: 'reason', value: reasons[turn & 3]! },
    ]);
    return bytes.length + bytes[bytes.length - 1]!;
  };
}

const label = defineVariable('txn', 'label', string);
const client = defineVariable('txn', 'client', ipv6);

const texts = ['', 'a reason of more than thirty characters', 'größer', 'x'.repeat(200)];
/** A text among them makes V8 keep each number boxed: reading a double from an array of doubles would box it again. */
const boxed: readonly unknown[] = ['', 4_000_000_000, 4_000_000_001, 4_000_000_002, 4_000_000_003];

/** Bytes of a double on the heap. */
const BOX = 16;

/** Only what `ack string` does with Node's own `Buffer.write`. */
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
  spopCase('ack null', 'one set-var to NULL', () => ack((actions) => actions.setNull(label))),
  oneSetVar(bool, [false, true, false, true], 'BOOL'),
  oneSetVar(int32, [-1, -240, -(2 ** 31), 2 ** 31 - 1], 'INT32, negative ones among the values', {
    why: 'one value in four, -2^31, leaves 32 bits in between',
    bytes: BOX / 4,
  }),
  oneSetVar(uint32, boxed.slice(1) as number[], 'UINT32 above 2^31', {
    why: 'the upper half is found by dividing',
    bytes: BOX,
  }),
  oneSetVar(integer, [1, 2, 3, 127], 'INT64 from a number that fits 32 bits'),
  oneSetVar(int64, [-1n, 2n ** 62n, -(2n ** 63n), 2n ** 53n], 'INT64 from a bigint', {
    why: 'one value in four, -2^63, leaves 32 bits in between',
    bytes: BOX / 4,
  }),
  oneSetVar(uint64, [1, 2, 3, 127], 'UINT64 from a number'),
  oneSetVar(ipv4, ['192.0.2.1', '198.51.100.200', '203.0.113.77', '10.0.0.1'], 'IPv4 from text'),
  oneSetVar(ipv6, ['2001:db8::1', '2001:db8:0:1:2:3:4:5', '::1', 'fe80::1:2:3'], 'IPv6 from text'),
  oneSetVar(string, texts, 'STRING: empty, long, beyond ASCII', {
    why: "the arguments inside of Node's Buffer.write",
    like: writeTexts,
  }),
  oneSetVar(
    binary,
    [0, 1, 2, 3].map((index) => Buffer.alloc(20, index)),
    'BINARY, 20 bytes',
  ),
  spopCase('ack unset-var', 'one unset-var', () => ack((actions) => actions.unset(label))),
];

const echo = defineMessage('echo', { ip: address, text: string });

/** Values that go from the NOTIFY into the ACK as views, never as text. */
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
    subjects: {
      spop: () => ack((actions, turn) => actions.set(scoreVariable, turn).set(reasonVariable, reasons[turn & 3]!)),
      naive: naiveSetVars,
    },
  },
  spopCase('ack without actions', 'an ACK that sets nothing', () => ack(() => {})),
  ...perType,
  spopCase('ack echo', 'an address and a text of the NOTIFY, set as views', echoViews),
];
