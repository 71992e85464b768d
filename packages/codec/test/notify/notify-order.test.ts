import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type ArgumentTypes,
  argumentState,
  bool,
  defineMessage,
  type Frame,
  integer,
  interned,
  type MessageDefinition,
  type MessageView,
  MessageSet,
  Notify,
  optional,
  SpopError,
  string,
  type Value,
} from '../../src/index.ts';
import { ValueView } from '../../src/values/value.ts';
import { message, notifyFrame, text, thrown, toHex, varint } from '../bytes.ts';

/*
 * A NOTIFY remembers the places of messages and arguments. That must have no effect: after any earlier frames, the views
 * show the content of the frame.
 */

const ARGUMENTS = { id: integer, ua: string, method: interned(string), tls: optional(bool), n: optional(integer) };
const one = defineMessage('one', ARGUMENTS);
const two = defineMessage('another', { n: integer, ua: optional(string) });
const set = new MessageSet([one, two]);
const definitions: readonly MessageDefinition[] = [one, two];

type AnyView = MessageView<ArgumentTypes>;
type Pair = readonly [name: string, digits: string];
interface SentMessage {
  readonly name: string;
  readonly args: readonly Pair[];
}

const integerHex = (value: number): string => `04${toHex(varint(BigInt(value)))}`;
const textHex = (value: string): string => `08${toHex(text(value))}`;
const NULL = '00';

function frameOf(messages: readonly SentMessage[]): Frame {
  return notifyFrame(messages.map(({ name, args }) => message(name, args)));
}

/** A declared argument by the first one of its name: its state, and the value or the error of its property. */
function expectedArgument(kind: string, isOptional: boolean, digits: string | undefined): readonly unknown[] {
  if (digits === undefined || digits === NULL) {
    return [digits === undefined ? 'missing' : 'null', isOptional ? undefined : 'SPOP_MISSING_ARGUMENT'];
  }
  const bytes = Buffer.from(digits, 'hex');
  const type = bytes[0]! & 0x0f;
  const isAccepted = kind === 'bool' ? type === 1 : kind === 'integer' ? type === 4 : type === 8;
  if (!isAccepted) return ['present', 'SPOP_WRONG_TYPE'];
  if (kind === 'bool') return ['present', bytes[0] === 0x11];
  if (kind === 'integer') return ['present', decode(bytes.subarray(1))];
  return ['present', bytes.toString('utf8', bytes[1]! < 240 ? 2 : 3)];
}

/** A varint of one to three bytes. */
function decode([first = 0, second = 0, third = 0]: Uint8Array): number {
  if (first < 240) return first;
  return second < 128 ? first + second * 16 : first + second * 16 + third * 2_048;
}

function expectedMessages(messages: readonly SentMessage[]): unknown[] {
  return messages.flatMap(({ name, args }) => {
    const definition = definitions.find((each) => each.name === name);
    if (definition === undefined) return [];
    const found = Object.entries(definition.args).map(([argument, { kind, optional: isOptional }]) => [
      argument,
      ...expectedArgument(kind, isOptional, args.find(([each]) => each === argument)?.[1]),
    ]);
    return [[name, ...found]];
  });
}

function readProperty(view: AnyView, name: string): unknown {
  try {
    const value = view[name];
    return value instanceof ValueView ? value.toString() : value;
  } catch (error) {
    return error instanceof SpopError ? error.code : error;
  }
}

/** The views of all messages that were found. */
function viewsOf(notify: Notify): AnyView[] {
  return Array.from({ length: notify.messageCount }, (_, index) => notify.messageAt(index));
}

function foundMessages(notify: Notify): unknown[] {
  return viewsOf(notify).map((view, index) => {
    const { name, argumentNames } = definitions[notify.definitionIndexAt(index)]!;
    const found = argumentNames.map((each) => [each, argumentState(view, each), readProperty(view, each)]);
    return [name, ...found];
  });
}

