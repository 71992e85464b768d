/** Reads what an agent sends, strictly and plainly. */
import type { ExpectedAck } from './cases.ts';

export interface AgentFrame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: bigint;
  readonly frameId: bigint;
  readonly payload: Buffer;
  /** Of an AGENT-DISCONNECT. */
  readonly status: number | undefined;
}

class Cursor {
  readonly bytes: Buffer;
  position = 0;

  constructor(bytes: Buffer) {
    this.bytes = bytes;
  }

  get done(): boolean {
    return this.position >= this.bytes.length;
  }

  byte(): number {
    const value = this.bytes[this.position++];
    if (value === undefined) throw new Error('cut off');
    return value;
  }

  varint(): bigint {
    let value = BigInt(this.byte());
    if (value < 240n) return value;
    for (let shift = 4n; ; shift += 7n) {
      const byte = BigInt(this.byte());
      value += byte << shift;
      if (byte < 128n) return value;
      if (shift > 60n) throw new Error('varint too long');
    }
  }

  take(length: number): Buffer {
    if (length > this.bytes.length - this.position) throw new Error('cut off');
    this.position += length;
    return this.bytes.subarray(this.position - length, this.position);
  }

  text(): string {
    return this.take(Number(this.varint())).toString('utf8');
  }

  value(): bigint | string | boolean | Buffer | null {
    const head = this.byte();
    switch (head & 15) {
      case 0:
        return null;
      case 1:
        return (head & 16) !== 0;
      case 2:
      case 3:
      case 4:
      case 5:
        return this.varint();
      case 6:
        return this.take(4);
      case 7:
        return this.take(16);
      case 8:
        return this.text();
      case 9:
        return this.take(Number(this.varint()));
      default:
        throw new Error(`value of type ${head & 15}`);
    }
  }
}

/** Whole frames out of a stream; `broken` says why the stream cannot be followed. */
export function splitFrames(bytes: Buffer): { frames: AgentFrame[]; rest: Buffer; broken: string | undefined } {
  const frames: AgentFrame[] = [];
  let position = 0;
  while (bytes.length - position >= 4) {
    const length = bytes.readUInt32BE(position);
    if (length < 7 || length > 16_380)
      return { frames, rest: Buffer.alloc(0), broken: `corrupt stream: frame length ${length}` };
    if (bytes.length - position - 4 < length) break;
    try {
      frames.push(readFrame(bytes.subarray(position + 4, position + 4 + length)));
    } catch (error) {
      return { frames, rest: Buffer.alloc(0), broken: `corrupt stream: ${String(error)}` };
    }
    position += 4 + length;
  }
  return { frames, rest: Buffer.from(bytes.subarray(position)), broken: undefined };
}

function readFrame(bytes: Buffer): AgentFrame {
  const cursor = new Cursor(bytes);
  const type = cursor.byte();
  const flags = cursor.take(4).readUInt32BE();
  const streamId = cursor.varint();
  const frameId = cursor.varint();
  const payload = Buffer.from(bytes.subarray(cursor.position));
  let status: number | undefined;
  if (type === 102) {
    const code = readKvList(payload).get('status-code');
    status = typeof code === 'bigint' ? Number(code) : undefined;
  }
  return { type, flags, streamId, frameId, payload, status };
}

function readKvList(payload: Buffer): Map<string, bigint | string | boolean | Buffer | null> {
  const cursor = new Cursor(payload);
  const pairs = new Map<string, bigint | string | boolean | Buffer | null>();
  while (!cursor.done) pairs.set(cursor.text(), cursor.value());
  return pairs;
}

/** What HAProxy would refuse in an AGENT-HELLO, or nothing. */
export function helloFault(frame: AgentFrame, offered: number): string | undefined {
  if (frame.type !== 101) return describeFrame(frame);
  if (frame.flags !== 1) return `AGENT-HELLO with flags ${frame.flags}`;
  if (frame.streamId !== 0n || frame.frameId !== 0n) return 'AGENT-HELLO with ids other than 0';
  try {
    const pairs = readKvList(frame.payload);
    const version = pairs.get('version');
    const size = pairs.get('max-frame-size');
    if (typeof version !== 'string' || version.trim() !== '2.0') return `AGENT-HELLO with version ${String(version)}`;
    if (typeof size !== 'bigint' || size < 256n || size > BigInt(offered))
      return `AGENT-HELLO with max-frame-size ${String(size)}`;
    if (typeof pairs.get('capabilities') !== 'string') return 'AGENT-HELLO without capabilities';
  } catch (error) {
    return `AGENT-HELLO: ${String(error)}`;
  }
  return undefined;
}

/** The ids and the score that an ACK sets, or what is wrong with it. */
export function readAck(frame: AgentFrame): ExpectedAck | string {
  if ((frame.flags & 1) === 0) return 'ACK without FIN';
  let score: number | undefined;
  try {
    const cursor = new Cursor(frame.payload);
    while (!cursor.done) {
      const type = cursor.byte();
      // HAProxy ends at an action it does not know, so that a lone 00 is no action (src/mux_spop.c, src/flt_spoe.c).
      if (type === 0 && frame.payload.length === 1) break;
      const count = cursor.byte();
      const scope = cursor.byte();
      if ((type !== 1 && type !== 2) || count !== (type === 1 ? 3 : 2) || scope > 4) return `malformed action ${type}`;
      const name = cursor.text();
      const value = type === 1 ? cursor.value() : null;
      if (scope === 1 && name === 'ip_score' && typeof value === 'bigint') score = Number(value);
    }
  } catch (error) {
    return `malformed ACK: ${String(error)}`;
  }
  return { streamId: frame.streamId, frameId: frame.frameId, score };
}

export function describeFrame(frame: AgentFrame): string {
  switch (frame.type) {
    case 101:
      return 'AGENT-HELLO';
    case 102:
      return `AGENT-DISCONNECT ${frame.status ?? 'without status'}`;
    case 103: {
      const ack = readAck(frame);
      return typeof ack === 'string' ? ack : `ACK ${ack.streamId}:${ack.frameId} → ${ack.score ?? 'no score'}`;
    }
    default:
      return `frame of type ${frame.type}`;
  }
}
