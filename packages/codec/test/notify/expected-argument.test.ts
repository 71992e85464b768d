import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
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
  MessageReader,
  MessageSet,
  Notify,
  optional,
  SpopError,
  string,
  uint32,
  uint64,
  type Value,
} from '../../src/index.ts';
import { ValueView } from '../../src/values/value.ts';
import { hex, notifyBytes, PAYLOAD_AT, text, varint } from '../bytes.ts';
import { integerDigits, MALFORMED, VALID } from '../typed-data-samples.ts';

/*
 * An argument that was at the same place in an earlier message is read in one step if it is whole, short and of a declared
 * type. Any other is validated value by value, as the first time. Both ways must give the same result.
 */

const KINDS: readonly (readonly [name: string, type: AnyValueType])[] = [
  ['bool', bool],
  ['integer', integer],
  ['int32', int32],
  ['uint32', uint32],
  ['int64', int64],
  ['uint64', uint64],
  ['ipv4', ipv4],
  ['ipv6', ipv6],
  ['address', address],
  ['string', string],
  ['interned', interned(string)],
  ['binary', binary],
];

/** Long enough for a frame to end after it and the type. */
const NAME = 'agent';

/** `z` is expected first until the argument was found there. */
function definitionOf(type: AnyValueType): MessageDefinition {
  return defineMessage('m', { z: optional(int32), [NAME]: optional(type) });
}

const DEFINITIONS = new Map(KINDS.map(([name, type]) => [name, definitionOf(type)]));

/** Message `m` with the argument, of this typed data, and `rest`, the other arguments. */
function payloadOf(typedData: Uint8Array, rest: readonly Uint8Array[] = []): Buffer {
  return Buffer.concat([text('m'), Buffer.from([1 + rest.length]), text(NAME), typedData, ...rest]);
}

const Z = Buffer.concat([text('z'), hex('0205')]);
/** Offset of its typed data from the frame's length field. */
const VALUE_AT = PAYLOAD_AT + 4 + NAME.length;

/** A frame of `payload` in a new buffer, with `before` and `after` bytes of `fill` around it. */
function place(payload: Uint8Array, fill: number, before: number, after: number): Frame {
  const bytes = notifyBytes(payload);
  // Part of larger memory, so that no offset is right by chance and no word is read past the buffer.
  const memory = Buffer.alloc(5 + before + bytes.length + after + 5, fill);
  const buffer = memory.subarray(5, memory.length - 5);
  buffer.set(bytes, before);
  const frame = new Frame();
  frame.read(buffer, before, before + bytes.length);
  return frame;
}

/** The code, status, offset and reason of a SpopError. */
class Fault {
  readonly code: string;
  readonly details: unknown;

  constructor({ code, status, offset, reason }: SpopError) {
    this.code = code;
    this.details = [status, offset, reason];
  }
}

function outcome<Result>(read: () => Result): Result | Fault {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    return new Fault(error);
  }
}

/** The results of all accessors of a value. */
function facts(value: unknown): unknown {
  if (!(value instanceof ValueView)) return value;
  const parts: (() => unknown)[] = [
    () => value.type,
    () => value.toString(),
    () => value.byteLength,
    () => value.toBytes().toString('hex'),
    () => [value.byteAt(-1), value.byteAt(0), value.byteAt(value.byteLength - 1), value.byteAt(value.byteLength)],
    () => [value.lo, value.hi],
    () => value.toNumber(),
    () => value.toBigInt(),
    () => [value.family, value.wordAt(0)],
    () => value.boolean,
  ];
  return parts.map((part) => outcome(part));
}

interface Found {
  readonly state: string;
  readonly value: unknown;
  readonly z: unknown;
  readonly messageCount: number;
}

/** The frame as a NOTIFY: the argument's state and value, and `z`; or the error for the whole frame. */
function declared(notify: Notify, frame: Frame): Found | Fault {
  return outcome(() => {
    notify.read(frame);
    const view = notify.messageAt(0);
    return {
      state: argumentState(view, NAME),
      value: outcome(() => facts(view[NAME])),
      z: view['z'],
      messageCount: notify.messageCount,
    };
  });
}

/** The same by walking over the message, without its declaration. */
function walked(frame: Frame): unknown[] | Fault {
  return outcome(() => {
    const reader = new MessageReader();
    reader.read(frame);
    const found: unknown[] = [];
    while (reader.next()) {
      while (reader.nextArgument()) {
        found.push([reader.argumentName.toString(), facts(reader.value)]);
      }
    }
    return found;
  });
}

const RANGES: Readonly<Record<string, readonly [min: bigint, max: bigint]>> = {
  integer: [-(2n ** 53n) + 1n, 2n ** 53n - 1n],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
};
const TYPES_OF: Readonly<Record<string, readonly number[]>> = {
  bool: [1],
  ipv4: [6],
  ipv6: [7],
  address: [6, 7],
  string: [8],
  interned: [8],
  binary: [9],
};

/** The walker's current value as its declaration reads it: its state and itself, or the code of an error. */
function expected(kind: string, value: Value): readonly [state: string, read: unknown] {
  if (value.type === 0) return ['null', undefined];
  if (!(TYPES_OF[kind] ?? [2, 3, 4, 5]).includes(value.type)) return ['present', 'SPOP_WRONG_TYPE'];
  if (kind === 'bool') return ['present', value.boolean];
  if (kind === 'interned') return ['present', value.toString()];
  const range = RANGES[kind];
  if (range === undefined) return ['present', facts(value)];
  const number = value.toBigInt();
  return ['present', number < range[0] || number > range[1] ? 'SPOP_UNSAFE_INTEGER' : Number(number)];
}

