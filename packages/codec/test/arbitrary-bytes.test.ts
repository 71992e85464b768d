import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ActionReader,
  address,
  argumentState,
  binary,
  bool,
  defineMessage,
  type Frame,
  FrameReader,
  int64,
  integer,
  interned,
  KvListReader,
  type MessageReader,
  MessageSet,
  optional,
  SpopError,
  string,
  toAgentHello,
  toDisconnect,
  toHaproxyHello,
  type Value,
} from '../src/index.ts';
import { InternalNotify } from '../src/internal.ts';
import { amid, frameBytes, message, notifyBytes, toHex } from './bytes.ts';
import { readCaptures } from '@spop-internal/testbed/captures';

const m = defineMessage('m', {
  a: optional(address),
  s: optional(string),
  i: optional(integer),
  b: optional(bool),
  n: optional(interned(string)),
  '': optional(binary),
});
const other = defineMessage('check-client-ip', { ip: optional(address), n: optional(int64) });
const set = new MessageSet([m, other]);

// Nearly every outcome is an error here, and their stacks would take most of the time.
const { stackTraceLimit } = Error;
beforeAll(() => {
  Error.stackTraceLimit = 0;
});
afterAll(() => {
  Error.stackTraceLimit = stackTraceLimit;
});

/** The result or the error of `call`, as text. An error that is no SpopError fails the test. */
function outcome(call: () => unknown): string {
  try {
    const result = call();
    return typeof result === 'bigint' ? `${result}n` : (JSON.stringify(result) ?? 'undefined');
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    if (error.status !== undefined && (error.status < 1 || error.status > 99)) throw error;
    return `${error.code}@${error.offset}: ${error.reason}`;
  }
}

function outcomesOfValue(value: Value): string[] {
  return [
    outcome(() => value.type),
    outcome(() => value.toString()),
    outcome(() => toHex(value.toBytes())),
    outcome(() => [
      value.byteLength,
      value.byteAt(0),
      value.byteAt(value.byteLength - 1),
      value.byteAt(value.byteLength),
    ]),
    outcome(() => [value.equals('GET'), value.equals('192.0.2.1'), value.startsWith('é')]),
    outcome(() => value.toNumber()),
    outcome(() => value.toBigInt()),
    outcome(() => [value.lo, value.hi]),
    outcome(() => [value.boolean]),
    outcome(() => [value.family, value.wordAt(0)]),
  ];
}

function outcomesOfWalk(walk: MessageReader): string[] {
  const outcomes = [];
  while (walk.next()) {
    outcomes.push(`${walk.name.toString()} ${walk.argumentCount}`);
    while (walk.nextArgument()) outcomes.push(walk.argumentName.toString(), ...outcomesOfValue(walk.value));
  }
  return outcomes;
}

function outcomesOfNotify(frame: Frame): string[] {
  const notify = new InternalNotify(set);
  const outcomes = [outcome(() => notify.read(frame))];
  if (!notify.isOpen) return outcomes;
  for (let index = 0; index < notify.messageCount; index++) {
    const view: Readonly<Record<string, unknown>> = notify.messageAt(index);
    const { args } = set.definitions[notify.definitionIndexAt(index)]!;
    for (const name of Object.keys(args)) {
      outcomes.push(
        outcome(() => String(view[name])),
        outcome(() => argumentState(notify.messageAt(index), name)),
      );
    }
  }
  outcomes.push(...outcomesOfWalk(notify.walk()));
  notify.moveTo(Buffer.alloc(notify.byteLength, 0x41));
  outcomes.push(...outcomesOfWalk(notify.walk()));
  notify.close();
  return outcomes;
}

/** The results of all readers of the codec for a frame of any type. */
function outcomesOfFrame(frame: Frame): string[] {
  const list = new KvListReader();
  const actions = new ActionReader();
  const outcomes = [`${frame.type} ${frame.flags} ${frame.toStreamId()} ${frame.toFrameId()}`];
  outcomes.push(
    outcome(() => toHaproxyHello(frame)),
    outcome(() => toAgentHello(frame)),
    outcome(() => toDisconnect(frame)),
    ...outcomesOfNotify(frame),
    outcome(() => {
      list.read(frame);
      while (list.next()) outcomes.push(list.name.toString(), ...outcomesOfValue(list.value));
    }),
    outcome(() => {
      actions.read(frame);
      while (actions.next()) {
        outcomes.push(`${actions.type} ${actions.scope} ${actions.name.toString()}`);
        outcomes.push(...outcomesOfValue(actions.value));
      }
    }),
    // The last views after the end or an error: they too must show only bytes of the frame.
    outcome(() => list.name.toString()),
    ...outcomesOfValue(list.value),
    outcome(() => actions.name.toString()),
    ...outcomesOfValue(actions.value),
  );
  return outcomes;
}

function outcomesOfStream(bytes: Uint8Array, fill: number, sizes: readonly number[]): string[] {
  const reader = new FrameReader({ maxFrameSize: 70_000 });
  const outcomes: string[] = [];
  const ends = [...sizes.filter((size) => size < bytes.length).toSorted((a, b) => a - b), bytes.length];
  let from = 0;
  for (const end of ends) {
    const before = 7;
    const buffer = amid(bytes.subarray(from, end), fill, before, 70);
    reader.push(buffer, before, before + end - from);
    from = end;
    let failed = false;
    const next = outcome(() => {
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        failed = true;
        outcomes.push(...outcomesOfFrame(frame));
        failed = false;
      }
      return 'more';
    });
    expect(failed).toBe(false);
    if (next !== '"more"') {
      outcomes.push(next);
      break;
    }
    buffer.fill(fill);
  }
  return outcomes;
}

