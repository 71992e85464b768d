/**
 * Bytes of frames, written the plain way for load and for black-box cases. Shares nothing with the codec that is
 * measured: what both get wrong would otherwise pass.
 */

/** A variable-length integer (SPOE.txt §3.1); negative values are extended to 64 bits, as HAProxy does. */
export function varint(value: number | bigint): number[] {
  let rest = BigInt.asUintN(64, BigInt(value));
  if (rest < 240n) return [Number(rest)];
  const bytes = [Number(rest & 0xffn) | 0xf0];
  rest = (rest - 240n) >> 4n;
  while (rest >= 128n) {
    bytes.push(Number(rest & 0xffn) | 0x80);
    rest = (rest - 128n) >> 7n;
  }
  bytes.push(Number(rest));
  return bytes;
}

/** A length-prefixed string. */
export function text(value: string): Buffer {
  const bytes = Buffer.from(value);
  return Buffer.concat([Buffer.from(varint(bytes.length)), bytes]);
}

/** Typed data (SPOE.txt §3.1): the type in the low four bits of the first byte, flags in the high four. */
export const typed = {
  null: (): Buffer => Buffer.from([0]),
  bool: (value: boolean): Buffer => Buffer.from([value ? 0x11 : 0x01]),
  int32: (value: number): Buffer => Buffer.from([2, ...varint(value)]),
  uint32: (value: number): Buffer => Buffer.from([3, ...varint(value)]),
  int64: (value: number | bigint): Buffer => Buffer.from([4, ...varint(value)]),
  uint64: (value: number | bigint): Buffer => Buffer.from([5, ...varint(value)]),
  ipv4: (value: string): Buffer => Buffer.from([6, ...value.split('.').map(Number)]),
  /** 16 bytes in hexadecimal. */
  ipv6: (hex: string): Buffer => Buffer.from(`07${hex}`, 'hex'),
  string: (value: string): Buffer => Buffer.concat([Buffer.from([8]), text(value)]),
  binary: (value: Uint8Array): Buffer => Buffer.concat([Buffer.from([9, ...varint(value.length)]), value]),
};

/** One message of a NOTIFY: name, NB-ARGS, then name and value of each argument. */
export function message(name: string, args: readonly (readonly [string, Buffer])[], count = args.length): Buffer {
  const pairs = args.flatMap(([key, value]) => [text(key), value]);
  return Buffer.concat([text(name), Buffer.from([count & 0xff]), ...pairs]);
}

/** A KV-list, as in a HELLO or a DISCONNECT. */
export function kvList(pairs: readonly (readonly [string, Buffer])[]): Buffer {
  return Buffer.concat(pairs.flatMap(([key, value]) => [text(key), value]));
}

/** A whole frame with its length in front. */
export function frame(
  type: number,
  streamId: number | bigint,
  frameId: number | bigint,
  payload: Buffer,
  flags = 1,
): Buffer {
  const head = Buffer.alloc(9);
  const ids = Buffer.from([...varint(streamId), ...varint(frameId)]);
  head.writeUInt32BE(5 + ids.length + payload.length, 0);
  head[4] = type;
  head.writeUInt32BE(flags >>> 0, 5);
  return Buffer.concat([head, ids, payload]);
}

/** HAPROXY-HELLO as HAProxy 3.2 writes it, keys in its order (src/mux_spop.c). */
export function haproxyHello(capabilities = 'pipelining'): Buffer {
  const engineId = 'f5b6a2c1-6d0e-4f3b-9a57-2c1d8e7f0a94';
  const pairs: [string, Buffer][] = [
    ['supported-versions', typed.string('2.0')],
    ['max-frame-size', typed.uint32(16_380)],
    ['capabilities', typed.string(capabilities)],
    ['engine-id', typed.string(engineId)],
  ];
  return frame(1, 0, 0, kvList(pairs));
}
