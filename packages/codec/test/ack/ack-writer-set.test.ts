import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  bool,
  defineVariable,
  int32,
  int64,
  integer,
  SpopError,
  string,
  uint32,
  uint64,
  type Variable,
} from '../../src/index.ts';
import { frameBytes, hex, message, notifyFrame, toHex, varint } from '../bytes.ts';

const GUARD = 0xee;
const notify = notifyFrame([message('m')]);
const SAFE = BigInt(Number.MAX_SAFE_INTEGER);
const MIN_64 = -(1n << 63n);

/** Integer kinds with their data type and range. */
const INTEGER_KINDS = [
  ['integer', integer, 4, -SAFE, SAFE],
  ['int32', int32, 2, -(1n << 31n), (1n << 31n) - 1n],
  ['uint32', uint32, 3, 0n, (1n << 32n) - 1n],
  ['int64', int64, 4, MIN_64, (1n << 63n) - 1n],
  ['uint64', uint64, 5, 0n, (1n << 64n) - 1n],
] as const;

/** Numbers around each size of a varint and the ends of each range, and numbers that are no integer. */
const INTEGERS: readonly number[] = [
  0,
  1,
  239,
  240,
  2_287,
  2_288,
  264_431,
  264_432,
  33_818_863,
  33_818_864,
  2_147_483_647,
  2_147_483_648,
  4_294_967_295,
  4_294_967_296,
  -1,
  -240,
  -2_147_483_648,
  -2_147_483_649,
  9_007_199_254_740_991,
  -9_007_199_254_740_991,
  9_007_199_254_740_992,
  1.5,
  -0.5,
  NaN,
  Infinity,
  -Infinity,
];
const BIG_INTEGERS = [0n, -1n, 240n, 1n << 31n, (1n << 63n) - 1n, MIN_64, 1n << 63n, (1n << 64n) - 1n, 1n << 64n];

/** Names whose set-var has 5 to 12 bytes before its value: each length modulo 4, twice. */
const NAMES = Array.from({ length: 8 }, (_, index) => 'abcdefgh'.slice(0, index + 1));

function prefixOf(name: string): Buffer {
  return Buffer.concat([Buffer.from([1, 3, 1, name.length]), Buffer.from(name)]);
}

function ackOf(payload: Uint8Array): string {
  return toHex(frameBytes(103, payload, { streamId: 1n, frameId: 1n }));
}

interface Case {
  readonly label: string;
  readonly prefix: Buffer;
  /** The value's typed data, or undefined if the kind cannot hold it. */
  readonly value: Buffer | undefined;
  readonly set: (ack: AckWriter) => void;
}

function caseOf<Write>(label: string, name: string, variable: Variable<Write>, value: Write, typed?: Buffer): Case {
  return { label, prefix: prefixOf(name), value: typed, set: (ack) => ack.set(variable, value) };
}

function integerCases(name: string): Case[] {
  return INTEGER_KINDS.flatMap(([kind, type, dataType, min, max]) => {
    const typed = (value: bigint): Buffer | undefined =>
      value < min || value > max
        ? undefined
        : Buffer.concat([Buffer.from([dataType]), varint(BigInt.asUintN(64, value))]);
    const numbers = INTEGERS.map((value) => {
      const expected = Number.isSafeInteger(value) ? typed(BigInt(value)) : undefined;
      return caseOf(`${kind} ${value}`, name, defineVariable('sess', name, type), value, expected);
    });
    if (type !== int64 && type !== uint64) return numbers;
    const variable = defineVariable('sess', name, type);
    return [
      ...numbers,
      ...BIG_INTEGERS.map((value) => caseOf(`${kind} ${value}n`, name, variable, value, typed(value))),
    ];
  });
}

function otherCases(name: string): Case[] {
  const flag = defineVariable('sess', name, bool);
  const label = defineVariable('sess', name, string);
  return [
    caseOf('true', name, flag, true, hex('11')),
    caseOf('false', name, flag, false, hex('01')),
    caseOf('empty text', name, label, '', hex('0800')),
    caseOf('text', name, label, 'bot', hex('0803626f74')),
    {
      label: 'NULL',
      prefix: prefixOf(name),
      value: hex('00'),
      set: (ack) => ack.setNull(label),
    },
  ];
}

