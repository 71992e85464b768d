import { type ArgumentsInput, data, notify as builder } from '@spop/builder';
import { argumentsOf } from '@spop/builder/arbitraries';
import {
  address,
  type AnyValueType,
  binary,
  bool,
  defineMessage,
  Frame,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  type MessageDefinition,
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

const integers = [integer, int32, uint32, int64, uint64];
const TYPES: readonly AnyValueType[] = [address, string, interned(string), ...integers, bool, ipv4, ipv6, binary];
/** Messages and their arguments. Names of seven bytes and more are compared in more than two words. */
const NAMES: readonly (readonly [message: string, args: readonly string[]])[] = [
  ['check-client-ip', ['ip', 'ua', 'method', 'score']],
  ['m', ['ip', 'id', '', 'ok', 'n']],
  ['check', ['id', 'score', 'n']],
  ['headers', ['user-agent', 'referer', 'x-forwarded-for']],
];

/** The declarations of a byte: each argument has another type for each of twelve bytes in a row, and is then optional or not. */
function definitionsOf(choice: number): MessageDefinition[] {
  let place = choice;
  const typeOf = (): AnyValueType => {
    const type = TYPES[place++ % TYPES.length]!;
    return (place ^ Math.floor(choice / TYPES.length)) & 1 ? type : optional(type);
  };
  return NAMES.map(([name, args]) => defineMessage(name, Object.fromEntries(args.map((each) => [each, typeOf()]))));
}

const FOREIGN = Buffer.alloc(8, 0xff);

/** Fails unless the NOTIFY reads as its declarations promise, or is refused as by the plain reader, with `rest` after it. */
function checkPayload(
  notify: Notify,
  definitions: readonly MessageDefinition[],
  payload: Uint8Array,
  rest: Uint8Array,
): void {
  const bytes = frameOf(3, Buffer.concat([Buffer.of(0, 0), payload]));
  const [plain] = readPlainly(bytes, bytes.length).frames;
  const frame = new Frame();
  frame.read(Buffer.concat([FOREIGN, bytes, rest]), FOREIGN.length, FOREIGN.length + bytes.length);
  if (plain?.type === 'NOTIFY') return checkNotify(notify, definitions, frame, plain.messages);
  expectSame(
    errorOf(() => notify.read(frame)),
    readPlainly(bytes, bytes.length).error,
  );
  expectSame(notify.isOpen, false);
}

/** Declared messages, which no capture has. */
const EXAMPLES: readonly (readonly [string, ArgumentsInput])[] = [
  ['check-client-ip', { ip: Buffer.from([192, 0, 2, 1]), ua: 'curl', method: 'GET', score: -1 }],
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

/** Payloads of messages of any names and values, and of messages that fit their declaration. */
function payloads(choice: number): fc.Arbitrary<Uint8Array> {
  const fitting = definitionsOf(choice).map((definition) =>
    argumentsOf(definition).map((args) => builder().message(definition, args).toPayload()),
  );
  const any = message().map((one) => payloadOf([one]));
  return fc.array(fc.oneof(any, ...fitting), { maxLength: 4 }).map((parts) => Buffer.concat(parts));
}

export const notifyViewTarget: Target = {
  name: 'notify-view',
  checks:
    'declared messages read as their declarations promise, after any other: at once, moved, and refused once closed',
  maxBytes: 400,
  seeds: () => [
    ...EXAMPLES.map(([name, args]) =>
      Buffer.from([0, 9, ...builder().message(name, args).message(name, args).toPayload()]),
    ),
    ...capturedFrames([3], 300).map((bytes) => Buffer.from([1, 30, ...bytes.subarray(11)])),
  ],
  inputs: () =>
    fc
      .tuple(fc.nat({ max: 255 }), fc.nat({ max: 255 }))
      .chain(([choice, at]) => payloads(choice).map((payload) => Buffer.from([choice, at, ...payload]))),
  run(input) {
    // The first byte chooses the declarations, the second one a place in the payload, which follows.
    const [choice = 0, at = 0] = input;
    const payload = input.subarray(2);
    const place = payload.length === 0 ? 0 : at % payload.length;
    const changed = Buffer.from(payload);
    if (payload.length > 0) changed[place]! ^= 1;
    const definitions = definitionsOf(choice);
    const notify = new Notify(new MessageSet(definitions));
    // A NOTIFY is read along the order of the one before. It may equal that one, fall short of it, or differ from it in one bit.
    checkPayload(notify, definitions, payload, FOREIGN);
    checkPayload(notify, definitions, payload.subarray(0, place), payload.subarray(place));
    checkPayload(notify, definitions, payload, FOREIGN);
    checkPayload(notify, definitions, changed, Buffer.alloc(0));
  },
};
