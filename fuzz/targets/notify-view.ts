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
  SpopError,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import { expectSame, type Outcome, readPlainly } from '../support/plain-frames.ts';
import { checkNotify } from '../support/typed-views.ts';
import { capturedPayloads, frameAround } from './frames.ts';
import type { Target } from './target.ts';

const definitions = [
  defineMessage('check-client-ip', { ip: address, ua: optional(string), method: interned(string), score: integer }),
  defineMessage('m', { ip: ipv6, id: int64, '': optional(binary), ok: bool }),
  defineMessage('check', { id: uint64, score: uint32, n: int32 }),
  // Of seven bytes and more, which are compared in more than two words.
  defineMessage('headers', { 'user-agent': optional(string), referer: optional(string), 'x-forwarded-for': address }),
];
const notify = new Notify(new MessageSet(definitions));
const frame = new Frame();
const refuge = Buffer.alloc(4_096);

function name(text: string): Buffer {
  return Buffer.from([text.length, ...Buffer.from(text)]);
}

/** Messages with the declared names, which no capture has. */
function* declaredPayloads(): Generator<Buffer> {
  const ip = '0269700601020304';
  yield Buffer.from(`0f${Buffer.from('check-client-ip').toString('hex')}02${ip}02756108046375726c`, 'hex');
  // Names that differ from declared ones in a byte that is neither at the beginning nor at the end.
  for (const [message, one, other] of [
    ['headers', 'user-agent', 'referer'],
    ['headers', 'user_agent', 'refErer'],
    ['heaDers', 'user-agent', 'referer'],
    ['headers', 'user-aGent', 'refereR'],
  ] as const) {
    const args = [name(one), Buffer.of(8, 1, 0x61), name(other), Buffer.of(8, 1, 0x62)];
    yield Buffer.concat([name(message), Buffer.of(2), ...args]);
  }
  // An argument and a message twice, undeclared ones in between, and arguments that are not in the declared order.
  yield Buffer.from('016d04026f6b11016e0301026f6b01026964047b016d01026964047c', 'hex');
  yield Buffer.from('05636865636b03016e02010573636f72650302026964050a', 'hex');
  yield Buffer.from(`016d0202697007${'20010db8'.padEnd(32, '0')}026f6b11016d0102696404f000`, 'hex');
  yield Buffer.from(
    '05636865636b0302696405f0fffefefefefefe0e0573636f726503fff0fefe7e016e02f0fefefefefefefefe0e',
    'hex',
  );
}

export const notifyViewTarget: Target = {
  name: 'notify-view',
  checks: 'declared messages read as their declarations promise: at once, moved, and refused once closed',
  maxBytes: 400,
  *seeds() {
    yield* declaredPayloads();
    yield* capturedPayloads([3], 300);
  },
  run(input) {
    const { frames, error } = readPlainly(frameAround(3, input), 11 + input.length);
    const [plain] = frames;
    const bytes = frameAround(3, input);
    frame.read(bytes, 0, bytes.length);
    if (plain?.type !== 'NOTIFY') {
      expectRefused(error);
      return;
    }
    // A NOTIFY that comes again is read along the order of the first: every other input does.
    if (input.length % 2 === 1) notify.read(frame);
    checkNotify(notify, definitions, frame, plain.messages, refuge);
  },
};

/** Fails unless the frame is refused as the plain reader refused it. */
function expectRefused(error: Outcome['error']): void {
  try {
    notify.read(frame);
  } catch (thrown) {
    if (!(thrown instanceof SpopError)) throw thrown;
    expectSame({ code: thrown.code, status: thrown.status, offset: thrown.offset }, error);
    expectSame(notify.isOpen, false);
    return;
  }
  throw new Error(`expected ${error?.code}; found a NOTIFY of ${notify.messageCount} declared messages`);
}
