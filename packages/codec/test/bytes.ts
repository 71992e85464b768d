import { expect } from 'vitest';
import { type Frame, FrameReader, KvListReader, SpopError, type Value } from '../src/index.ts';

/** Bytes from hex digits, with any spaces. */
export function hex(digits: string): Buffer {
  const compact = digits.replaceAll(/\s/g, '');
  const bytes = Buffer.from(compact, 'hex');
  if (bytes.length * 2 !== compact.length) throw new Error(`not hex: ${digits}`);
  return bytes;
}

/** Hex digits of bytes, from `start` to `end`. */
export function toHex(bytes: Uint8Array, start: number = 0, end: number = bytes.length): string {
  return Buffer.from(bytes.subarray(start, end)).toString('hex');
}

/** A varint by arithmetic on bigints, written apart from the codec's. */
export function varint(value: bigint): Buffer {
  if (value < 240n) return Buffer.from([Number(value)]);
  const bytes = [Number((value & 0xffn) | 0xf0n)];
  let rest = (value - 240n) >> 4n;
  while (rest >= 128n) {
    bytes.push(Number((rest & 0xffn) | 0x80n));
    rest = (rest - 128n) >> 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}

/** The first value whose varint has `size` bytes: 0, 240, 2288, 264432, … */
export function firstOfSize(size: number): bigint {
  let first = 0n;
  for (let bytes = 2; bytes <= size; bytes++) first = bytes === 2 ? 240n : first + (1n << BigInt(4 + 7 * (bytes - 2)));
  return first;
}

/** Text after its length. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  return Buffer.concat([varint(BigInt(bytes.length)), bytes]);
}

/** A frame around a payload, with its length field. */
export function frameBytes(
  type: number,
  payload: Uint8Array = Buffer.alloc(0),
  { flags = 1, streamId = 0n, frameId = 0n }: { flags?: number; streamId?: bigint; frameId?: bigint } = {},
): Buffer {
  const head = Buffer.alloc(9);
  head[4] = type;
  head.writeUInt32BE(flags >>> 0, 5);
  const bytes = Buffer.concat([head, varint(streamId), varint(frameId), payload]);
  bytes.writeUInt32BE(bytes.length - 4);
  return bytes;
}

/** A NOTIFY with one stream-id and frame-id of one byte each: its payload begins at byte 11. */
export function notifyBytes(payload: Uint8Array): Buffer {
  return frameBytes(3, payload, { streamId: 1n, frameId: 1n });
}

/** Offset of the payload in {@link notifyBytes} and in control frames. */
export const PAYLOAD_AT = 11;

/**
 * The same bytes amid others, as in a pooled buffer; a view must show none of the surroundings. Every other byte is
 * `fill`.
 */
export function amid(bytes: Uint8Array, fill: number, before: number = 23, after: number = 300): Buffer {
  const buffer = Buffer.alloc(before + bytes.length + after, fill);
  buffer.set(bytes, before);
  return buffer;
}

/** The only frame in `bytes`, read amid foreign bytes. */
export function onlyFrame(bytes: Uint8Array, fill: number = 0x21, before: number = 23): Frame {
  const reader = new FrameReader({ maxFrameSize: 0x7fff_ffff });
  reader.push(amid(bytes, fill, before), before, before + bytes.length);
  const frame = reader.next();
  if (frame === undefined) throw new Error('expected a whole frame');
  expect(reader.pendingBytes).toBe(0);
  return frame;
}

/** The error that `call` throws, which must be a SpopError. */
export function thrown(call: () => unknown): SpopError {
  try {
    call();
  } catch (error) {
    expect(error).toBeInstanceOf(SpopError);
    if (error instanceof SpopError) return error;
  }
  return expect.unreachable('expected a SpopError; found none');
}

/** Code, status and offset of the error that `call` throws. */
export function fault(call: () => unknown): readonly [code: string, status: number | undefined, offset: number] {
  const { code, status, offset } = thrown(call);
  return [code, status, offset];
}

/** A view of the typed data with these hex digits, amid foreign bytes. */
export function valueOf(digits: string, fill: number = 0x21): Value {
  const list = new KvListReader();
  list.read(onlyFrame(frameBytes(2, Buffer.concat([hex('00'), hex(digits)])), fill));
  expect(list.next()).toBe(true);
  return list.value;
}

/** A message of a NOTIFY: its arguments are names and the hex digits of typed data. */
export function message(name: string, args: readonly (readonly [name: string, digits: string])[] = []): Buffer {
  const pairs = args.flatMap(([argument, digits]) => [text(argument), hex(digits)]);
  return Buffer.concat([text(name), Buffer.from([args.length & 0xff]), ...pairs]);
}

/** A NOTIFY with these messages, amid foreign bytes. */
export function notifyFrame(messages: readonly Uint8Array[], fill?: number, before?: number): Frame {
  return onlyFrame(notifyBytes(Buffer.concat(messages)), fill, before);
}