/** Reads the frames one after the other with one NOTIFY, and compares each with the messages that were sent. */
function checkAll(frames: readonly (readonly SentMessage[])[]): void {
  const notify = new Notify(set);
  for (const [index, messages] of frames.entries()) {
    notify.read(frameOf(messages));
    expect([index, foundMessages(notify)]).toEqual([index, expectedMessages(messages)]);
    const views = viewsOf(notify);
    expect(new Set(views).size).toBe(views.length);
    const indexes = definitions.map((_, each) => views.findIndex((__, at) => notify.definitionIndexAt(at) === each));
    expect(definitions.map((definition) => notify.get(definition))).toEqual(indexes.map((at) => views[at]));
  }
}

const id = (value: number): Pair => ['id', integerHex(value)];
const ua = (value: string): Pair => ['ua', textHex(value)];
const method = (value: string): Pair => ['method', textHex(value)];
const tls: Pair = ['tls', '11'];
const other = (value: number): Pair => ['other', integerHex(value)];

describe('arguments of a message', () => {
  const args = [id(5), ua('curl'), method('GET'), tls, ['n', integerHex(300)]] as const;

  it('are found in each of their orders, changing from frame to frame', () => {
    const orders = args.map((_, from) => [...args.slice(from), ...args.slice(0, from)]);
    const all = [...orders, ...orders.map((order) => order.toReversed())];
    for (const first of all) {
      for (const second of all) checkAll([first, second, first].map((order) => [{ name: 'one', args: order }]));
    }
  });

  it('are found with others before, between and after them, in earlier frames or in this one', () => {
    const mixes = [
      [...args],
      [other(1), ...args],
      [...args, other(2)],
      args.flatMap((each) => [each, other(3)]),
      [other(4), other(5), ...args, other(6)],
      [other(7)],
      args.flatMap((each, index) => (index === 1 ? [] : [other(index), each])),
    ];
    for (const first of mixes) {
      for (const second of mixes) checkAll([first, second, first].map((mix) => [{ name: 'one', args: mix }]));
    }
  });

  it('count by the first of each name, of any type', () => {
    const firsts: Pair[] = [id(7), ['id', textHex('seven')], ['id', NULL], ['id', '06c0000201'], ['id', '11']];
    for (const first of firsts) {
      for (const second of firsts) {
        const twice = [{ name: 'one', args: [first, second, ua('x'), first] }];
        const apart = [{ name: 'one', args: [ua('x'), first, other(1), ua('y'), second] }];
        const once = [{ name: 'one', args: [second, ua('z')] }];
        checkAll([twice, twice, apart, apart, once, twice, once, apart]);
      }
    }
  });

  it.each([31, 32, 33, 63, 64, 65, 200, 255])('are found after %i others, and among them', (count) => {
    const many = Array.from({ length: count - 5 }, (_, index) => other(index));
    const frames = [
      [...many, ...args],
      [...args, ...many],
      [...many.slice(0, 31), ...args, ...many.slice(31)],
      [...many, ...args.toReversed()],
      many.flatMap((each, index) => (index < args.length ? [each, args[index]!] : [each])),
    ];
    for (const frame of frames) {
      checkAll([frame, frame, frames[0]!, frame].map((each) => [{ name: 'one', args: each.slice(0, 255) }]));
    }
  });

  it.each([33, 64, 65, 100, 255])('are found in any order if %i are declared', (count) => {
    const names = Array.from({ length: count }, (_, index) => `n${index}`);
    const definition = defineMessage('many', Object.fromEntries(names.map((name) => [name, optional(integer)])));
    const notify = new Notify(new MessageSet([definition]));
    const pairs = names.map((name, index): Pair => [name, integerHex(index * 17)]);
    const orders = [pairs, pairs.toReversed(), [...pairs.slice(40), ...pairs.slice(0, 40)], pairs.slice(0, 20), pairs];
    for (const order of orders) {
      for (let round = 0; round < 2; round++) {
        notify.read(notifyFrame([message('many', order)]));
        const view = notify.get(definition)!;
        for (const [index, name] of names.entries()) {
          const isThere = order.some(([each]) => each === name);
          expect([name, view[name], argumentState(view, name)]).toEqual([
            name,
            isThere ? index * 17 : undefined,
            isThere ? 'present' : 'missing',
          ]);
        }
      }
    }
  });
});