/** Sets at `limit` of a buffer that ends there or later; returns the payload of the ACK, or the error's code. */
function setAt(ack: AckWriter, each: Case, position: number, limit: number, extra: number): string {
  const memory = Buffer.alloc(8 + limit + extra + 8, GUARD);
  const bytes = memory.subarray(8, 8 + limit + extra);
  ack.beginAck(bytes, position, limit, notify);
  let code = '';
  try {
    each.set(ack);
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    ({ code } = error);
  }
  const end = ack.end();
  expect(end).toBeLessThanOrEqual(limit);
  const around = [memory.subarray(0, 8 + position), memory.subarray(8 + limit)];
  expect(around.every((part) => part.every((byte) => byte === GUARD))).toBe(true);
  return `${code} ${toHex(bytes, position, end)}`;
}

const HEADER_BYTES = 11;

/** The result that {@link setAt} must return if `room` bytes are left after the header. */
function expected({ prefix, value }: Case, room: number): string {
  const size = prefix.length + (value?.length ?? 0);
  if (value !== undefined && size <= room) return ` ${ackOf(Buffer.concat([prefix, value]))}`;
  const code = value === undefined && size <= room ? 'SPOP_INVALID_VALUE' : 'SPOP_FRAME_FULL';
  return `${code} ${ackOf(hex('00'))}`;
}

describe('AckWriter.set at each limit', () => {
  it.each(NAMES)('writes any value of the variable %s whole or not at all', (name) => {
    const ack = new AckWriter();
    for (const each of [...integerCases(name), ...otherCases(name)]) {
      const full = each.prefix.length + (each.value?.length ?? 10);
      for (let room = 1; room <= full + 8; room++) {
        for (const extra of [0, 5]) {
          const found = setAt(ack, each, 3, 3 + HEADER_BYTES + room, extra);
          expect([each.label, room, extra, found]).toEqual([each.label, room, extra, expected(each, room)]);
        }
      }
    }
  });
});

describe('AckWriter.set, time after time', () => {
  const cases = NAMES.flatMap((name) => [...integerCases(name), ...otherCases(name)]);
  const oneCase = fc.constantFrom(...cases);

  it('writes one action after the other, moved to other buffers between them', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(oneCase, fc.boolean()), { maxLength: 12 }), fc.nat(60), (steps, room) => {
        const buffers = [0, 1].map(() => Buffer.alloc(HEADER_BYTES + 61 + 3, GUARD));
        const limit = HEADER_BYTES + 1 + room;
        const ack = new AckWriter();
        let current = 0;
        ack.beginAck(buffers[0]!, 0, limit, notify);
        let payload = Buffer.alloc(0);
        for (const [{ set, prefix, value }, isMoved] of steps) {
          const action = Buffer.concat([prefix, value ?? Buffer.alloc(0)]);
          const fits = value !== undefined && payload.length + action.length <= room + 1;
          if (fits) payload = Buffer.concat([payload, action]);
          if (fits) set(ack);
          else expect(() => set(ack)).toThrow(SpopError);
          if (isMoved) {
            current = 1 - current;
            ack.moveTo(buffers[current]!, limit);
            buffers[1 - current]!.fill(GUARD);
          }
        }
        const end = ack.end();
        const bytes = buffers[current]!;
        expect(toHex(bytes, 0, end)).toBe(ackOf(payload.length === 0 ? hex('00') : payload));
        expect(buffers.every((each) => each.subarray(limit).every((byte) => byte === GUARD))).toBe(true);
        expect(buffers[1 - current]!.every((byte) => byte === GUARD)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it('writes to the buffer that each ACK was begun in, two writers taking turns in two buffers', () => {
    const buffers = [0, 1].map(() => Buffer.alloc(64, GUARD));
    const writers = [new AckWriter(), new AckWriter()];
    for (const each of cases) {
      if (each.value === undefined) continue;
      const wire = ackOf(Buffer.concat([each.prefix, each.value]));
      for (let round = 0; round < 4; round++) {
        for (const buffer of buffers) buffer.fill(GUARD);
        const places = [round & 1, (round >> 1) & 1] as const;
        // Two halves of one buffer, or one half of each.
        for (const [index, writer] of writers.entries()) {
          writer.beginAck(buffers[places[index]!]!, 32 * index, 32 * (index + 1), notify);
        }
        const fits = wire.length / 2 <= 32;
        if (!fits) continue;
        for (const writer of writers) each.set(writer);
        const ends = writers.map((writer) => writer.end());
        for (const [index, end] of ends.entries()) {
          expect([each.label, toHex(buffers[places[index]!]!, 32 * index, end)]).toEqual([each.label, wire]);
        }
        for (const [index, buffer] of buffers.entries()) {
          if (places[0] !== index) expect(buffer.subarray(0, 32).every((byte) => byte === GUARD)).toBe(true);
          if (places[1] !== index) expect(buffer.subarray(32).every((byte) => byte === GUARD)).toBe(true);
        }
      }
    }
  });
});
