import { type ArgumentsInput, data, notify as builder } from '@spop/builder';
import {
  address,
  binary,
  bool,
  defineMessage,
  Frame,
  int32,
  int64,
  integer,
  interned,
  ipv6,
  MessageSet,
  Notify,
  optional,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import * as fc from 'fast-check';
import { message, payloadOf } from '../support/arbitraries.ts';
import { frameOf } from '../support/frame-of.ts';
import { errorOf, expectSame, readPlainly } from '../support/plain-frames.ts';
import { checkNotify } from '../support/typed-views.ts';
import { capturedFrames, type Target } from './target.ts';

const definitions = [
  defineMessage('check-client-ip', { ip: address, ua: optional(string), method: interned(string), score: integer }),
  defineMessage('m', { ip: ipv6, id: int64, '': optional(binary), ok: bool }),
  defineMessage('check', { id: uint64, score: uint32, n: int32 }),
  // Names of seven bytes and more are compared in more than two words.
  defineMessage('headers', { 'user-agent': optional(string), referer: optional(string), 'x-forwarded-for': address }),
];
const notify = new Notify(new MessageSet(definitions));
const frame = new Frame();
const refuge = Buffer.alloc(4_096);

/** Declared messages, which no capture has. */
const EXAMPLES: readonly (readonly [string, ArgumentsInput])[] = [
  [
    'check-client-ip',
    [
      ['ip', Buffer.from([192, 0, 2, 1])],
      ['ua', 'curl'],
      ['method', 'GET'],
      ['score', -1],
    ],
  ],
  // Names that differ from declared ones in a byte that is neither at the beginning nor at the end.
  ['headers', { 'user-agent': 'a', referer: 'b' }],
  ['headers', { user_agent: 'a', refErer: 'b' }],
  ['heaDers', { 'user-aGent': 'a', refereR: 'b' }],
  // Arguments twice, undeclared ones in between, and arguments that are not in the declared order.
  [
    'm',
    [
      ['ok', true],
      ['a', 1],
      ['ok', false],
      ['id', 2_288n],
      ['id', 240n],
    ],
  ],
  ['check', { n: 1, score: -1, id: data.uint64(1n << 63n) }],
];

export const notifyViewTarget: Target = {
  name: 'notify-view',
  checks: 'declared messages read as their declarations promise: at once, moved, and refused once closed',
  maxBytes: 400,
  seeds: () => [
    ...EXAMPLES.map(([name, args]) => builder().message(name, args).message(name, args).toPayload()),
    ...capturedFrames([3], 300).map((bytes) => bytes.subarray(11)),
  ],
  inputs: () => fc.array(message(), { maxLength: 3 }).map(payloadOf),
  run(input) {
    const bytes = frameOf(3, Buffer.concat([Buffer.of(0, 0), input]));
    const {
      frames: [plain],
      error,
    } = readPlainly(bytes, bytes.length);
    frame.read(bytes, 0, bytes.length);
    if (plain?.type !== 'NOTIFY') {
      expectSame(
        errorOf(() => notify.read(frame)),
        error,
      );
      expectSame(notify.isOpen, false);
      return;
    }
    // A NOTIFY that comes again is read along the order of the first: every other input does.
    if (input.length % 2 === 1) notify.read(frame);
    const room = input.length > 4_000 ? Buffer.alloc(bytes.length) : refuge;
    checkNotify(notify, definitions, frame, plain.messages, room);
  },
};
