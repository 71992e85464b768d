import { type ArgumentsInput, data, type Message, notify as builder, type TypedData } from '@spop/builder';
import { argumentsOf } from '@spop/builder/arbitraries';
import {
  address,
  type AnyValueType,
  argumentState,
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
  oneOf,
  optional,
  SpopError,
  type SpopErrorCode,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import * as fc from 'fast-check';
import { ValueView } from '../../packages/codec/src/values/value.ts';
import { message as anyMessage, payloadOf } from '../support/arbitraries.ts';
import { frameOf } from '../support/frame-of.ts';
import { errorOf, expectSame, readPlainly, toPlainValue, utf8, walkMessages } from '../support/plain-frames.ts';
import { checkId, expectCode } from '../support/value-checks.ts';
import { capturedFrames, type Target } from './target.ts';

const integers = [integer, int32, uint32, int64, uint64];
const single = [address, string, interned(string), ...integers, bool, ipv4, ipv6, binary];
const TYPES: readonly AnyValueType[] = [...single, oneOf(string, address), oneOf(int64, ipv4, binary)];
/** Messages and their arguments. Names of seven bytes and more are compared in more than two words. */
const NAMES: readonly (readonly [message: string, args: readonly string[]])[] = [
  ['check-client-ip', ['ip', 'ua', 'method', 'score']],
  ['m', ['ip', 'id', '', 'ok', 'n']],
  ['check', ['id', 'score', 'n']],
  ['headers', ['user-agent', 'referer', 'x-forwarded-for']],
];

/** The declarations of a byte: each argument has another type for each of fourteen bytes in a row, and is then optional or not. */
function definitionsOf(choice: number): MessageDefinition[] {
  let place = choice;
  const typeOf = (): AnyValueType => {
    const type = TYPES[place++ % TYPES.length]!;
    return (place ^ Math.floor(choice / TYPES.length)) & 1 ? type : optional(type);
  };
  return NAMES.map(([name, args]) => defineMessage(name, Object.fromEntries(args.map((each) => [each, typeOf()]))));
}

/** The result of reading a declared argument: a value, the typed data of a view, or an error's code. */
type Read = { readonly value: unknown } | { readonly data: TypedData } | { readonly code: SpopErrorCode };

const RANGES: Readonly<Record<string, readonly [number, number]>> = {
  integer: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};
/** The wire types that a declared type takes, where they are not the one of its name. */
const WIRE_TYPES: Readonly<Record<string, readonly string[]>> = {
  ...Object.fromEntries(integers.map(({ kind }) => [kind, ['int32', 'uint32', 'int64', 'uint64']])),
  address: ['ipv4', 'ipv6'],
  interned: ['string'],
};

/** What the documentation of the declared type promises for an argument with this typed data. */
function promised({ kind, kinds, optional: isOptional }: AnyValueType, sent: TypedData | undefined): Read {
  if (sent === undefined || sent.type === 'null') {
    return isOptional ? { value: undefined } : { code: 'SPOP_MISSING_ARGUMENT' };
  }
  const taken: readonly string[] = kinds ?? [kind];
  if (!taken.some((each) => (WIRE_TYPES[each] ?? [each]).includes(sent.type))) return { code: 'SPOP_WRONG_TYPE' };
  const range = RANGES[kind];
  if (range !== undefined) {
    const number = Number(sent.value);
    return number >= range[0] && number <= range[1] ? { value: number } : { code: 'SPOP_UNSAFE_INTEGER' };
  }
  if (sent.type === 'bool') return { value: sent.value };
  if (kind === 'interned' && sent.type === 'string') return { value: utf8(sent.value) };
  // An IPv4 address that is mapped to IPv6 is shown as the IPv4 address, and keeps its type.
  if (taken.includes('address') && sent.type === 'ipv6') {
    return { data: { type: 'ipv6', value: sent.value.replace(/^::ffff:(?=.*\.)/, '') } };
  }
  return { data: sent };
}

function found(read: () => unknown): Read {
  try {
    const value = read();
    return value instanceof ValueView ? { data: toPlainValue(value) } : { value };
  } catch (error) {
    if (error instanceof SpopError) return { code: error.code };
    throw error;
  }
}

/**
 * Reads a NOTIFY frame through declared messages and fails unless each argument reads as its declaration promises for
 * `messages`, the plain content of the frame. It reads at once, then after the frame was moved and its old bytes were overwritten,
 * and then, as a refusal, after the NOTIFY was closed.
 */
function checkNotify(
  notify: Notify,
  definitions: readonly MessageDefinition[],
  frame: Frame,
  messages: readonly Message[],
): void {
  notify.read(frame);
  const ids = frame.bytes.toString('hex', frame.idsStart, frame.payloadStart);
  checkId(frame.toStreamId(), () => notify.streamId);
  checkId(frame.toFrameId(), () => notify.frameId);
  const declared = messages.filter(({ name }) => definitions.some((definition) => definition.name === name));
  expectSame(notify.messageCount, declared.length);
  const reads = declared.flatMap((message, place) => {
    const index = definitions.findIndex(({ name }) => name === message.name);
    expectSame(notify.definitionIndexAt(place), index);
    const view = notify.messageAt(place);
    return Object.entries(definitions[index]!.args).map(([name, type]) => {
      const sent = message.args.find((argument) => argument.name === name)?.value;
      const expected = promised(type, sent);
      const state = sent === undefined ? 'missing' : sent.type === 'null' ? 'null' : 'present';
      const read = (): Read => found(() => view[name]);
      expectSame([read(), argumentState(view, name)], [expected, state]);
      // The view that a handler holds on to.
      const held = 'data' in expected ? view[name] : undefined;
      return { view, name, expected, read, held };
    });
  });
  for (const definition of definitions) {
    const place = declared.findIndex(({ name }) => name === definition.name);
    expectSame(notify.get(definition) === (place < 0 ? undefined : notify.messageAt(place)), true);
  }
  expectSame(walkMessages(notify.walk()), messages);
  const size = frame.end - frame.start;
  expectSame(notify.moveTo(Buffer.alloc(size, 0x5a)), size);
  frame.bytes.fill(0x08);
  for (const { expected, read, held } of reads) {
    if (held instanceof ValueView) expectSame({ data: toPlainValue(held) }, expected);
    expectSame(read(), expected);
  }
  expectSame(walkMessages(notify.walk()), messages);
  expectSame(notify.bytes.toString('hex', notify.idsStart, notify.payloadStart), ids);
  notify.close();
  for (const { view, name, held } of reads) {
    expectCode('SPOP_VIEW_CLOSED', () => view[name]);
    expectCode('SPOP_VIEW_CLOSED', () => argumentState(view, name));
    if (!(held instanceof ValueView)) continue;
    expectCode('SPOP_VIEW_CLOSED', () => held.type);
    expectCode('SPOP_VIEW_CLOSED', () => held.toString());
  }
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
  const {
    frames: [plain],
    error,
  } = readPlainly(bytes, bytes.length);
  const frame = new Frame();
  frame.read(Buffer.concat([FOREIGN, bytes, rest]), FOREIGN.length, FOREIGN.length + bytes.length);
  if (plain?.type === 'NOTIFY') return checkNotify(notify, definitions, frame, plain.messages);
  expectSame(
    errorOf(() => notify.read(frame)),
    error,
  );
  expectSame(notify.isOpen, false);
}

/** Declared messages, which no capture has. */
const EXAMPLES: readonly (readonly [string, ArgumentsInput])[] = [
  ['check-client-ip', { ip: Buffer.from([192, 0, 2, 1]), ua: 'curl', method: 'GET', score: -1 }],
  ['check-client-ip', { ip: data.ipv6('::ffff:192.0.2.1') }],
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
  const any = anyMessage().map((message) => payloadOf([message]));
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
