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
interface Shape {
  readonly shape: string;
  readonly build: (repetitions: number) => Buffer;
  readonly read: (bytes: Buffer) => void;
}

const MAX_FRAME_SIZE = 1 << 20;
const definitions = [
  defineMessage('a', { x: optional(int64), y: optional(string), '': optional(int64) }),
  defineMessage('b', { x: optional(interned(string)) }),
];

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

/** A text of lines that are alike, as it would stand in `req.hdrs`. */
function lines(line: string): (repetitions: number) => Buffer {
  return (repetitions) =>
    Buffer.from(
      haproxyHello({})
        .item('x', `a:${`${line}\r\n`.repeat(repetitions)}\r\n`)
        .toBytes(),
    );
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
  { shape: 'a declared message again and again', build: repeated(FrameType.Notify, a), read: readNotify },
  {
    shape: 'one declared message after many of the other',
    build: (count) => frameAround(FrameType.Notify, Buffer.concat([...times(count, a), ...times(count, b)])),
    read: readNotify,
  },
  {
    shape: 'two declared messages in turn',
    build: repeated(FrameType.Notify, Buffer.concat([a, b])),
    read: readNotify,
  },
  { shape: 'messages that nobody declared', build: repeated(FrameType.Notify, message('z')), read: readNotify },
  {
    shape: 'arguments that nobody declared',
    build: repeated(FrameType.Notify, message('b', unknownArguments)),
    read: readNotify,
  },
  {
    shape: 'a declared argument again and again',
    build: repeated(FrameType.Notify, message('z', sameArguments)),
    read: readNotify,
  },
  {
    shape: 'messages that are only walked',
    build: repeated(FrameType.Notify, message('a', unknownArguments)),
    read: walkMessages,
  },
  {
    shape: 'messages and then a reserved type',
    build: repeated(FrameType.Notify, a, message('a', [data.raw('0f')])),
    read: untilRefused(readNotify),
  },
  {
    shape: 'items of a KV-list',
    build: repeated(FrameType.HaproxyHello, haproxyHello().item('x', 'abc').toPayload()),
    read: walkItems,
  },
  {
    shape: 'one long string',
    build: (count) =>
      Buffer.from(
        haproxyHello({})
          .item('x', Buffer.alloc(count * 64, 0xc3))
          .toBytes(),
      ),
    read: walkItems,
  },
  {
    shape: 'actions of an ACK',
    build: repeated(FrameType.Ack, ack().setVar('sess', 'x', 300).unsetVar('txn', 'y').toPayload()),
    read: walkActions,
  },
  ...[
    'a=for="[::1]",',
    'a:for="\\\\\\\\\\\\",',
    'a:\\\\\\\\\\\\"',
    'a:,,,,,,,,',
    'a:for=1;for=1;"',
    'a: b=1; a=1; a',
  ].map((line) => ({ shape: `text of ${line}`, build: lines(line), read: readTexts })),
  { shape: 'whole frames in one chunk', build: frames, read: inChunksOf(MAX_FRAME_SIZE) },
  { shape: 'whole frames byte by byte', build: frames, read: inChunksOf(1) },
  { shape: 'frames cut at odd places', build: frames, read: inChunksOf(7) },
  {
    shape: 'one frame byte by byte',
    build: (count) => frameAround(FrameType.Unset, Buffer.alloc(count * 16)),
    read: inChunksOf(1),
  },
];
