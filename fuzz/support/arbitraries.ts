import type { Action, Argument, Message, PlainFrame, TypedData } from '@spop/builder';
import { data, toText, writeFrame } from '@spop/builder';
import { SCOPE_NAMES, type ScopeName } from '@spop/codec';
import * as fc from 'fast-check';

/** Where a varint grows by a byte: 240, 2288, … (SPOE.txt §3.1). */
export const VARINT_STEPS: readonly bigint[] = Array.from({ length: 9 }, (_, step) =>
  // 240 + 128 * (2^4 + 2^11 + … )
  Array.from({ length: step }, (__, i) => 128n << BigInt(4 + 7 * i)).reduce((sum, part) => sum + part, 240n),
);

const MAX_UINT64 = (1n << 64n) - 1n;

/** Unsigned 64-bit integers, mostly near the places where something changes: a varint's length, a half, a sign. */
export function uint64(): fc.Arbitrary<bigint> {
  const places = [...VARINT_STEPS, ...[7n, 8n, 15n, 16n, 31n, 32n, 33n, 53n, 63n, 64n].map((bit) => 1n << bit)];
  return fc.oneof(
    fc.bigInt({ min: 0n, max: 300n }),
    fc
      .tuple(fc.constantFrom(...places), fc.bigInt({ min: -3n, max: 3n }))
      .map(([place, near]) => clamp(place + near, 0n, MAX_UINT64)),
    fc.bigInt({ min: 0n, max: MAX_UINT64 }),
  );
}

/** Signed 64-bit integers: the same bits as {@link uint64}. */
export function int64(): fc.Arbitrary<bigint> {
  return uint64().map((value) => BigInt.asIntN(64, value));
}

function clamp(value: bigint, min: bigint, max: bigint): bigint {
  return value < min ? min : value > max ? max : value;
}

/** Text of all sorts: ASCII, more bytes than characters, long, and bytes that are no UTF-8. */
export function text(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 4, arbitrary: fc.string({ maxLength: 30 }) },
    { weight: 2, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
    { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom('é', '€', 'a', '😀'), minLength: 20, maxLength: 100 }) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 12 }).map((bytes) => toText(bytes)) },
    { weight: 1, arbitrary: fc.integer({ min: 75, max: 300 }).map((length) => 'long '.repeat(100).slice(0, length)) },
  );
}

export const ARGUMENT_NAMES: readonly string[] = ['ip', 'ua', 'method', 'score', '', 'id', 'ég', 'n'.repeat(240)];
export const MESSAGE_NAMES: readonly string[] = ['check-client-ip', 'm', 'check', 'é', '', 'x'.repeat(250)];

function argumentName(): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...ARGUMENT_NAMES) }, { weight: 1, arbitrary: text() });
}

/** Typed data of all ten types as plain objects. */
export function typedData(): fc.Arbitrary<TypedData> {
  return fc.oneof(
    fc.constant<TypedData>({ type: 'null' }),
    fc.boolean().map((value): TypedData => ({ type: 'bool', value })),
    int64().map((value): TypedData => ({ type: 'int32', value: Number(BigInt.asIntN(32, value)) })),
    uint64().map((value): TypedData => ({ type: 'uint32', value: Number(BigInt.asUintN(32, value)) })),
    int64().map((value): TypedData => ({ type: 'int64', value })),
    uint64().map((value): TypedData => ({ type: 'uint64', value })),
    fc.uint8Array({ minLength: 4, maxLength: 4 }).map((bytes): TypedData => data.ipv4(bytes)),
    ipv6Bytes().map((bytes): TypedData => data.ipv6(bytes)),
    text().map((value): TypedData => ({ type: 'string', value })),
    fc.uint8Array({ maxLength: 300, size: 'medium' }).map((value): TypedData => ({ type: 'binary', value })),
  );
}

