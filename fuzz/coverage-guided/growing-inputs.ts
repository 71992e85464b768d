import { once } from 'node:events';
import { type Duplex, duplexPair } from 'node:stream';
import { createAgent } from '@spop/agent';
import { ack, type ArgumentsInput, data, haproxyHello, notify } from '@spop/builder';
import {
  ActionReader,
  AddressReader,
  CookieReader,
  defineMessage,
  type Frame,
  FrameReader,
  FrameType,
  HeaderReader,
  int64,
  interned,
  KvListReader,
  MessageReader,
  MessageSet,
  Notify,
  optional,
  SpopError,
  string,
} from '@spop/codec';
import { frameAround } from '../targets/frames.ts';

/** Inputs that grow by repeating one part, and the way to read them. */
type Shape = readonly [
  name: string,
  build: (repetitions: number) => Buffer,
  read: (bytes: Buffer) => void | Promise<void>,
];

const MAX_FRAME_SIZE = 1 << 20;
const definitionOfA = defineMessage('a', { x: optional(int64), y: optional(string), '': optional(int64) });
const definitionOfB = defineMessage('b', { x: optional(interned(string)) });
const definitions = [definitionOfA, definitionOfB];

/** Pushes the bytes in chunks of `size` and reads whole frames with `readFrame`. */
function feed(bytes: Buffer, size: number, readFrame: (frame: Frame) => void): void {
  const reader = new FrameReader({ maxFrameSize: MAX_FRAME_SIZE });
  for (let at = 0; at < bytes.length; at += size) {
    reader.push(bytes, at, Math.min(at + size, bytes.length));
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) readFrame(frame);
  }
}

function readNotify(bytes: Buffer): void {
  const notify = new Notify(new MessageSet(definitions));
  feed(bytes, bytes.length, (frame) => {
    notify.read(frame);
    for (let index = 0; index < notify.messageCount; index++) {
      const view = notify.messageAt(index);
      for (const name of ['x', 'y', '']) void view[name];
    }
    const walk = notify.walk();
    while (walk.next()) while (walk.nextArgument()) void walk.value.type;
    notify.moveTo(Buffer.alloc(notify.byteLength));
    notify.close();
  });
}

/** Has an agent answer, whose handlers settle in a later turn of the event loop. */
async function answerLater(bytes: Buffer): Promise<void> {
  const agent = createAgent();
  const settleLater = (): Promise<void> => new Promise(setImmediate);
  agent.onMessage(definitionOfA, settleLater);
  agent.onMessage(definitionOfB, settleLater);
  const [haproxy, stream] = duplexPair();
  agent.handle(stream);
  await answered(haproxy, haproxyHello({ maxFrameSize: MAX_FRAME_SIZE }).toBytes());
  await answered(haproxy, bytes);
  const closed = agent.close({ graceMs: 0 });
  haproxy.resume().end();
  await closed;
}

async function answered(haproxy: Duplex, bytes: Uint8Array): Promise<void> {
  haproxy.write(bytes);
  await once(haproxy, 'data');
}

function walkMessages(bytes: Buffer): void {
  const messages = new MessageReader();
  feed(bytes, bytes.length, (frame) => {
    messages.read(frame);
    while (messages.next()) {
      messages.name.equals('a');
      while (messages.nextArgument()) messages.argumentName.equals('x');
    }
  });
}

function walkItems(bytes: Buffer): void {
  const list = new KvListReader();
  feed(bytes, bytes.length, (frame) => {
    list.read(frame);
    while (list.next()) list.value.toString();
  });
}

function walkActions(bytes: Buffer): void {
  const actions = new ActionReader();
  feed(bytes, bytes.length, (frame) => {
    actions.read(frame);
    while (actions.next()) actions.name.equals('x');
  });
}

/** Goes through all that readers find in the item `x` of a KV-list. */
function readTexts(bytes: Buffer): void {
  const list = new KvListReader();
  const addresses = new AddressReader();
  const headers = new HeaderReader();
  const cookies = new CookieReader('a');
  feed(bytes, bytes.length, (frame) => {
    for (list.read(frame); list.next();) {
      if (!list.name.equals('x')) continue;
      addresses.readForwarded(list.value);
      while (addresses.next());
      addresses.readXForwardedFor(list.value);
      while (addresses.next());
      cookies.read(list.value);
      for (headers.read(list.value); headers.next(););
    }
  });
}

