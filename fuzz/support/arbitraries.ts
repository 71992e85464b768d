/** The builder's arbitraries, with more of what lies where something changes. */
import { type Argument, data, type Message, type PlainFrame, type TypedData, writeFrame } from '@spop/builder';
import * as builder from '@spop/builder/arbitraries';
import * as fc from 'fast-check';
import { frameOf } from './frame-of.ts';

/** Where a varint grows by a byte: 240, 2288, … (SPOE.txt §3.1). */
export const VARINT_STEPS: readonly bigint[] = Array.from({ length: 9 }, (_, step) =>
  // 240 + 128 * (2^4 + 2^11 + … )
  Array.from({ length: step }, (__, i) => 128n << BigInt(4 + 7 * i)).reduce((sum, part) => sum + part, 240n),
);

/** Unsigned 64-bit integers, mostly near the places where something changes: a varint's length, a half, a sign. */
export function uint64(): fc.Arbitrary<bigint> {
  const places = [...VARINT_STEPS, ...[7n, 8n, 15n, 16n, 31n, 32n, 33n, 53n, 63n, 64n].map((bit) => 1n << bit)];
  const near = fc.tuple(fc.constantFrom(...places), fc.bigInt({ min: -3n, max: 3n })).map(([place, by]) => place + by);
  return fc.oneof(
    fc.bigInt({ min: 0n, max: 300n }),
    near.map((value) => BigInt.asUintN(64, value)),
    builder.unsigned64(),
  );
}

/** Text of all sorts: ASCII, fewer characters than bytes, long, and bytes that are not UTF-8. */
export function text(): fc.Arbitrary<string> {
  return fc.oneof(
    { weight: 5, arbitrary: builder.text(30) },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
    { weight: 1, arbitrary: fc.integer({ min: 75, max: 300 }).map((length) => 'long '.repeat(60).slice(0, length)) },
  );
}

const ARGUMENT_NAMES: readonly string[] = ['ip', 'ua', 'method', 'score', '', 'id', 'ég', 'n'.repeat(240)];
export const MESSAGE_NAMES: readonly string[] = ['check-client-ip', 'm', 'check', 'é', '', 'x'.repeat(250)];

/** Typed data of every type. */
function typedData(): fc.Arbitrary<TypedData> {
  const bytes = fc.uint8Array({ maxLength: 300, size: 'medium' });
  const mapped = fc.ipV4().map((ipv4) => `::ffff:${ipv4}`);
  return fc.oneof(
    { weight: 4, arbitrary: builder.typedData() },
    { weight: 1, arbitrary: uint64().map((value): TypedData => data.int64(BigInt.asIntN(64, value))) },
    { weight: 1, arbitrary: uint64().map((value): TypedData => data.uint64(value)) },
    { weight: 1, arbitrary: fc.oneof(fc.ipV6(), mapped).map((value): TypedData => data.ipv6(value)) },
    { weight: 1, arbitrary: text().map((value): TypedData => data.string(value)) },
    { weight: 1, arbitrary: bytes.map((value): TypedData => ({ type: 'binary', value })) },
  );
}

function nameAmong(names: readonly string[]): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...names) }, { weight: 1, arbitrary: text() });
}

export function argument(): fc.Arbitrary<Argument> {
  return fc.record({ name: nameAmong(ARGUMENT_NAMES), value: typedData() });
}

/** One message, sometimes with as many arguments as NB-ARGS can count; these repeat a few, so that a failure is short to read. */
export function message(): fc.Arbitrary<Message> {
  const few = fc.array(argument(), { maxLength: 6 });
  const many = fc
    .tuple(fc.array(argument(), { minLength: 1, maxLength: 4 }), fc.integer({ min: 250, max: 255 }))
    .map(([some, count]) => Array.from({ length: count }, (_, index) => some[index % some.length]!));
  const args = fc.oneof({ weight: 30, arbitrary: few }, { weight: 1, arbitrary: many });
  return fc.record({ name: nameAmong(MESSAGE_NAMES), args });
}

