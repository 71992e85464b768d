/** A first attempt at a codec: objects, Maps, strings, bigints, and a Buffer for each piece. Correct, and not slowed down. */

/** A value for handlers: addresses are text, integers bigints. */
export type Value = null | boolean | bigint | string | Buffer;

/** A decoded value and the offset of the byte after it. */
type Decoded<T> = [value: T, next: number];

/** A message of a NOTIFY; a repeated argument name keeps its last value. */
export interface Message {
  name: string;
  args: Map<string, Value>;
}

/** A frame without its length field. */
export interface Frame {
  type: number;
  streamId: bigint;
  frameId: bigint;
  payload: Buffer;
}

/** Cuts a byte stream into frames (SPOE.txt §3.2): joins what it has with the next chunk, and slices off whole frames. */
export class FrameDecoder {
  private pending: Buffer = Buffer.alloc(0);
  private readonly maxFrameSize: number;

  constructor(maxFrameSize: number) {
    this.maxFrameSize = maxFrameSize;
  }

  push(chunk: Buffer): Frame[] {
    this.pending = this.pending.length === 0 ? chunk : Buffer.concat([this.pending, chunk]);
    const frames: Frame[] = [];
    while (this.pending.length >= 4) {
      const length = this.pending.readUInt32BE(0);
      if (length > this.maxFrameSize) throw new Error(`expected at most ${this.maxFrameSize} bytes; found ${length}`);
      if (this.pending.length < 4 + length) break;
      frames.push(decodeFrame(this.pending.subarray(4, 4 + length)));
      this.pending = this.pending.subarray(4 + length);
    }
    return frames;
  }
}

function decodeFrame(bytes: Buffer): Frame {
  const [streamId, afterStreamId] = decodeVarint(bytes, 5);
  const [frameId, afterFrameId] = decodeVarint(bytes, afterStreamId);
  return { type: bytes.readUInt8(0), streamId, frameId, payload: bytes.subarray(afterFrameId) };
}

/** Reads the messages of a NOTIFY's payload (SPOE.txt §3.2.6). */
export function decodeMessages(payload: Buffer): Message[] {
  const messages: Message[] = [];
  let offset = 0;
  while (offset < payload.length) {
    const [name, afterName] = decodeString(payload, offset);
    const count = payload.readUInt8(afterName);
    const args = new Map<string, Value>();
    offset = afterName + 1;
    for (let index = 0; index < count; index++) {
      const [key, afterKey] = decodeString(payload, offset);
      const [value, afterValue] = decodeTypedData(payload, afterKey);
      args.set(key, value);
      offset = afterValue;
    }
    messages.push({ name, args });
  }
  return messages;
}

/** Reads one typed data (SPOE.txt §3.1). */
function decodeTypedData(buffer: Buffer, offset: number): Decoded<Value> {
  const head = buffer.readUInt8(offset);
  const start = offset + 1;
  switch (head & 0x0f) {
    case 0:
      return [null, start];
    case 1:
      return [(head & 0x10) !== 0, start];
    case 2:
    case 4: {
      const [value, next] = decodeVarint(buffer, start);
      return [BigInt.asIntN(64, value), next];
    }
    case 3:
    case 5:
      return decodeVarint(buffer, start);
    case 6:
      return [take(buffer, start, 4).join('.'), start + 4];
    case 7:
      return [ipv6Text(take(buffer, start, 16)), start + 16];
    case 8:
      return decodeString(buffer, start);
    case 9:
      return decodeBytes(buffer, start);
    default:
      throw new Error(`expected a known type at byte ${offset}; found the reserved type ${head & 0x0f}`);
  }
}

function decodeString(buffer: Buffer, offset: number): Decoded<string> {
  const [bytes, next] = decodeBytes(buffer, offset);
  return [bytes.toString('utf8'), next];
}

function decodeBytes(buffer: Buffer, offset: number): Decoded<Buffer> {
  const [length, start] = decodeVarint(buffer, offset);
  return [take(buffer, start, Number(length)), start + Number(length)];
}

function take(buffer: Buffer, start: number, length: number): Buffer {
  const left = buffer.length - start;
  if (length > left) throw new Error(`expected ${length} bytes at byte ${start}; found ${left}`);
  return buffer.subarray(start, start + length);
}

function ipv6Text(bytes: Buffer): string {
  const groups = [0, 2, 4, 6, 8, 10, 12, 14].map((offset) => bytes.readUInt16BE(offset).toString(16));
  // The URL parser shortens an address as RFC 5952 asks.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}

/** Reads a varint (SPOE.txt §3.1) as a bigint, because the specification says 64 bits. */
function decodeVarint(buffer: Buffer, offset: number): Decoded<bigint> {
  let byte = buffer.readUInt8(offset);
  let value = BigInt(byte);
  let next = offset + 1;
  if (byte < 240) return [value, next];
  let shift = 4n;
  do {
    if (next - offset >= 10) throw new Error(`expected a varint of at most ten bytes at byte ${offset}`);
    byte = buffer.readUInt8(next);
    value += BigInt(byte) << shift;
    shift += 7n;
    next += 1;
  } while (byte >= 128);
  if (value > 0xffff_ffff_ffff_ffffn) throw new Error(`expected a varint of 64 bits at byte ${offset}; found ${value}`);
  return [value, next];
}

const scopes = { proc: 0, sess: 1, txn: 2, req: 3, res: 4 } as const;

/** A set-var action: an integer becomes INT64, a text STRING. */
export interface SetVar {
  scope: keyof typeof scopes;
  name: string;
  value: bigint | string;
}

/** Writes an ACK frame (SPOE.txt §3.2.7) with its length field; the flags are FIN. */
export function encodeAck(streamId: bigint, frameId: bigint, actions: readonly SetVar[]): Buffer {
  const encoded = actions.map(({ scope, name, value }) =>
    Buffer.concat([Buffer.from([1, 3, scopes[scope]]), encodeString(name), encodeTypedData(value)]),
  );
  const head = Buffer.from([103, 0, 0, 0, 1]);
  const body = Buffer.concat([head, encodeVarint(streamId), encodeVarint(frameId), Buffer.concat(encoded)]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

/** Writes one typed data (SPOE.txt §3.1). */
function encodeTypedData(value: bigint | string): Buffer {
  if (typeof value === 'string') return Buffer.concat([Buffer.from([8]), encodeString(value)]);
  return Buffer.concat([Buffer.from([4]), encodeVarint(BigInt.asUintN(64, value))]);
}

/** Writes a name or a string: its length in bytes, then UTF-8. */
function encodeString(text: string): Buffer {
  const bytes = Buffer.from(text, 'utf8');
  return Buffer.concat([encodeVarint(BigInt(bytes.length)), bytes]);
}

/** Writes a varint (SPOE.txt §3.1) into a buffer of its own. */
function encodeVarint(value: bigint): Buffer {
  if (value < 240n) return Buffer.from([Number(value)]);
  const bytes = [Number(value & 0xffn) | 0xf0];
  let rest = (value - 240n) >> 4n;
  while (rest >= 128n) {
    bytes.push(Number(rest & 0xffn) | 0x80);
    rest = (rest - 128n) >> 7n;
  }
  bytes.push(Number(rest));
  return Buffer.from(bytes);
}