/** The same bytes amid different others, whole and in pieces: the outcome must be the same. */
function expectOneOutcome(bytes: Uint8Array, sizes: readonly number[] = []): void {
  const expected = outcomesOfStream(bytes, 0x00, []);
  expect(outcomesOfStream(bytes, 0xff, [])).toEqual(expected);
  expect(outcomesOfStream(bytes, 0x01, sizes)).toEqual(expected);
}

const interesting = fc.constantFrom(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0x0a, 0x11, 0x61, 0x6d, 0x7f, 0x80, 0xef, 0xf0, 0xff);
const someBytes = fc.array(fc.oneof({ weight: 3, arbitrary: interesting }, { weight: 1, arbitrary: fc.nat(255) }), {
  maxLength: 120,
});

describe('arbitrary bytes', () => {
  it('as a stream cause only SpopErrors, and show no surrounding byte', () => {
    fc.assert(
      fc.property(someBytes, (bytes) => expectOneOutcome(Uint8Array.from(bytes), [1, 5, 9, 30])),
      { numRuns: 300 },
    );
  });

  it.each([0, 1, 2, 3, 101, 102, 103, 255])('as the payload of a frame of type %i do the same', (type) => {
    fc.assert(
      fc.property(someBytes, (payload) => expectOneOutcome(frameBytes(type, Uint8Array.from(payload)), [4, 11, 20])),
      { numRuns: 150 },
    );
  });

  it('as ids and payload do the same', () => {
    fc.assert(
      fc.property(someBytes, (rest) => {
        const bytes = Buffer.from([0, 0, 0, rest.length + 7, 3, 0, 0, 0, 1, ...rest, 0, 0]);
        expectOneOutcome(bytes, [10]);
      }),
      { numRuns: 200 },
    );
  });

  it('in place of some bytes of a well-formed message do the same', () => {
    const good = notifyBytes(
      Buffer.concat([
        message('m', [
          ['a', '06c0000201'],
          ['s', `08ff00${'61'.repeat(255)}`],
          ['i', '04fff0fefefefefefefe0e'],
          ['b', '11'],
          ['n', '0803474554'],
          ['', '090300ff80'],
          ['x', '0720010db8000000000000000000000001'],
        ]),
        message('m', [['i', '0207']]),
        message('check-client-ip', [['ip', '060a000001']]),
      ]),
    );
    const changes = fc.array(fc.tuple(fc.nat(good.length - 1), fc.oneof(interesting, fc.nat(255))), {
      minLength: 1,
      maxLength: 4,
    });
    fc.assert(
      fc.property(changes, (edits) => {
        const bytes = Buffer.from(good);
        for (const [at, value] of edits) bytes[at] = value;
        // The length stays, so that the rest is read.
        good.copy(bytes, 0, 0, 4);
        expectOneOutcome(bytes, [11, 40]);
      }),
      { numRuns: 300 },
    );
  });

  it('in place of each byte of a frame of HAProxy, one at a time, do the same', { timeout: 60_000 }, () => {
    const capture = readCaptures().find(({ label }) => label === '3.2.26/scalars') ?? expect.unreachable('no capture');
    for (let at = 0; at < capture.bytes.length; at++) {
      for (const value of [0x08, 0x0f, 0xff]) {
        const bytes = Buffer.from(capture.bytes);
        bytes[at] = value;
        expectOneOutcome(bytes, [at]);
      }
    }
  });
});

describe('a hostile peer', () => {
  it('cannot make a NOTIFY of many messages slow or endless', () => {
    // Messages of the smallest size, declared and not, all with the same name.
    const notify = new InternalNotify(set);
    const readMany = (count: number, name: string): void => {
      const reader = new FrameReader({ maxFrameSize: 70_000 });
      reader.push(notifyBytes(Buffer.concat(Array.from({ length: count }, () => message(name)))));
      notify.read(reader.next() ?? expect.unreachable('expected a frame'));
    };
    readMany(21_000, 'x');
    expect(notify.messageCount).toBe(0);
    // Eight messages take a fixed place, and each further one a place for itself and for each of its arguments.
    readMany(8, 'm');
    const kept = notify.viewBytes;
    const most = 8 + Math.floor(32_768 / (1 + m.argumentNames.length));
    readMany(most, 'm');
    expect([notify.messageCount, notify.viewBytes > 4_000_000]).toEqual([most, true]);
    expect(() => readMany(21_000, 'm')).toThrow(
      // The next message's name follows the header of 11 bytes and the messages, each a length, a name and NB-ARGS.
      expect.objectContaining({ code: 'SPOP_TOO_MANY_MESSAGES', status: 4, offset: 11 + 3 * most + 1 }),
    );
    notify.close();
    expect(notify.viewBytes).toBe(kept);
    expect(notify.messageCount).toBe(0);
    readMany(1, 'm');
    expect(notify.messageCount).toBe(1);
  });

  it('cannot make the reader hold more than the frame that it announces', () => {
    const reader = new FrameReader({ maxFrameSize: 16_380 });
    const head = Buffer.from([0, 0, 0x3f, 0xfc]);
    reader.push(head);
    expect(reader.next()).toBeUndefined();
    for (let sent = 0; sent < 16_379; sent++) {
      reader.push(Buffer.from([1]));
      expect(reader.next()).toBeUndefined();
    }
    expect(reader.heldBytes).toBeLessThanOrEqual(32_768);
    expect(reader.pendingBytes).toBe(16_383);
  });
});
