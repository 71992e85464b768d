import type { Message, TypedData } from '@spop/builder';
import { toBytes } from '@spop/builder';
import {
  type AnyValueType,
  argumentState,
  type ArgumentTypes,
  type Frame,
  type MessageDefinition,
  type MessageView,
  type Notify,
  SpopError,
  type SpopErrorCode,
} from '@spop/codec';
import { ValueView } from '../../packages/codec/src/values/value.ts';
import { expectSame, toPlainValue, walkMessages } from './plain-frames.ts';
import { checkId, expectCode } from './value-checks.ts';

/** The result of reading a declared argument: a value of its own, the typed data of a view, or an error's code. */
type Read = { readonly value: unknown } | { readonly data: TypedData } | { readonly code: SpopErrorCode };

const integerRanges: Readonly<Record<string, readonly [number, number]>> = {
  integer: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};
const integerTypes: readonly string[] = ['int32', 'uint32', 'int64', 'uint64'];
const viewTypes: Readonly<Record<string, readonly string[]>> = {
  int64: integerTypes,
  uint64: integerTypes,
  ipv4: ['ipv4'],
  ipv6: ['ipv6'],
  address: ['ipv4', 'ipv6'],
  string: ['string'],
  binary: ['binary'],
};

/** What the documentation of the declared type promises for an argument with this typed data. */
function promised(type: AnyValueType, data: TypedData | undefined): Read {
  if (data === undefined || data.type === 'null') {
    return type.optional ? { value: undefined } : { code: 'SPOP_MISSING_ARGUMENT' };
  }
  const range = integerRanges[type.kind];
  if (range !== undefined) {
    if (!integerTypes.includes(data.type)) return { code: 'SPOP_WRONG_TYPE' };
    const number = Number('value' in data ? data.value : 0);
    return number >= range[0] && number <= range[1] ? { value: number } : { code: 'SPOP_UNSAFE_INTEGER' };
  }
  if (type.kind === 'bool') return data.type === 'bool' ? { value: data.value } : { code: 'SPOP_WRONG_TYPE' };
  if (type.kind === 'interned') {
    return data.type === 'string'
      ? { value: Buffer.from(toBytes(data.value)).toString('utf8') }
      : { code: 'SPOP_WRONG_TYPE' };
  }
  // An IPv4 address that is mapped to IPv6 keeps its type and nothing else.
  if (type.kind === 'address' && data.type === 'ipv6') {
    return { data: { type: 'ipv6', value: data.value.replace(/^::ffff:(?=.*\.)/, '') } };
  }
  return viewTypes[type.kind]!.includes(data.type) ? { data } : { code: 'SPOP_WRONG_TYPE' };
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

/** A declared argument of a message of the NOTIFY, and what it should read as. */
interface Expectation {
  readonly view: MessageView<ArgumentTypes>;
  readonly name: string;
  readonly promised: Read;
  /** The view that a first read gave: handlers hold on to it. */
  readonly held: unknown;
}

function firstOf(message: Message, name: string): TypedData | undefined {
  return message.args.find((argument) => argument.name === name)?.value;
}

function checkMessage(
  definition: MessageDefinition,
  view: MessageView<ArgumentTypes>,
  message: Message,
): Expectation[] {
  return Object.entries(definition.args).map(([name, type]) => {
    const data = firstOf(message, name);
    const expected = promised(type, data);
    expectSame(
      found(() => view[name]),
      expected,
    );
    const state = data === undefined ? 'missing' : data.type === 'null' ? 'null' : 'present';
    expectSame(argumentState(view, name), state);
    return { view, name, promised: expected, held: 'data' in expected ? view[name] : undefined };
  });
}

/**
 * Reads a NOTIFY frame through declared messages and fails unless each argument reads as its declaration promises for
 * `messages`, what the frame really holds: at once, after the frame was moved to `refuge` and its old bytes were
 * overwritten, and, as a refusal, after the NOTIFY was closed.
 */
export function checkNotify(
  notify: Notify,
  definitions: readonly MessageDefinition[],
  frame: Frame,
  messages: readonly Message[],
  refuge: Buffer,
): void {
  notify.read(frame);
  const ids = frame.bytes.toString('hex', frame.idsStart, frame.payloadStart);
  checkId(frame.toStreamId(), () => notify.streamId);
  checkId(frame.toFrameId(), () => notify.frameId);
  const declared = messages.flatMap((message) => {
    const index = definitions.findIndex((definition) => definition.name === message.name);
    return index < 0 ? [] : [{ message, index, definition: definitions[index]! }];
  });
  expectSame(notify.messageCount, declared.length);
  const expectations = declared.flatMap(({ message, index, definition }, place) => {
    expectSame(notify.definitionIndexAt(place), index);
    return checkMessage(definition, notify.messageAt(place), message);
  });
  for (const definition of definitions) {
    const place = declared.findIndex((each) => each.definition === definition);
    expectSame(notify.get(definition) === (place < 0 ? undefined : notify.messageAt(place)), true);
  }
  expectSame(walkMessages(notify.walk()), messages);
  const size = notify.moveTo(refuge);
  expectSame(size, frame.end - frame.start);
  if (frame.bytes !== refuge) frame.bytes.fill(0x08, frame.start, frame.end);
  for (const { view, name, promised: expected, held } of expectations) {
    if ('data' in expected)
      expectSame(
        found(() => held),
        expected,
      );
    expectSame(
      found(() => view[name]),
      expected,
    );
  }
  expectSame(walkMessages(notify.walk()), messages);
  expectSame(notify.bytes.toString('hex', notify.idsStart, notify.payloadStart), ids);
  notify.close();
  for (const { view, name, held } of expectations) {
    expectCode('SPOP_VIEW_CLOSED', () => view[name]);
    expectCode('SPOP_VIEW_CLOSED', () => argumentState(view, name));
    if (held instanceof ValueView) {
      expectCode('SPOP_VIEW_CLOSED', () => held.type);
      expectCode('SPOP_VIEW_CLOSED', () => held.toString());
    }
  }
}
