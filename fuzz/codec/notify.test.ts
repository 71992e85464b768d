import { data, type Message, type TypedData, writeFrame } from '@spop/builder';
import {
  address,
  type AnyValueType,
  binary,
  bool,
  defineMessage,
  Frame,
  FrameReader,
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
import { describe, expect, it } from 'vitest';
import {
  ARGUMENT_NAMES,
  damagedStream,
  message,
  MESSAGE_NAMES,
  typedData,
  uint64 as anyId,
} from '../support/arbitraries.ts';
import { errorOf, readPlainly } from '../support/plain-frames.ts';
import { runs } from '../support/runs.ts';
import { checkNotify } from '../support/typed-views.ts';

const integers = [integer, int32, uint32, int64, uint64];
const types = [bool, ...integers, ipv4, ipv6, address, string, interned(string), binary];

/** A declared type, of which half are optional. */
function declaredType(among: readonly AnyValueType[] = types): fc.Arbitrary<AnyValueType> {
  const type = fc.constantFrom(...among);
  return fc.oneof(
    type,
    type.map((each) => optional(each)),
  );
}

const isShort = (name: string): boolean => name.length < 240;
const DECLARED = MESSAGE_NAMES.filter((name) => name !== '' && isShort(name));

/** A message of few and short arguments, whose names may be declared. */
function shortMessage(): fc.Arbitrary<Message> {
  const value = fc.oneof(
    fc.string({ maxLength: 4 }).map((each): TypedData => data.string(each)),
    anyId().map((each): TypedData => data.uint64(each)),
    fc.ipV4().map((each): TypedData => data.ipv4(each)),
  );
  const argument = fc.record({ name: fc.constantFrom(...ARGUMENT_NAMES.filter(isShort)), value });
  return fc.record({ name: fc.constantFrom(...DECLARED), args: fc.array(argument, { maxLength: 4 }) });
}

function definitions(): fc.Arbitrary<MessageDefinition[]> {
  const first = { selector: ([name]: readonly [string, unknown]) => name };
  const argument = fc.tuple(fc.constantFrom(...ARGUMENT_NAMES.filter(isShort)), declaredType());
  const args = fc.uniqueArray(argument, { ...first, maxLength: 6 });
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...DECLARED), args), { ...first, maxLength: 4 })
    .map((list) => list.map(([name, named]) => defineMessage(name, Object.fromEntries(named))));
}

function toBytes(messages: readonly Message[], streamId: bigint = 1n, frameId: bigint = 1n): Uint8Array {
  return writeFrame({ type: 'NOTIFY', flags: 1, streamId, frameId, messages });
}

/** Checks the NOTIFYs one after the other, in one buffer as a chunk brings them. */
function checkInTurn(declared: readonly MessageDefinition[], frames: readonly Uint8Array[]): void {
  const notify = new Notify(new MessageSet(declared));
  const reader = new FrameReader({ maxFrameSize: 10_000_000 });
  const refuge = Buffer.alloc(Math.max(...frames.map((bytes) => bytes.length)), 0x5a);
  reader.push(Buffer.concat([Buffer.alloc(5, 0xff), ...frames, Buffer.alloc(3, 0xff)]), 5);
  for (const bytes of frames) {
    const [plain] = readPlainly(bytes, 10_000_000).frames;
    if (plain?.type !== 'NOTIFY') throw new Error(`expected a NOTIFY; found ${plain?.type}`);
    checkNotify(notify, declared, reader.next()!, plain.messages, refuge);
  }
}

describe('declared messages', () => {
  it('read as their declaration promises, stay so when moved, and are refused when closed', () => {
    const frame = fc.tuple(fc.array(message(), { maxLength: 5 }), anyId(), anyId()).map((parts) => toBytes(...parts));
    const frames = fc.array(frame, { minLength: 1, maxLength: 4 });
    fc.assert(fc.property(definitions(), frames, checkInTurn), runs(150));
  });

  it('read as themselves if their arguments have the declared types', () => {
    const argument = fittingArgument();
    fc.assert(
      fc.property(fc.array(argument, { maxLength: 12 }), (fitting) => {
        const named = fitting.map((each, index) => ({ ...each, name: `a${index}` }));
        const declared = defineMessage('m', Object.fromEntries(named.map(({ name, type }) => [name, type])));
        checkInTurn([declared], [toBytes([{ name: 'm', args: named.map(({ name, value }) => ({ name, value })) }])]);
      }),
      runs(400),
    );
  });

  it('read as their own bytes say after other NOTIFYs that are nearly the same', () => {
    fc.assert(
      fc.property(sequence(), ({ definition, messages }) =>
        checkInTurn(
          [definition],
          messages.map((each) => toBytes([each, each])),
        ),
      ),
      runs(400),
    );
  });

  it('of a NOTIFY that is cut short are refused, although the rest still lies after it', () => {
    const frames = fc.array(shortMessage(), { minLength: 1, maxLength: 3 }).map((list) => Buffer.from(toBytes(list)));
    fc.assert(
      fc.property(definitions(), frames, (declared, whole) => {
        const notify = new Notify(new MessageSet(declared));
        const frame = new Frame();
        frame.read(whole, 0, whole.length);
        // From now on the reader expects this order of messages and arguments.
        notify.read(frame);
        for (let end = 11; end < whole.length; end++) {
          const bytes = Buffer.from(whole);
          bytes.writeUInt32BE(end - 4, 0);
          const { error } = readPlainly(bytes.subarray(0, end), end);
          frame.read(bytes, 0, end);
          expect(errorOf(() => notify.read(frame))).toEqual(error);
        }
      }),
      runs(100),
    );
  });

  it('of a refused NOTIFY are not there, and the next NOTIFY is not harmed', () => {
    const declared = defineMessage('m', { ip: optional(ipv4) });
    const good = toBytes([{ name: 'm', args: [{ name: 'ip', value: { type: 'ipv4', value: '10.0.0.1' } }] }]);
    fc.assert(
      fc.property(damagedStream(), (bytes) => {
        const notify = new Notify(new MessageSet([declared]));
        const frame = new Frame();
        const read = (one: Uint8Array): void => {
          frame.read(Buffer.from(one), 0, one.length);
          notify.read(frame);
        };
        read(good);
        const held = notify.get(declared)!.ip!;
        // Without readable ids there is no frame for a NOTIFY to read.
        if (errorOf(() => frame.read(Buffer.from(bytes), 0, bytes.length)) !== undefined) return;
        if (errorOf(() => notify.read(frame)) !== undefined) expect(notify.isOpen).toBe(false);
        expect(() => String(held)).toThrow('SPOP_VIEW_CLOSED');
        read(good);
        expect(notify.get(declared)!.ip!.toString()).toBe('10.0.0.1');
      }),
      runs(400),
    );
  });
});