/** A KV-list with one item `x`. */
function helloWith(value: string | Uint8Array): Buffer {
  return Buffer.from(haproxyHello({}).item('x', value).toBytes());
}

/** A text of lines that are alike, as it would stand in `req.hdrs`. */
function lines(line: string): (repetitions: number) => Buffer {
  return (repetitions) => helloWith(`a:${`${line}\r\n`.repeat(repetitions)}\r\n`);
}

/** Reads until the error that the bytes end in. */
function untilRefused(read: (bytes: Buffer) => void): (bytes: Buffer) => void {
  return (bytes) => {
    try {
      read(bytes);
    } catch (error) {
      if (!(error instanceof SpopError)) throw error;
      return;
    }
    throw new Error('expected an input that is refused');
  };
}

/** A frame whose payload is a part that comes again and again, and an end. */
function repeated(type: number, part: Uint8Array, end: Uint8Array = Buffer.alloc(0)): (repetitions: number) => Buffer {
  return (repetitions) => frameAround(type, Buffer.concat([...times(repetitions, part), end]));
}

function times(count: number, part: Uint8Array): Uint8Array[] {
  return Array.from({ length: count }, () => part);
}

function message(name: string, args: ArgumentsInput = []): Uint8Array {
  return notify().message(name, args).toPayload();
}

const a = message('a');
const b = message('b');
const frameOfA = frameAround(FrameType.Notify, a);

function frames(count: number): Buffer {
  return Buffer.concat(times(count, frameOfA));
}

function inChunksOf(size: number): (bytes: Buffer) => void {
  return (bytes) => feed(bytes, size, () => undefined);
}

const unknownArguments: ArgumentsInput = [
  ['p', null],
  ['q', 300],
  ['', '\u00e9'],
];
const sameArguments: ArgumentsInput = times(40, Buffer.alloc(3)).map((value) => ['x', value] as const);

/** Ways in which work could grow faster than the input. */
export const shapes: readonly Shape[] = [
  ['a declared message again and again', repeated(FrameType.Notify, a), readNotify],
  [
    'one declared message after many of the other',
    (count) => frameAround(FrameType.Notify, Buffer.concat([...times(count, a), ...times(count, b)])),
    readNotify,
  ],
  ['two declared messages in turn', repeated(FrameType.Notify, Buffer.concat([a, b])), readNotify],
  ['messages whose handlers settle later', repeated(FrameType.Notify, Buffer.concat([a, b])), answerLater],
  ['messages that nobody declared', repeated(FrameType.Notify, message('z')), readNotify],
  ['arguments that nobody declared', repeated(FrameType.Notify, message('b', unknownArguments)), readNotify],
  ['a declared argument again and again', repeated(FrameType.Notify, message('z', sameArguments)), readNotify],
  ['messages that are only walked', repeated(FrameType.Notify, message('a', unknownArguments)), walkMessages],
  [
    'messages and then a reserved type',
    repeated(FrameType.Notify, a, message('a', [data.raw('0f')])),
    untilRefused(readNotify),
  ],
  ['items of a KV-list', repeated(FrameType.HaproxyHello, haproxyHello().item('x', 'abc').toPayload()), walkItems],
  ['one long string', (count) => helloWith(Buffer.alloc(count * 64, 0xc3)), walkItems],
  [
    'actions of an ACK',
    repeated(FrameType.Ack, ack().setVar('sess', 'x', 300).unsetVar('txn', 'y').toPayload()),
    walkActions,
  ],
  ...[
    'a=for="[::1]",',
    'a:for="\\\\\\\\\\\\",',
    'a:\\\\\\\\\\\\"',
    'a:,,,,,,,,',
    'a:for=1;for=1;"',
    'a: b=1; a=1; a',
  ].map((line): Shape => [`text of ${line}`, lines(line), readTexts]),
  ['whole frames in one chunk', frames, inChunksOf(MAX_FRAME_SIZE)],
  ['whole frames byte by byte', frames, inChunksOf(1)],
  ['frames cut at odd places', frames, inChunksOf(7)],
  ['one frame byte by byte', (count) => frameAround(FrameType.Unset, Buffer.alloc(count * 16)), inChunksOf(1)],
];
