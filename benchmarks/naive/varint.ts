/** A decoded value and the offset of the byte after it. */
export type Decoded<T> = [value: T, next: number];

/** Reads a varint (SPOE.txt §3.1) the direct way: everything a bigint, because the specification says 64 bits. */
export function decodeVarint(buffer: Buffer, offset: number): Decoded<bigint> {
  let byte = buffer.readUInt8(offset);
  let value = BigInt(byte);
  let next = offset + 1;
  if (byte < 240) {
    return [value, next];
  }
  let shift = 4n;
  do {
    if (next - offset >= 10) {
      throw new Error(`varint at byte ${offset} is longer than ten bytes`);
    }
    byte = buffer.readUInt8(next);
    value += BigInt(byte) << shift;
    shift += 7n;
    next += 1;
  } while (byte >= 128);
  if (value > 0xffff_ffff_ffff_ffffn) {
    throw new Error(`varint at byte ${offset} does not fit 64 bits`);
  }
  return [value, next];
}

/** Writes a varint (SPOE.txt §3.1) into a buffer of its own. */
export function encodeVarint(value: bigint): Buffer {
  if (value < 240n) {
    return Buffer.from([Number(value)]);
  }
  const bytes = [Number(value & 0xffn) | 0xf0];
  let rest = (value - 240n) >> 4n;
  while (rest >= 128n) {
    bytes.push(Number(rest & 0xffn) | 0x80);
    rest = (rest - 128n) >> 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
