import type { Argument, Message, PlainFrame, TypedData } from '@spop/builder';
import { data, toText, writeFrame } from '@spop/builder';
import * as builder from '@spop/builder/arbitraries';
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

/** Text of all sorts: ASCII, more bytes than characters, long, and bytes that are not UTF-8. */
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

/** Typed data as the builder makes it up, with more integers and texts near the places where something changes. */
export function typedData(): fc.Arbitrary<TypedData> {
  return fc.oneof(
    { weight: 4, arbitrary: builder.typedData() },
    { weight: 1, arbitrary: int64().map((value): TypedData => ({ type: 'int64', value })) },
    { weight: 1, arbitrary: uint64().map((value): TypedData => ({ type: 'uint64', value })) },
    { weight: 1, arbitrary: ipv6Bytes().map((bytes): TypedData => data.ipv6(bytes)) },
    { weight: 1, arbitrary: text().map((value): TypedData => ({ type: 'string', value })) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ maxLength: 300, size: 'medium' })
        .map((value): TypedData => ({ type: 'binary', value })),
    },
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

/** Whole frames of every type and direction: those of the builder, with names, ids, flags and fragments of all sorts. */
export function frame(): fc.Arbitrary<PlainFrame> {
  const ids = { streamId: uint64(), frameId: uint64() };
  const bits = fc.integer({ min: 0, max: 0x7fff_ffff });
  const payload = fc.uint8Array({ maxLength: 60 });
  const whole = fc.oneof(
    { weight: 4, arbitrary: fc.constant(1) },
    { weight: 1, arbitrary: bits.map((each) => each * 2 + 1) },
  );
  const kvTypes = fc.constantFrom('HAPROXY-HELLO', 'HAPROXY-DISCONNECT', 'AGENT-HELLO', 'AGENT-DISCONNECT');
  return fc.oneof(
    { weight: 4, arbitrary: builder.anyFrame() },
    {
      weight: 4,
      arbitrary: fc.record({
        type: fc.constant('NOTIFY' as const),
        flags: whole,
        ...ids,
        messages: fc.array(message(), { maxLength: 4 }),
      }),
    },
    {
      weight: 1,
      arbitrary: fc.record({ type: kvTypes, flags: bits, ...ids, items: fc.array(argument(), { maxLength: 6 }) }),
    },
    {
      weight: 1,
      arbitrary: fc.record({
        type: fc.constant('NOTIFY-FRAGMENT' as const),
        flags: fc.constantFrom(0, 2, 0x8000_0000),
        ...ids,
        payload,
      }),
    },
    { weight: 1, arbitrary: fc.record({ type: fc.constant('UNSET' as const), flags: bits, ...ids, payload }) },
  );
}

/** The bytes of one to five frames. */
export function stream(): fc.Arbitrary<Uint8Array> {
  return fc
    .array(frame(), { minLength: 1, maxLength: 5 })
    .map((frames) => Uint8Array.from(Buffer.concat(frames.map((each) => writeFrame(each)))));
}

/** Frames with up to five faults; the length field of half of them still says how long the frame is. */
export function damagedStream(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.oneof(builder.noisy(frame()), builder.corrupted(frame())), stream(), fc.boolean())
    .map(([{ bytes }, rest, mend]) => (mend ? mendLength(bytes) : Uint8Array.from([...bytes, ...rest])));
}

/** Lets the first length field cover all bytes, so that the faults lie within a frame. */
function mendLength(bytes: Uint8Array): Uint8Array {
  if (bytes.length < 11) return bytes;
  const mended = Buffer.from(bytes);
  mended.writeUInt32BE(bytes.length - 4, 0);
  return Uint8Array.from(mended);
}

/** Bytes of no meaning, half of them after the beginning of a frame that announces them. */
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