describe('messages of one name', () => {
  it('have separate views, for any number in the NOTIFY before', () => {
    const counts = [1, 12, 3, 12, 8, 9, 7, 1, 0, 2, 10, 1];
    const frames = counts.map((count, round) =>
      Array.from({ length: count }, (_, index) => ({
        name: 'one',
        args: [
          id(round * 100 + index),
          ...(index % 3 === 0 ? [ua(`agent ${index}`)] : []),
          ...(index % 2 === 0 ? [tls] : []),
        ],
      })),
    );
    checkAll(frames);
  });

  it('stay separate with others between them, in any order', () => {
    const first = { name: 'one', args: [id(1), ua('a')] };
    const second = { name: 'another', args: [['n', integerHex(2)]] as const };
    const unknown = { name: 'on', args: [id(3)] };
    checkAll([
      [first, second, first],
      [second, first, second],
      [unknown, first, unknown, first, second],
      [first, first, second, second],
      [second, second, first, first],
      [unknown],
      [first, second],
    ]);
  });
});

describe('any NOTIFYs, one after the other', () => {
  const digits = fc.oneof(
    fc.nat(400_000).map((value) => (value < 264_432 ? integerHex(value) : integerHex(7))),
    fc.string({ maxLength: 300, unit: fc.constantFrom('a', 'b') }).map((value) => textHex(value)),
    fc.constantFrom(NULL, '01', '11', '06c0000201', '0900'),
  );
  const argument = fc.tuple(fc.constantFrom('id', 'ua', 'method', 'tls', 'n', 'other', 'i', ''), digits);
  const sent = fc.record({
    name: fc.constantFrom('one', 'another', 'one', 'unknown', 'onE'),
    args: fc.array(argument, { maxLength: 12 }),
  });
  const frames = fc.array(fc.array(sent, { maxLength: 12 }), { minLength: 1, maxLength: 6 });

  it('have the content that was sent', () => {
    fc.assert(fc.property(frames, checkAll), { numRuns: 200 });
  });

  it('leave nothing readable: kept views and values are closed', () => {
    fc.assert(
      fc.property(frames, fc.boolean(), (list, isClosed) => {
        const notify = new Notify(set);
        let kept: Value[] = [];
        let views: AnyView[] = [];
        for (const messages of list) {
          if (isClosed) notify.close();
          for (const view of isClosed ? views : []) {
            expect(thrown(() => argumentState(view, 'n')).code).toBe('SPOP_VIEW_CLOSED');
            for (const name of Object.keys(ARGUMENTS)) {
              if (name in view) expect(readProperty(view, name)).toBe('SPOP_VIEW_CLOSED');
            }
          }
          notify.read(frameOf(messages));
          const current = new Set(viewsOf(notify));
          for (const view of views.filter((each) => !current.has(each))) {
            expect(thrown(() => argumentState(view, 'n')).code).toBe('SPOP_VIEW_CLOSED');
            expect(readProperty(view, 'ua')).toBe('SPOP_VIEW_CLOSED');
            expect(readProperty(view, 'n')).toBe('SPOP_VIEW_CLOSED');
          }
          for (const value of kept) expectLate(value);
          views = viewsOf(notify);
          kept = views.flatMap((view) => {
            try {
              const value = view['ua'];
              return value instanceof ValueView ? [value] : [];
            } catch {
              return [];
            }
          });
        }
      }),
      { numRuns: 200 },
    );
  });

  function expectLate(value: Value): void {
    const uses: (() => unknown)[] = [
      () => value.type,
      () => value.isNull,
      () => value.boolean,
      () => value.lo,
      () => value.byteLength,
      () => value.byteAt(0),
      () => value.wordAt(0),
      () => value.equals(''),
      () => value.equals(Buffer.alloc(0)),
      () => value.startsWith(''),
      () => value.copyTo(Buffer.alloc(1)),
      () => value.toNumber(),
      () => value.toBigInt(),
      () => value.toString(),
      () => value.toBytes(),
      () => value.family,
    ];
    for (const use of uses) expect([String(use), thrown(use).code]).toEqual([String(use), 'SPOP_VIEW_CLOSED']);
  }
});
