import { ack, type ArgumentsInput, data, haproxyHello, notify, unset } from '@spop/builder';

/** An input in which a part comes again and again, and the target that runs it. */
export interface Shape {
  readonly name: string;
  readonly target: string;
  build(repetitions: number): Uint8Array;
}

function message(name: string, args: ArgumentsInput = []): Uint8Array {
  return notify().message(name, args).toPayload();
}

function times(count: number, part: Uint8Array): Buffer {
  return Buffer.concat(Array.from({ length: count }, () => part));
}

const declared = message('check', { id: 300, n: 1 });
const other = message('m', { ok: true });
const unknown = message('unknown', { p: null, q: 300, '': '\u00e9' });
const sameIds = message(
  'm',
  Array.from({ length: 10 }, () => ['id', 1] as const),
);
const item = haproxyHello({ supportedVersions: null, maxFrameSize: null, capabilities: null }).item('x', 'abc');
const actions = ack().setVar('sess', 'x', 300).unsetVar('txn', 'y');
const asking = notify().message('check', { id: 300 }).toBytes();

/** Messages for the target `notify-view`, after the two bytes with which its inputs begin. */
function declarations(name: string, ...parts: readonly Uint8Array[]): Shape {
  const build = (count: number): Buffer => Buffer.concat([Buffer.of(5, 0), ...parts.map((part) => times(count, part))]);
  return { name, target: 'notify-view', build };
}

/** A payload for the target `payload`, after the four bytes with which its inputs begin: the index of the frame type, FIN, and ids. */
function payload(name: string, type: number, part: Uint8Array): Shape {
  return { name, target: 'payload', build: (count) => Buffer.concat([Buffer.of(type, 1, 0, 0), times(count, part)]) };
}

/** Frames for the target `frame-stream`, after the sizes of the chunks and their number. */
function frames(name: string, sizes: readonly number[]): Shape {
  const build = (count: number): Buffer => Buffer.from([sizes.length, ...sizes, ...times(count, asking)]);
  return { name, target: 'frame-stream', build };
}

function text(line: string): Shape {
  const build = (count: number): Buffer => Buffer.from(`a:${`${line}\r\n`.repeat(count)}\r\n`);
  return { name: `text of ${line}`, target: 'text', build };
}

/** Ways in which work could grow faster than the input. */
export const shapes: readonly Shape[] = [
  declarations('a declared message again and again', declared),
  declarations('many of one message, then of another', declared, other),
  declarations('two declared messages in turn', Buffer.concat([declared, other])),
  declarations('messages that nobody declared', unknown),
  declarations('a declared argument again and again', sameIds),
  declarations('messages, then as many with a reserved type', declared, message('m', [data.raw('0f')])),
  {
    name: 'messages whose handlers settle later',
    target: 'connection',
    build: (count) => {
      const later = notify().raw(times(count, message('later')));
      return Buffer.from([8, ...haproxyHello().toBytes(), ...later.toBytes()]);
    },
  },
  payload('messages that are walked', 0, unknown),
  payload('items of a KV-list', 2, item.toPayload()),
  {
    name: 'one long string',
    target: 'payload',
    build: (count) => {
      const long = haproxyHello({}).item('x', Buffer.alloc(count * 32, 0xc3));
      return Buffer.concat([Buffer.of(2, 1, 0, 0), long.toPayload()]);
    },
  },
  payload('actions of an ACK', 1, actions.toPayload()),
  ...[
    'a=for="[::1]",',
    'a:for="\\\\\\\\\\\\",',
    'a:\\\\\\\\\\\\"',
    'a:,,,,,,,,',
    'a:for=1;for=1;"',
    'a: b=1; a=1; a',
  ].map(text),
  frames('whole frames in one chunk', []),
  frames('whole frames byte by byte', [1]),
  frames('frames cut at odd places', [7]),
  {
    name: 'one frame byte by byte',
    target: 'frame-stream',
    build: (count) => Buffer.from([1, 1, ...unset({}, Buffer.alloc(count * 16)).toBytes()]),
  },
];
