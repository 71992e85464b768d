import { data, type ValueInput } from '@spop/builder';
import {
  FrameReader,
  type MessageOf,
  MessageSet,
  Notify,
  address,
  defineMessage,
  integer,
  interned,
  string,
} from '@spop/codec';
import { type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { checkRequest, scoreOf } from '../../load/spop-jobs.ts';
import { FrameDecoder, decodeMessages, type Value } from '../../naive/codec.ts';
import { bytesOf, question, realistic, tiny, twoMessages } from '../frames.ts';
import { fromChunk } from '../operations.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });

const logRequest = defineMessage('log-request', { method: interned(string), path: string, status: integer });

const decodeTiny = (): Operation => fromChunk(tiny, checkClientIp, ({ ip }) => ip.byteAt(3));

const decodeRealistic = (): Operation => fromChunk(realistic, checkRequest, scoreOf);

function decodeTwoMessages(): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([checkClientIp, logRequest]));
  return () => {
    reader.push(twoMessages);
    notify.read(reader.next()!);
    const request = notify.get(logRequest)!;
    const sum =
      notify.get(checkClientIp)!.ip.byteAt(3) + request.method.length + request.path.byteLength + request.status;
    notify.close();
    return sum;
  };
}

/** Cuts the frame in three, inside its head, its names and its values. */
function decodePieces(): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([checkRequest]));
  return () => {
    reader.push(realistic, 0, 3);
    let sum = reader.next() === undefined ? 1 : 0;
    reader.push(realistic, 3, 200);
    sum += reader.next() === undefined ? 1 : 0;
    reader.push(realistic, 200, realistic.length);
    notify.read(reader.next()!);
    const message = notify.get(checkRequest)!;
    sum += message.path.byteLength + message.headers.byteLength + message.src_port;
    notify.close();
    // The carry is empty again, as at the start.
    if (reader.next() !== undefined) throw new Error('expected one frame');
    return sum;
  };
}

const reordered = defineMessage('log-request', { method: string, path: string, status: integer, src: address });
/** Three of the eight arguments that the realistic NOTIFY has, none of them at its place. */
const fewOfMany = defineMessage('check-request', { path: string, src_port: integer, host: string });

/** One message three times, as HAProxy sends it if three groups of an event list the same `spoe-message`. */
const sameName: Buffer = bytesOf(
  ['203.0.113.77', '198.51.100.7', '192.0.2.1'].reduce(
    (frame, ip) => frame.message('check-client-ip', { ip: data.ipv4(ip) }),
    question,
  ),
);

const inOrder: [string, ValueInput][] = [
  ['method', 'POST'],
  ['path', '/basket/items'],
  ['status', 201],
  ['src', data.ipv4('203.0.113.77')],
];

/** Two NOTIFYs, the second with its arguments in reverse order, so that each guess from the last NOTIFY is wrong. */
const otherOrders: Buffer = Buffer.concat(
  [inOrder, inOrder.toReversed()].map((args) => bytesOf(question.message('log-request', args))),
);

function decodeSameName(): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([checkClientIp]));
  return () => {
    reader.push(sameName);
    notify.read(reader.next()!);
    let sum = 0;
    for (let i = 0; i < notify.messageCount; i++) {
      // The set has no other definition.
      const { ip } = notify.messageAt(i) as MessageOf<typeof checkClientIp>;
      sum += ip.byteAt(3);
    }
    notify.close();
    return sum;
  };
}

function decodeOtherOrders(): Operation {
  const reader = new FrameReader();
  const notify = new Notify(new MessageSet([reordered]));
  return () => {
    reader.push(otherOrders);
    let sum = 0;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      notify.read(frame);
      const message = notify.get(reordered)!;
      sum += message.method.byteLength + message.path.byteLength + message.status + message.src.byteAt(3);
      notify.close();
    }
    return sum;
  };
}

const decodeFewOfMany = (): Operation =>
  fromChunk(realistic, fewOfMany, (message) => message.path.byteLength + message.src_port + message.host.byteLength);

/** The naive codec, from the chunk to something of every value in it. */
function naive(chunk: Buffer): Operation {
  const decoder = new FrameDecoder(16_380);
  return () => {
    let sum = 0;
    for (const { payload } of decoder.push(chunk)) {
      for (const { name, args } of decodeMessages(payload)) {
        sum += name.length;
        for (const value of args.values()) sum += weigh(value);
      }
    }
    return sum;
  };
}

function weigh(value: Value): number {
  if (typeof value === 'bigint') return Number(value & 0xffn);
  if (typeof value === 'boolean') return value ? 1 : 0;
  return value === null ? 0 : value.length;
}

export const cases: readonly Case[] = [
  {
    name: 'decode tiny',
    what: 'a NOTIFY with one IPv4 address: from the chunk to the declared argument',
    subjects: { spop: decodeTiny, naive: () => naive(tiny) },
  },
  {
    name: 'decode realistic',
    what: 'a NOTIFY with eight arguments, 600 bytes of headers among them: each is found and read',
    subjects: { spop: decodeRealistic, naive: () => naive(realistic) },
  },
  spopCase('decode two messages', 'two messages in one NOTIFY, both found and read', decodeTwoMessages),
  spopCase('decode in pieces', 'the realistic NOTIFY in three chunks, cut in its head and in its values', decodePieces),
  spopCase('decode same name', 'one message three times in a NOTIFY, each of them read', decodeSameName),
  spopCase(
    'decode other orders',
    'two NOTIFYs whose four arguments come in one order and in reverse, each argument read',
    decodeOtherOrders,
  ),
  spopCase(
    'decode few of many',
    'the realistic NOTIFY with three of its eight arguments declared, undeclared ones in between',
    decodeFewOfMany,
  ),
];