/** Sixteen bytes with runs of zeros, which the text form shortens; some are IPv4 addresses. */
export function ipv6Bytes(): fc.Arbitrary<Uint8Array> {
  const word = fc.oneof(fc.constant(0), fc.constant(0xffff), fc.integer({ min: 0, max: 0xffff }));
  const words = fc.oneof(
    { weight: 5, arbitrary: fc.array(word, { minLength: 8, maxLength: 8 }) },
    { weight: 1, arbitrary: fc.tuple(word, word).map((last) => [0, 0, 0, 0, 0, 0xffff, ...last]) },
  );
  return words.map((groups) => Uint8Array.from(groups.flatMap((value) => [value >> 8, value & 0xff])));
}

export function argument(): fc.Arbitrary<Argument> {
  return fc.record({ name: argumentName(), value: typedData() });
}

/** As many arguments as NB-ARGS can count, a few of them again and again: a failure stays short to read. */
function manyArguments(): fc.Arbitrary<Argument[]> {
  return fc
    .tuple(fc.array(argument(), { minLength: 1, maxLength: 4 }), fc.integer({ min: 250, max: 255 }))
    .map(([few, count]) => Array.from({ length: count }, (_, index) => few[index % few.length]!));
}

export function message(): fc.Arbitrary<Message> {
  return fc.record({
    name: fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...MESSAGE_NAMES) }, { weight: 1, arbitrary: text() }),
    args: fc.oneof(
      { weight: 30, arbitrary: fc.array(argument(), { maxLength: 6 }) },
      { weight: 1, arbitrary: manyArguments() },
    ),
  });
}

export function scope(): fc.Arbitrary<ScopeName> {
  return fc.constantFrom(...SCOPE_NAMES);
}

export function action(): fc.Arbitrary<Action> {
  const name = text();
  return fc.oneof(
    fc.record({ type: fc.constant('set-var' as const), scope: scope(), name, value: typedData() }),
    fc.record({ type: fc.constant('unset-var' as const), scope: scope(), name }),
  );
}

function header(flags: fc.Arbitrary<number>): fc.Arbitrary<{ flags: number; streamId: bigint; frameId: bigint }> {
  return fc.record({ flags, streamId: uint64(), frameId: uint64() });
}

/** Flags with FIN, with and without ABORT and reserved bits. */
const whole: fc.Arbitrary<number> = fc.oneof(
  { weight: 4, arbitrary: fc.constant(1) },
  { weight: 1, arbitrary: fc.integer({ min: 0, max: 0x7fff_ffff }).map((bits) => bits * 2 + 1) },
);
const fragment: fc.Arbitrary<number> = fc.oneof(fc.constant(0), fc.constantFrom(2, 0x8000_0000));

