import { type Decoded, decodeVarint } from './varint.ts';

/** What one would hand to a handler first: plain JavaScript values. Addresses are text, integers bigint. */
export type Value = null | boolean | bigint | string | Buffer;

/** A message of a NOTIFY; a repeated argument name keeps its last value, as any Map does. */
export interface Message {
  name: string;
  args: Map<string, Value>;
}

export interface Frame {
  type: number;
  fin: boolean;
  abort: boolean;
  streamId: bigint;
  frameId: bigint;
  payload: Buffer;
}

/** Cuts a byte stream into frames (SPOE.txt §3.2): keep what came, join, slice off what is whole. */
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
      if (length > this.maxFrameSize) {
        throw new Error(`frame of ${length} bytes is above the max-frame-size of ${this.maxFrameSize}`);
      }
      if (this.pending.length < 4 + length) {
        break;
      }
      frames.push(decodeFrame(this.pending.subarray(4, 4 + length)));
      this.pending = this.pending.subarray(4 + length);
    }
    return frames;
  }
}

/** Reads one frame without its length field. */
export function decodeFrame(bytes: Buffer): Frame {
  const type = bytes.readUInt8(0);
  const flags = bytes.readUInt32BE(1);
  const [streamId, afterStreamId] = decodeVarint(bytes, 5);
  const [frameId, afterFrameId] = decodeVarint(bytes, afterStreamId);
  return {
    type,
    fin: (flags & 1) !== 0,
    abort: (flags & 2) !== 0,
    streamId,
    frameId,
    payload: bytes.subarray(afterFrameId),
  };
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
export function decodeTypedData(buffer: Buffer, offset: number): Decoded<Value> {
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
      throw new Error(`typed data at byte ${offset} has the reserved type ${head & 0x0f}`);
  }
}

function decodeString(buffer: Buffer, offset: number): Decoded<string> {
  const [bytes, next] = decodeBytes(buffer, offset);
  return [bytes.toString('utf8'), next];
}

function decodeBytes(buffer: Buffer, offset: number): Decoded<Buffer> {
  const [length, start] = decodeVarint(buffer, offset);
  const end = start + Number(length);
  return [take(buffer, start, Number(length)), end];
}

function take(buffer: Buffer, start: number, length: number): Buffer {
  if (start + length > buffer.length) {
    throw new Error(`${length} bytes at byte ${start} run past the end of the frame`);
  }
  return buffer.subarray(start, start + length);
}

function ipv6Text(bytes: Buffer): string {
  const groups: string[] = [];
  for (let offset = 0; offset < 16; offset += 2) {
    groups.push(bytes.readUInt16BE(offset).toString(16));
  }
  // The URL parser shortens an address as RFC 5952 asks.
  return new URL(`http://[${groups.join(':')}]`).hostname.slice(1, -1);
}
