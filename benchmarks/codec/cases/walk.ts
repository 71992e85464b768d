import { data, notify, type ValueInput } from '@spop/builder';
import {
  AckWriter,
  MessageSet,
  Notify,
  address,
  argumentState,
  binary,
  defineMessage,
  defineVariable,
  int32,
  integer,
  optional,
  string,
  uint32,
} from '@spop/codec';
import { type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { bytesOf, frameOf, question, realistic, twoMessages } from '../frames.ts';
import { fromFrame } from '../operations.ts';

/** Every message and argument in its order, with nothing declared. */
function walkAll(): Operation {
  const frame = frameOf(realistic);
  const notify = new Notify(new MessageSet([]));
  return () => {
    notify.read(frame);
    let sum = 0;
    const messages = notify.walk();
    while (messages.next()) {
      if (messages.name.equals('check-request')) sum += messages.argumentCount;
      while (messages.nextArgument()) {
        sum += messages.argumentName.byteLength;
        if (messages.argumentName.equals('src_port')) sum += messages.value.toNumber();
        else if (!messages.value.isNull) sum += messages.value.type;
      }
    }
    notify.close();
    return sum;
  };
}

/** Declared in another order than the wire's. A message and an argument of the frame are not declared. */
const logOnly = defineMessage('log-request', { status: integer, missing: optional(string), method: string });

const otherOrder = (): Operation =>
  fromFrame(twoMessages, logOnly, (message) => {
    const state = argumentState(message, 'missing');
    return message.status + message.method.byteLength + (message.missing === undefined ? 1 : 0) + state.length;
  });

/** Two frames whose messages and arguments change places, so that each guess from the last frame is wrong. */
const swapped = [
  ['first', 'second', 'third'],
  ['third', 'first', 'second'],
].map((names, turn) => {
  const args: [string, ValueInput][] = [
    ['', 'unnamed'],
    ...names.map((name): [string, ValueInput] => [name, data.uint32(7)]),
    ['first', data.uint32(8)],
  ];
  const frame =
    turn === 0
      ? question.message('swapped', args).message('other')
      : question.message('other').message('swapped', args);
  return frameOf(bytesOf(frame));
});
const swappedMessage = defineMessage('swapped', { second: uint32, first: uint32, third: uint32 });
const otherMessage = defineMessage('other', {});

function wrongGuesses(): Operation {
  const notify = new Notify(new MessageSet([swappedMessage, otherMessage]));
  let turn = 0;
  return () => {
    turn ^= 1;
    notify.read(swapped[turn]!);
    const message = notify.get(swappedMessage)!;
    const sum = message.first + message.second + message.third + notify.definitionIndexAt(turn);
    notify.close();
    return sum;
  };
}

const longIds = bytesOf(notify({ streamId: 2 ** 30, frameId: 70_000 }));

function frameIds(): Operation {
  const frame = frameOf(longIds);
  const other = frameOf(twoMessages);
  return () => {
    frame.read(longIds, 0, longIds.length);
    const flags = (frame.fin ? 1 : 0) + (frame.abort ? 2 : 0);
    return frame.streamId + frame.frameId + flags + (frame.hasIdsOf(other) ? 4 : 0);
  };
}

const keyed = defineMessage('keyed', { key: binary, client: address });
const keyedFrame = bytesOf(
  question.message('keyed', { key: Buffer.from('0123456789abcdef'), client: data.ipv6('2001:db8::1') }),
);
const score = defineVariable('sess', 'ip_score', int32);

/** The needs of an asynchronous handler: the frame and the begun ACK are copied to other buffers, and used there. */
function moveAside(): Operation {
  const frame = frameOf(keyedFrame);
  const notify = new Notify(new MessageSet([keyed]));
  const ack = new AckWriter();
  const shared = Buffer.alloc(4_096);
  const own = Buffer.alloc(4_096);
  const answer = Buffer.alloc(4_096);
  const key = Buffer.from('0123456789abcdef');
  return () => {
    notify.read(frame);
    const view = notify.get(keyed)!.key;
    ack.beginAck(shared, 100, 4_096, notify);
    ack.set(score, 1);
    notify.moveTo(own);
    ack.moveTo(answer, 4_096);
    ack.reset();
    const sum =
      (view.equals(key) ? 1 : 0) + view.copyTo(shared, 0) + notify.streamId + notify.frameId + notify.byteLength;
    ack.set(score, 2);
    notify.close();
    return sum + ack.end();
  };
}

export const cases: readonly Case[] = [
  spopCase('walk all', 'the realistic NOTIFY walked with nothing declared', walkAll),
  spopCase(
    'other order',
    'arguments declared in another order than they come, among a message and arguments not declared',
    otherOrder,
  ),
  spopCase(
    'wrong guesses',
    'messages and arguments whose order changes from frame to frame, an unnamed and a repeated one among them',
    wrongGuesses,
  ),
  spopCase('frame ids', 'a frame with ids of five and three bytes: read and compared', frameIds),
  spopCase('move aside', 'a frame and a begun ACK moved to other buffers and used there', moveAside),
];