/** Whole frames of every type and direction, as the builder's plain objects. */
export function frame(): fc.Arbitrary<PlainFrame> {
  const kvTypes = ['HAPROXY-HELLO', 'HAPROXY-DISCONNECT', 'AGENT-HELLO', 'AGENT-DISCONNECT'] as const;
  const anyFlags = fc.oneof(whole, fragment);
  const payload = fc.uint8Array({ maxLength: 60 });
  return fc.oneof(
    {
      weight: 4,
      arbitrary: fc
        .tuple(header(whole), fc.array(message(), { maxLength: 4 }))
        .map(([start, messages]): PlainFrame => ({ type: 'NOTIFY', ...start, messages })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(header(anyFlags), fc.array(action(), { maxLength: 6 }))
        .map(([start, actions]): PlainFrame => ({ type: 'ACK', ...start, actions })),
    },
    {
      weight: 3,
      arbitrary: fc
        .tuple(header(anyFlags), fc.array(argument(), { maxLength: 6 }), fc.constantFrom(...kvTypes))
        .map(([start, items, type]): PlainFrame => ({ type, ...start, items })),
    },
    fc
      .tuple(header(fragment), payload)
      .map(([start, bytes]): PlainFrame => ({ type: 'NOTIFY-FRAGMENT', ...start, payload: bytes })),
    fc
      .tuple(header(anyFlags), payload)
      .map(([start, bytes]): PlainFrame => ({ type: 'UNSET', ...start, payload: bytes })),
    fc
      .tuple(header(anyFlags), payload, fc.constantFrom(4, 100, 104, 255))
      .map(([start, bytes, typeByte]): PlainFrame => ({ type: 'UNKNOWN', typeByte, ...start, payload: bytes })),
  );
}

/** The bytes of one to five frames. */
export function stream(): fc.Arbitrary<Uint8Array> {
  return fc
    .array(frame(), { minLength: 1, maxLength: 5 })
    .map((frames) => Uint8Array.from(Buffer.concat(frames.map((each) => writeFrame(each)))));
}

interface Damage {
  readonly kind: 'flip' | 'set' | 'insert' | 'remove' | 'cut' | 'repeat';
  /** Where, as a part of the whole, 0 to 1. */
  readonly at: number;
  readonly value: number;
}

function damage(): fc.Arbitrary<Damage> {
  const extreme = fc.constantFrom(0, 1, 0x7f, 0x80, 0xef, 0xf0, 0xff);
  return fc.record({
    kind: fc.constantFrom('flip', 'set', 'insert', 'remove', 'cut', 'repeat'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    value: fc.oneof(extreme, fc.integer({ min: 0, max: 255 })),
  });
}

function applyDamage(bytes: Uint8Array, { kind, at, value }: Damage): Uint8Array {
  const index = Math.floor(at * bytes.length);
  const before = bytes.subarray(0, index);
  const after = bytes.subarray(index + 1);
  switch (kind) {
    case 'flip':
      return Uint8Array.from(bytes, (byte, i) => (i === index ? byte ^ (1 << (value & 7)) : byte));
    case 'set':
      return Uint8Array.from(bytes, (byte, i) => (i === index ? value : byte));
    case 'insert':
      return Uint8Array.from([...before, value, ...bytes.subarray(index)]);
    case 'remove':
      return Uint8Array.from([...before, ...after]);
    case 'cut':
      return Uint8Array.from(before);
    case 'repeat':
      return Uint8Array.from([...bytes, ...bytes.subarray(index, index + value)]);
  }
}

/** Frames with one to four faults; the length fields of most still say how long their frame is. */
export function damagedStream(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(stream(), fc.array(damage(), { minLength: 1, maxLength: 4 }), fc.boolean())
    .map(([bytes, faults, mend]) => {
      const damaged = faults.reduce(applyDamage, bytes);
      return mend ? mendLength(damaged) : damaged;
    });
}

/** Lets the first length field cover all bytes, so that the faults lie within a frame. */
function mendLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 11) return bytes;
  const mended = Buffer.from(bytes);
  mended.writeUInt32BE(bytes.length - 4, 0);
  return Uint8Array.from(mended);
}

/** Bytes of no meaning, half of them behind the beginning of a frame that announces them. */
export function noise(): fc.Arbitrary<Uint8Array> {
  const bytes = fc.uint8Array({ maxLength: 120, size: 'medium' });
  const types = fc.constantFrom(0, 1, 2, 3, 101, 102, 103, 200);
  return fc.oneof(
    bytes,
    fc.tuple(bytes, types).map(([rest, type]) => {
      const whole = Buffer.from([0, 0, 0, 0, type, 0, 0, 0, 1, 0, 0, ...rest]);
      whole.writeUInt32BE(whole.length - 4, 0);
      return Uint8Array.from(whole);
    }),
  );
}

/** Sizes of chunks in bytes, to be used over and over: from one byte to all at once. */
export function chunkSizes(): fc.Arbitrary<number[]> {
  return fc.oneof(
    fc.constant<number[]>([]),
    fc.constant<number[]>([1]),
    fc.array(fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 700 })), {
      minLength: 1,
      maxLength: 6,
    }),
  );
}