/** The declared types that take a typed data, other than the one of its name. */
const fittingTypes: Readonly<Record<TypedData['type'], readonly AnyValueType[]>> = {
  null: types,
  bool: [bool],
  int32: integers,
  uint32: integers,
  int64: integers,
  uint64: integers,
  ipv4: [ipv4, address],
  ipv6: [ipv6, address],
  string: [string, interned(string)],
  binary: [binary],
};

/** An argument and a declared type that takes it. Some integers are of the sizes that are read the short way. */
function fittingArgument(): fc.Arbitrary<{ readonly value: TypedData; readonly type: AnyValueType }> {
  const small = fc.bigInt({ min: 0n, max: 300_000n }).map((value): TypedData => ({ type: 'int64', value }));
  const flag = fc.boolean().map((value): TypedData => ({ type: 'bool', value }));
  return fc
    .oneof(typedData(), small, flag)
    .chain((value) => declaredType(fittingTypes[value.type]).map((type) => ({ value, type })));
}

/** A name of up to 20 letters, long ones as often as short ones: each length is compared in words of its own. */
function letters(minLength: number): fc.Arbitrary<string> {
  const unit = fc.constantFrom('a', 'b', 'y', 'z');
  return fc.oneof(
    fc.string({ unit, minLength, maxLength: 7 }),
    fc.string({ unit, minLength: 8, maxLength: 20, size: 'max' }),
  );
}

/** The text with one letter changed to its neighbour; unchanged without a letter. */
function nearly(text: string, at: number): string {
  const bytes = Buffer.from(text);
  if (text !== '') bytes[at % bytes.length]! ^= 1;
  return bytes.toString();
}

/** How a message may differ from the one before: not at all, in its name, a name of an argument, their order or number. */
const CHANGES: readonly ((message: Message, at: number) => Message)[] = [
  (message) => message,
  ({ name, args }, at) => ({ name: nearly(name, at), args }),
  ({ name, args }, at) => ({
    name,
    args: args.map((each, i) => (i === at % args.length ? { ...each, name: nearly(each.name, at >> 3) } : each)),
  }),
  ({ name, args }, at) => ({ name, args: [...args.slice(at % 8), ...args.slice(0, at % 8)] }),
  ({ name, args }, at) => ({ name, args: args.toSpliced(at % 8, 1) }),
];

/** A declaration, and messages that come one after the other. */
function sequence(): fc.Arbitrary<{ readonly definition: MessageDefinition; readonly messages: readonly Message[] }> {
  const given = fc.record({
    name: letters(1),
    names: fc.uniqueArray(letters(0), { minLength: 1, maxLength: 5 }),
    // Further arguments are not declared; any may come again.
    declared: fc.integer({ min: 1, max: 5 }),
    picks: fc.array(fc.tuple(fc.nat({ max: 4 }), typedData()), { maxLength: 8 }),
    steps: fc.array(fc.tuple(fc.constantFrom(...CHANGES), fc.nat({ max: 200 })), { minLength: 1, maxLength: 4 }),
  });
  return given.map(({ name, names, declared, picks, steps }) => {
    const pair = [string, optional(string), integer, int64];
    const args = names.slice(0, declared).map((each, i) => [each, pair[i % pair.length]!] as const);
    const first: Message = { name, args: picks.map(([pick, value]) => ({ name: names[pick % names.length]!, value })) };
    // The first one comes twice, so that the others meet its order.
    const messages = [first, first, ...steps.flatMap(([change, at]) => [change(first, at), first])];
    return { definition: defineMessage(name, Object.fromEntries(args)), messages };
  });
}