/** Reads the frame with the argument not expected, expected, and by walking; returns all three results. */
function compare(kind: string, frame: Frame, label: unknown): Found | Fault {
  const notify = new Notify(new MessageSet([DEFINITIONS.get(kind)!]));
  const first = declared(notify, frame);
  const found = declared(notify, frame);
  expect([kind, label, found]).toEqual([kind, label, first]);
  const walk = walked(frame);
  if (found instanceof Fault || walk instanceof Fault) {
    expect([kind, label, found]).toEqual([kind, label, walk]);
    return found;
  }
  const reader = new MessageReader();
  reader.read(frame);
  expect([reader.next(), reader.nextArgument()]).toEqual([true, true]);
  const { state, value } = found;
  const read = value instanceof Fault ? value.code : value;
  expect([kind, label, state, read]).toEqual([kind, label, ...expected(kind, reader.value)]);
  return found;
}

const FILLS = [0x00, 0x7f, 0x80, 0xff];
/** Alone in its buffer, at the end of one, and amid foreign bytes. */
const PLACES: readonly (readonly [before: number, after: number, fill: number])[] = [
  [0, 0, 0x00],
  [23, 0, 0xff],
  ...FILLS.map((fill) => [3, 40, fill] as const),
];

const integers = [0n, 1n, 239n, 240n, 2_287n, 2_288n, 264_431n, 264_432n, 33_818_863n, 33_818_864n].flatMap((value) =>
  [2, 3, 4, 5].map((type): [string, string] => [`integer ${value} of type ${type}`, integerDigits(type, value)]),
);
const samples: readonly (readonly [name: string, digits: string])[] = [
  ...VALID,
  ...integers,
  ...MALFORMED.map(([name, digits]) => [name, digits] as const),
];

describe('an argument that is expected at its place', () => {
  it.each(samples)('reads and ends like one that is not, with nothing or more after it: %s', (_, digits) => {
    const typedData = hex(digits);
    for (const [kind] of KINDS) {
      for (const rest of [[], [Z]]) {
        for (const [before, after, fill] of PLACES) {
          compare(kind, place(payloadOf(typedData, rest), fill, before, after), [rest.length, fill, before, after]);
        }
      }
    }
  });

  it.each(VALID)('that is cut short is refused with the same words, with any bytes after it: %s', (_, digits) => {
    const payload = payloadOf(hex(digits));
    for (const [kind] of KINDS) {
      for (let length = payload.length - 1; length >= Math.max(3, payload.length - 20); length--) {
        for (const fill of [0x00, 0x80]) {
          const notify = new Notify(new MessageSet([DEFINITIONS.get(kind)!]));
          // First the whole argument, so that it is expected; then its beginning, with or without the old bytes after it.
          declared(notify, place(payload, fill, 9, 30));
          const cut = place(payload.subarray(0, length), fill, 9, 30);
          const left = place(payload, fill, 9, 30);
          left.end -= payload.length - length;
          const found = [cut, left, place(payload.subarray(0, length), fill, 0, 0)].map((frame) =>
            declared(notify, frame),
          );
          const whole = walked(cut);
          expect(whole).toMatchObject({ code: 'SPOP_TRUNCATED' });
          expect([length, fill, found]).toEqual([length, fill, [whole, whole, whole]]);
        }
      }
    }
  });

  it.each([239, 240, 2_287, 2_288, 264_431, 264_432])('of %i bytes ends after its length', (length) => {
    const value = Buffer.alloc(length, 0x5a);
    for (const [kind, type] of [
      ['string', 8],
      ['interned', 8],
      ['binary', 9],
    ] as const) {
      const typedData = Buffer.concat([Buffer.from([type]), varint(BigInt(length)), value]);
      const whole = compare(kind, place(payloadOf(typedData, [Z]), 0xff, 3, 0), length);
      expect(whole).toMatchObject({ state: 'present', z: 5 });
      const short = compare(kind, place(payloadOf(typedData.subarray(0, -1)), 0x5a, 3, 40), length);
      expect(short).toMatchObject({ code: 'SPOP_TRUNCATED', details: [4, VALUE_AT + 1, expect.any(String)] });
    }
  });

  it('reads any bytes like one that is not expected', () => {
    const wellFormed = fc
      .tuple(fc.nat(255), fc.oneof(fc.bigInt(0n, 12n), fc.bigInt(0n, 1n << 64n)), fc.uint8Array({ maxLength: 20 }))
      .map(([first, number, rest]) => Buffer.concat([Buffer.from([first]), varint(number), rest]));
    const any = fc.uint8Array({ maxLength: 20 });
    fc.assert(
      fc.property(
        fc.oneof(any, wellFormed),
        fc.constantFrom(...KINDS.map(([kind]) => kind)),
        fc.constantFrom(...PLACES),
        fc.nat(2),
        (typedData, kind, [before, after, fill], more) => {
          const payload = Buffer.from(payloadOf(typedData));
          payload[2] = 1 + more;
          const frame = place(payload, fill, before, after);
          compare(kind, frame, 'any');
        },
      ),
      { numRuns: 3_000 },
    );
  });

  it('of NULL is no value, the second time as well', () => {
    for (const [kind] of KINDS) {
      const notify = new Notify(new MessageSet([DEFINITIONS.get(kind)!]));
      for (let round = 0; round < 3; round++) {
        expect(declared(notify, place(payloadOf(hex('00'), [Z]), 0, 0, 0))).toEqual({
          state: 'null',
          value: undefined,
          z: 5,
          messageCount: 1,
        });
      }
    }
  });
});