/** Frames of every type and direction: those of the builder, with names, ids, flags and fragments of all sorts. */
export function frame(): fc.Arbitrary<PlainFrame> {
  const ids = { streamId: uint64(), frameId: uint64() };
  const bits = fc.integer({ min: 0, max: 0x7fff_ffff });
  const payload = fc.uint8Array({ maxLength: 60 });
  const whole = fc.oneof(
    fc.constant(1),
    bits.map((each) => each * 2 + 1),
  );
  const kvTypes = fc.constantFrom('HAPROXY-HELLO', 'HAPROXY-DISCONNECT', 'AGENT-HELLO', 'AGENT-DISCONNECT');
  const type = <const Type extends PlainFrame['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name);
  const items = fc.array(argument(), { maxLength: 6 });
  const messages = fc.array(message(), { maxLength: 4 });
  const part = fc.constantFrom(0, 2, 0x8000_0000);
  return fc.oneof(
    { weight: 4, arbitrary: builder.anyFrame() },
    { weight: 4, arbitrary: fc.record({ type: type('NOTIFY'), flags: whole, ...ids, messages }) },
    { weight: 1, arbitrary: fc.record({ type: kvTypes, flags: bits, ...ids, items }) },
    { weight: 1, arbitrary: fc.record({ type: type('NOTIFY-FRAGMENT'), flags: part, ...ids, payload }) },
    { weight: 1, arbitrary: fc.record({ type: type('UNSET'), flags: bits, ...ids, payload }) },
  );
}

/** The bytes of one to five frames. */
function stream(): fc.Arbitrary<Uint8Array> {
  return builder.bytesOfFrames(fc.array(frame(), { minLength: 1, maxLength: 5 }));
}

/** The bytes of up to eight frames, so long that a reader's own memory grows while frames are left in it. */
export function longStream(): fc.Arbitrary<Uint8Array> {
  return builder.bytesOfFrames(fc.array(frame(), { minLength: 4, maxLength: 8, size: 'max' }));
}

/** Frames with up to five faults; the length field of half of them still says how long the frame is. */
function damagedStream(): fc.Arbitrary<Uint8Array> {
  return fc
    .tuple(fc.oneof(builder.noisy(frame()), builder.corrupted(frame())), stream(), fc.boolean())
    .map(([{ bytes }, rest, isMended]) => (isMended ? withLength(bytes) : Buffer.concat([bytes, rest])));
}

/** The bytes as one frame: the length field covers all of them. */
function withLength(bytes: Uint8Array): Uint8Array {
  const mended = Buffer.from(bytes);
  if (bytes.length >= 11) mended.writeUInt32BE(bytes.length - 4, 0);
  return mended;
}

/** Bytes of a stream: well-formed frames, damaged ones, and bytes without meaning. */
export function anyStream(): fc.Arbitrary<Uint8Array> {
  const bytes = fc.uint8Array({ maxLength: 120, size: 'medium' });
  const types = fc.constantFrom(0, 1, 2, 3, 101, 102, 103, 200);
  const meaningless = fc
    .tuple(types, bytes)
    .map(([type, rest]) => frameOf(type, Buffer.concat([Buffer.of(0, 0), rest])));
  return fc.oneof(
    { weight: 3, arbitrary: stream() },
    { weight: 4, arbitrary: damagedStream() },
    { weight: 1, arbitrary: meaningless },
    { weight: 1, arbitrary: bytes },
  );
}

/** Sizes of chunks in bytes, to be used over and over: from one byte to all at once. */
export function chunkSizes(): fc.Arbitrary<number[]> {
  const size = fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 255 }));
  return fc.oneof(fc.constantFrom<number[]>([], [1]), fc.array(size, { minLength: 1, maxLength: 6 }));
}

/** The payload of a NOTIFY with these messages. */
export function payloadOf(messages: readonly Message[]): Uint8Array {
  return writeFrame({ type: 'NOTIFY', flags: 1, streamId: 0n, frameId: 0n, messages }).subarray(11);
}

/** HELLO and DISCONNECT frames with the items that have a meaning, right and wrong. */
export function helloFrame(): fc.Arbitrary<PlainFrame> {
  const keys = ['supported-versions', 'version', 'max-frame-size', 'capabilities', 'engine-id', 'healthcheck'];
  const texts = fc.constantFrom('2.0', '', ' pipelining, async ,,x', 'pipelining', '1.0,2.0');
  const value = fc.oneof(
    { weight: 3, arbitrary: texts.map((each): TypedData => data.string(each)) },
    { weight: 2, arbitrary: uint64().map((each): TypedData => data.uint64(each)) },
    { weight: 1, arbitrary: fc.boolean().map((each): TypedData => data.bool(each)) },
    { weight: 1, arbitrary: typedData() },
  );
  const id = fc.oneof({ weight: 9, arbitrary: fc.constant(0n) }, { weight: 1, arbitrary: uint64() });
  return fc.record({
    type: fc.constantFrom('HAPROXY-HELLO', 'HAPROXY-DISCONNECT', 'AGENT-HELLO', 'AGENT-DISCONNECT'),
    flags: fc.oneof({ weight: 9, arbitrary: fc.constant(1) }, { weight: 1, arbitrary: fc.nat({ max: 255 }) }),
    streamId: id,
    frameId: id,
    items: fc.array(fc.record({ name: fc.constantFrom(...keys, 'status-code', 'message', ''), value }), {
      maxLength: 8,
    }),
  });
}
