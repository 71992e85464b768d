import { data, type ValueInput } from '@spop/builder';
import { FrameReader, type MessageOf, MessageSet, Notify, address, defineMessage, integer, string } from '@spop/codec';
import type { Case } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { bytesOf, question, realistic } from '../frames.ts';
import { fromChunk } from '../operations.ts';
import { addUp, naiveChunks } from './yardsticks.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address });
const logRequest = defineMessage('log-request', { method: string, path: string, status: integer, src: address });
/** Three of the eight arguments that the realistic NOTIFY has, none of them at its place. */
const fewOfMany = defineMessage('check-request', { path: string, port: integer, host: string });

/** One message three times, as three groups of an event that list the same `spoe-message` give it. */
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

/** Two NOTIFYs, the second with its arguments the other way round: no guess from the last one holds. */
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
  const notify = new Notify(new MessageSet([logRequest]));
  return () => {
    reader.push(otherOrders);
    let sum = 0;
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      notify.read(frame);
      const message = notify.get(logRequest)!;
      sum += message.method.byteLength + message.path.byteLength + message.status + message.src.byteAt(3);
      notify.close();
    }
    return sum;
  };
}

const decodeFewOfMany = (): Operation =>
  fromChunk(realistic, fewOfMany, ({ path, port, host }) => path.byteLength + port + host.byteLength);

export const cases: readonly Case[] = [
  {
    name: 'decode same name',
    what: 'one message three times in a NOTIFY, each of them read',
    frameBytes: sameName.length,
    subjects: { spop: decodeSameName, naive: () => naiveChunks([sameName]), floor: () => addUp(sameName) },
  },
  {
    name: 'decode other orders',
    what: 'two NOTIFYs whose four arguments come in one order and in the other, each argument read',
    frameBytes: otherOrders.length,
    subjects: { spop: decodeOtherOrders, naive: () => naiveChunks([otherOrders]), floor: () => addUp(otherOrders) },
  },
  {
    name: 'decode few of many',
    what: 'the realistic NOTIFY with three of its eight arguments declared, undeclared ones in between',
    frameBytes: realistic.length,
    subjects: { spop: decodeFewOfMany, naive: () => naiveChunks([realistic]), floor: () => addUp(realistic) },
  },
];
