/** What the codec is compared with: the naive codec, and every byte touched once. */
import type { Operation } from '../../harness/operation.ts';
import { FrameDecoder, type Message, type Value, decodeMessages } from '../../naive/decode.ts';

/** The floor of reading: each byte read and added up once. */
export function addUp(bytes: Uint8Array): Operation {
  return () => {
    let sum = 0;
    for (let index = 0; index < bytes.length; index++) {
      sum = (sum + bytes[index]!) | 0;
    }
    return sum;
  };
}

/** The floor of writing: as many bytes as the output has, each written once. */
export function fillIn(length: number): Operation {
  const bytes = Buffer.alloc(length);
  let value = 0;
  return () => {
    value = (value + 1) & 0xff;
    for (let index = 0; index < length; index++) {
      bytes[index] = value;
    }
    return bytes[length - 1]!;
  };
}

/** The naive codec from the chunks to something of every value in them. */
export function naiveChunks(chunks: readonly Buffer[]): Operation {
  const decoder = new FrameDecoder(16_380);
  return () => {
    let sum = 0;
    for (const chunk of chunks) {
      for (const frame of decoder.push(chunk)) sum += weighAll(decodeMessages(frame.payload));
    }
    return sum;
  };
}

/** The naive codec from the payload of one frame on. */
export function naivePayload(bytes: Buffer, use: (messages: Message[]) => number = weighAll): Operation {
  const payload = payloadOf(bytes);
  return () => use(decodeMessages(payload));
}

/** The payload of the first frame. */
export function payloadOf(bytes: Buffer): Buffer {
  return new FrameDecoder(16_380).push(bytes)[0]!.payload;
}

function weighAll(messages: readonly Message[]): number {
  let sum = 0;
  for (const message of messages) {
    sum += message.name.length;
    for (const value of message.args.values()) sum += weigh(value);
  }
  return sum;
}

/** Reads something of a value, whatever its kind. */
function weigh(value: Value): number {
  switch (typeof value) {
    case 'string':
      return value.length;
    case 'bigint':
      return Number(value & 0xffn);
    case 'boolean':
      return value ? 1 : 0;
    default:
      return value === null ? 0 : value.length;
  }
}
