import { ack, type ArgumentsInput, data, haproxyHello, notify, unset } from '@spop/builder';

/** An input that is made of a part that comes again and again, and the target that runs it. */
type Shape = readonly [name: string, target: string, build: (repetitions: number) => Uint8Array];

function message(name: string, args: ArgumentsInput = []): Uint8Array {
  return notify().message(name, args).toPayload();
}

const times = (count: number, part: Uint8Array): Buffer => Buffer.concat(Array.from({ length: count }, () => part));
const declared = message('check', { id: 300, n: 1 });
const other = message('m', { ok: true });
const unknown = message('unknown', { p: null, q: 300, '': '\u00e9' });
const item = haproxyHello({ supportedVersions: null, maxFrameSize: null, capabilities: null }).item('x', 'abc');
const actions = ack().setVar('sess', 'x', 300).unsetVar('txn', 'y');
const asking = notify().message('check', { id: 300 }).toBytes();

/** Payloads for the target `payload`, by the index of the frame type there. */
const ofType = (index: number, payload: Uint8Array): Buffer => Buffer.from([index, 1, 0, 0, ...payload]);
/** Messages for the target `notify-view`, which reads twice what has an odd length. */
const even = (payload: Buffer): Buffer => (payload.length % 2 === 0 ? payload : Buffer.concat([payload, message('')]));

/** Ways in which work could grow faster than the input. */
export const shapes: readonly Shape[] = [
  ['a declared message again and again', 'notify-view', (count) => even(times(count, declared))],
  [
    'many of one message, then of another',
    'notify-view',
    (count) => even(Buffer.concat([times(count, declared), times(count, other)])),
  ],
  ['two declared messages in turn', 'notify-view', (count) => even(times(count, Buffer.concat([declared, other])))],
  ['messages that nobody declared', 'notify-view', (count) => even(times(count, unknown))],
  [
    'a declared argument again and again',
    'notify-view',
    (count) =>
      even(
        times(
          count,
          message(
            'm',
            times(40, Buffer.of(1))
              .toJSON()
              .data.map((id) => ['id', id] as const),
          ),
        ),
      ),
  ],
  [
    'messages, then a reserved type',
    'notify-view',
    (count) => even(Buffer.concat([times(count, declared), message('m', [data.raw('0f')])])),
  ],
  [
    'messages whose handlers settle later',
    'connection',
    (count) =>
      Buffer.concat([
        Buffer.of(8),
        haproxyHello().toBytes(),
        notify()
          .raw(times(count, message('later')))
          .toBytes(),
      ]),
  ],
  ['messages that are walked', 'payload', (count) => ofType(0, times(count, unknown))],
  ['items of a KV-list', 'payload', (count) => ofType(2, times(count, item.toPayload()))],
  [
    'one long string',
    'payload',
    (count) =>
      ofType(
        2,
        haproxyHello({})
          .item('x', Buffer.alloc(count * 32, 0xc3))
          .toPayload(),
      ),
  ],
  ['actions of an ACK', 'payload', (count) => ofType(1, times(count, actions.toPayload()))],
  ...[
    'a=for="[::1]",',
    'a:for="\\\\\\\\\\\\",',
    'a:\\\\\\\\\\\\"',
    'a:,,,,,,,,',
    'a:for=1;for=1;"',
    'a: b=1; a=1; a',
  ].map((line): Shape => [`text of ${line}`, 'text', (count) => Buffer.from(`a:${`${line}\r\n`.repeat(count)}\r\n`)]),
  ['whole frames in one chunk', 'frame-stream', (count) => Buffer.concat([Buffer.of(0), times(count, asking)])],
  ['whole frames byte by byte', 'frame-stream', (count) => Buffer.concat([Buffer.of(1, 1), times(count, asking)])],
  ['frames cut at odd places', 'frame-stream', (count) => Buffer.concat([Buffer.of(1, 7), times(count, asking)])],
  [
    'one frame byte by byte',
    'frame-stream',
    (count) => Buffer.from([1, 1, ...unset({}, Buffer.alloc(count * 16)).toBytes()]),
  ],
];
