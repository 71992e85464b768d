import { writeFrame } from '@spop/builder';
import type { Message, TypedData } from '@spop/builder';
import {
  address,
  type AnyValueType,
  argumentState,
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
  MessageSet,
  Notify,
  optional,
  SpopError,
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
import { readPlainly, walkMessages } from '../support/plain-frames.ts';
import { check } from '../support/runs.ts';
import { checkNotify } from '../support/typed-views.ts';

const types: readonly AnyValueType[] = [
  bool,
  integer,
  int32,
  uint32,
  int64,
  uint64,
  ipv4,
  ipv6,
  address,
  string,
  interned(string),
  binary,
];

function declaredType(): fc.Arbitrary<AnyValueType> {
  return fc
    .tuple(fc.constantFrom(...types), fc.boolean())
    .map(([type, isOptional]) => (isOptional ? optional(type) : type));
}

const takenArguments = ARGUMENT_NAMES.filter((name) => name.length < 240);
const takenMessages = MESSAGE_NAMES.filter((name) => name !== '' && name.length < 240);

function definitions() {
  const args = fc.uniqueArray(fc.tuple(fc.constantFrom(...takenArguments), declaredType()), {
    selector: ([name]) => name,
    maxLength: 6,
  });
  return fc
    .uniqueArray(fc.tuple(fc.constantFrom(...takenMessages), args), { selector: ([name]) => name, maxLength: 4 })
    .map((list) => list.map(([name, named]) => defineMessage(name, Object.fromEntries(named))));
}

/** Frames with ids of all lengths, one after the other in one buffer, as a chunk brings them. */
function notifies(): fc.Arbitrary<readonly (readonly [bigint, bigint, readonly Message[]])[]> {
  const messages = fc.array(message(), { maxLength: 5 });
  return fc.array(fc.tuple(anyId(), anyId(), messages), { minLength: 1, maxLength: 4 });
}

function toBytes(streamId: bigint, frameId: bigint, messages: readonly Message[]): Uint8Array {
  return writeFrame({ type: 'NOTIFY', flags: 1, streamId, frameId, messages });
}

describe('declared messages', () => {
  it('read as their declaration promises, stay so when moved, and are refused when closed', () => {
    check(
      fc.property(definitions(), notifies(), (declared, list) => {
        const notify = new Notify(new MessageSet(declared));
        const reader = new FrameReader({ maxFrameSize: 10_000_000 });
        const frames = list.map(([streamId, frameId, messages]) => toBytes(streamId, frameId, messages));
        const chunk = Buffer.concat([Buffer.alloc(5), ...frames]);
        const refuge = Buffer.alloc(Math.max(...frames.map((bytes) => bytes.length)), 0x5a);
        reader.push(chunk, 5);
        for (const bytes of frames) {
          const frame = reader.next()!;
          const [plain] = readPlainly(bytes, 10_000_000).frames;
          if (plain?.type !== 'NOTIFY') throw new Error('expected a NOTIFY');
          checkNotify(notify, declared, frame, plain.messages, refuge);
        }
        expect(reader.next()).toBeUndefined();
      }),
      400,
    );
  });

  it('read as themselves where their arguments have the declared types', () => {
    check(
      fc.property(fc.array(fittingArgument(), { maxLength: 12 }), fc.nat({ max: 40 }), (fitting, distance) => {
        const args = fitting.map(({ value }, index) => ({ name: `a${index}`, value }));
        const declared = defineMessage('m', Object.fromEntries(fitting.map(({ type }, index) => [`a${index}`, type])));
        const messages = [{ name: 'm', args }];
        const bytes = toBytes(3n, 1n, messages);
        const chunk = Buffer.concat([Buffer.alloc(distance, 0xff), bytes, Buffer.alloc(distance, 0xff)]);
        const frame = new Frame();
        frame.read(chunk, distance, distance + bytes.length);
        checkNotify(new Notify(new MessageSet([declared])), [declared], frame, messages, Buffer.alloc(bytes.length));
      }),
      400,
    );
  });

  it('of a frame that is cut short are judged by what is left, although the rest still lies after it', () => {
    check(
      fc.property(definitions(), fc.array(shortMessage(), { minLength: 1, maxLength: 3 }), (declared, messages) => {
        const notify = new Notify(new MessageSet(declared));
        const whole = Buffer.from(toBytes(1n, 1n, messages));
        // Once whole, so that the order of messages and arguments is what the reader expects from now on.
        expect(judge(notify, whole, whole.length)).toBeDefined();
        for (let end = 11; end < whole.length; end++) {
          const alone = Buffer.alloc(whole.length);
          whole.copy(alone, 0, 0, end);
          expect(judge(notify, whole, end)).toEqual(judge(notify, alone, end));
        }
      }),
      60,
    );
  });

  it('of a frame that is refused are not there, and the next frame is not harmed', () => {
    const declared = [defineMessage('m', { ip: optional(ipv4) })];
    const good = toBytes(1n, 1n, [{ name: 'm', args: [{ name: 'ip', value: { type: 'ipv4', value: '10.0.0.1' } }] }]);
    check(
      fc.property(damagedStream(), (bytes) => {
        const notify = new Notify(new MessageSet(declared));
        const held: unknown[] = [];
        for (const chunk of [bytes, good]) {
          const frame = firstFrame(Buffer.from(chunk));
          if (frame === undefined) return;
          try {
            notify.read(frame);
          } catch {
            expect(notify.isOpen).toBe(false);
            for (const view of held) expect(() => String(view)).toThrow('SPOP_VIEW_CLOSED');
            continue;
          }
          // The message may hold anything: what counts is the view that it gives.
          if (notify.messageCount > 0 && argumentState(notify.messageAt(0), 'ip') === 'present') {
            try {
              held.push(notify.messageAt(0)['ip']);
            } catch {
              // Of another type.
            }
          }
        }
        expect(notify.get(declared[0]!)!.ip!.toString()).toBe('10.0.0.1');
      }),
      400,
    );
  });
});

const integers = [integer, int32, uint32, int64, uint64];
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

/** An argument and a declared type that takes it. Half of the integers are of the sizes that are read the short way. */
function fittingArgument(): fc.Arbitrary<{ readonly value: TypedData; readonly type: AnyValueType }> {
  const small = fc.bigInt({ min: 0n, max: 300_000n }).map((value): TypedData => ({ type: 'int64', value }));
  const value = fc.oneof(
    typedData(),
    small,
    fc.boolean().map((each): TypedData => ({ type: 'bool', value: each })),
  );
  return fc.tuple(value, fc.nat(), fc.boolean()).map(([data, pick, isOptional]) => {
    const fitting = fittingTypes[data.type];
    const type = fitting[pick % fitting.length]!;
    return { value: data, type: isOptional ? optional(type) : type };
  });
}

/** Messages of few and short arguments with names that are declared. */
function shortMessage(): fc.Arbitrary<Message> {
  const word = fc.string({ maxLength: 4 });
  const value: fc.Arbitrary<TypedData> = fc.oneof(
    word.map((each): TypedData => ({ type: 'string', value: each })),
    anyId().map((each): TypedData => ({ type: 'uint64', value: each })),
    fc.ipV4().map((each): TypedData => ({ type: 'ipv4', value: each })),
  );
  const argument = fc.record({ name: fc.constantFrom(...takenArguments), value });
  return fc.record({ name: fc.constantFrom(...takenMessages), args: fc.array(argument, { maxLength: 4 }) });
}

/** What a NOTIFY from the beginning of the bytes to `end` holds, or what is wrong with it. */
function judge(notify: Notify, bytes: Buffer, end: number): unknown {
  const frame = new Frame();
  frame.read(bytes, 0, end);
  try {
    notify.read(frame);
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    return `${error.code} at ${error.offset}`;
  }
  return [notify.messageCount, walkMessages(notify.walk())];
}

function firstFrame(chunk: Buffer): Frame | undefined {
  const reader = new FrameReader({ maxFrameSize: 100_000 });
  reader.push(chunk);
  try {
    return reader.next();
  } catch {
    return undefined;
  }
}

describe('views of a NOTIFY that was moved', () => {
  it('that a handler held before the move read their own bytes after it', () => {
    const declared = defineMessage('m', { ip: ipv4, ua: string });
    const bytes = toBytes(1n, 1n, [
      {
        name: 'm',
        args: [
          { name: 'ip', value: { type: 'ipv4', value: '192.0.2.7' } },
          { name: 'ua', value: { type: 'string', value: 'curl' } },
        ],
      },
    ]);
    const chunk = Buffer.concat([Buffer.alloc(100), bytes]);
    const reader = new FrameReader();
    reader.push(chunk, 100);
    const notify = new Notify(new MessageSet([declared]));
    notify.read(reader.next()!);
    const { ip, ua } = notify.get(declared)!;
    notify.moveTo(Buffer.alloc(bytes.length));
    chunk.fill(0xff);
    expect(`${String(ip)} ${String(ua)}`).toBe('192.0.2.7 curl');
  });
});

describe('an argument without a name', () => {
  it('can be declared, once', () => {
    expect(defineMessage('m', { '': int32 }).args).toEqual({ '': int32 });
  });
});
