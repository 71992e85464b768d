import {
  FrameReader,
  MessageSet,
  Notify,
  address,
  bool,
  defineMessage,
  integer,
  interned,
  optional,
  string,
} from '@spop/codec';
import type { Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { realistic, tiny, twoMessages } from '../frames.ts';
import { fromChunk } from '../operations.ts';
import { addUp, naiveChunks } from './yardsticks.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });

const logRequest = defineMessage('log-request', { method: interned(string), path: string, status: integer });

/** Declared in the order of the wire, as one copies it from HAProxy's configuration. */
const checkRequest = defineMessage('check-request', {
  method: interned(string),
  path: string,
  query: optional(string),
  src: address,
  port: integer,
  headers: string,
  host: string,
  ssl: bool,
});

const decodeTiny = (): Operation => fromChunk(tiny, checkClientIp, ({ ip }) => ip.byteAt(3));

const decodeRealistic = (): Operation =>
  fromChunk(
    realistic,
    checkRequest,
    (message) =>
      message.method.length +
      message.path.byteLength +
      message.query!.byteLength +
      message.src.byteAt(3) +
      message.port +
      message.headers.byteLength +
      message.host.byteLength +
      (message.ssl ? 1 : 0),
  );

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
    sum += message.path.byteLength + message.headers.byteLength + message.port;
    notify.close();
    // The carry is empty again, as at the start.
    if (reader.next() !== undefined) throw new Error('expected one frame');
    return sum;
  };
}

const pieces = [realistic.subarray(0, 3), realistic.subarray(3, 200), realistic.subarray(200)];

export const cases: readonly Case[] = [
  {
    name: 'decode tiny',
    what: 'a NOTIFY with one IPv4 address: from the chunk to the declared argument',
    frameBytes: tiny.length,
    subjects: { spop: decodeTiny, naive: () => naiveChunks([tiny]), floor: () => addUp(tiny) },
  },
  {
    name: 'decode realistic',
    what: 'a NOTIFY with eight arguments, 600 bytes of headers among them, each one resolved and read',
    frameBytes: realistic.length,
    subjects: { spop: decodeRealistic, naive: () => naiveChunks([realistic]), floor: () => addUp(realistic) },
  },
  {
    name: 'decode two messages',
    what: 'two messages in one NOTIFY, both resolved',
    frameBytes: twoMessages.length,
    subjects: { spop: decodeTwoMessages, naive: () => naiveChunks([twoMessages]), floor: () => addUp(twoMessages) },
  },
  {
    name: 'decode in pieces',
    what: 'the realistic NOTIFY in three chunks, cut in its head and in its values',
    frameBytes: realistic.length,
    subjects: { spop: decodePieces, naive: () => naiveChunks(pieces), floor: () => addUp(realistic) },
  },
];
