import type { Message, TypedData } from '@spop/builder';
import {
  type AnyValueType,
  argumentState,
  type Frame,
  type MessageDefinition,
  type Notify,
  SpopError,
  type SpopErrorCode,
} from '@spop/codec';
import { ValueView } from '../../packages/codec/src/values/value.ts';
import { expectSame, toPlainValue, utf8, walkMessages } from './plain-frames.ts';
import { checkId, expectCode } from './value-checks.ts';

/** The result of reading a declared argument: a value, the typed data of a view, or an error's code. */
type Read = { readonly value: unknown } | { readonly data: TypedData } | { readonly code: SpopErrorCode };

const integerTypes: readonly string[] = ['int32', 'uint32', 'int64', 'uint64'];
const integerRanges: Readonly<Record<string, readonly [number, number]>> = {
  integer: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
};
/** The wire types that a declared type takes, where they are not the one of its name. */
const wireTypes: Readonly<Record<string, readonly string[]>> = {
  integer: integerTypes,
  int32: integerTypes,
  uint32: integerTypes,
  int64: integerTypes,
  uint64: integerTypes,
  address: ['ipv4', 'ipv6'],
  interned: ['string'],
};

/** What the documentation of the declared type promises for an argument with this typed data. */
function promised({ kind, optional }: AnyValueType, data: TypedData | undefined): Read {
  if (data === undefined || data.type === 'null') {
    return optional ? { value: undefined } : { code: 'SPOP_MISSING_ARGUMENT' };
  }
  if (!(wireTypes[kind] ?? [kind]).includes(data.type)) return { code: 'SPOP_WRONG_TYPE' };
  const range = integerRanges[kind];
  if (range !== undefined) {
    const number = Number(data.value);
    return number >= range[0] && number <= range[1] ? { value: number } : { code: 'SPOP_UNSAFE_INTEGER' };
  }
  if (data.type === 'bool') return { value: data.value };
  if (kind === 'interned' && data.type === 'string') return { value: utf8(data.value) };
  // An IPv4 address that is mapped to IPv6 is shown as the IPv4 address, and keeps its type.
  if (kind === 'address' && data.type === 'ipv6') {
    return { data: { type: 'ipv6', value: data.value.replace(/^::ffff:(?=.*\.)/, '') } };
  }
  return { data };
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
export function checkNotify(
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
      const data = message.args.find((argument) => argument.name === name)?.value;
      const expected = promised(type, data);
      const state = data === undefined ? 'missing' : data.type === 'null' ? 'null' : 'present';
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
