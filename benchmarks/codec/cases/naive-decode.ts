import type { Operation } from '../../harness/operation.ts';
import { FrameDecoder, type Value, decodeMessages } from '../../naive/decode.ts';

/** The naive codec's way from the chunks to something of every value in them. */
export function naive(chunks: readonly Buffer[]): Operation {
  const decoder = new FrameDecoder(16_380);
  return () => {
    let sum = 0;
    for (const chunk of chunks) {
      for (const frame of decoder.push(chunk)) {
        for (const message of decodeMessages(frame.payload)) {
          sum += message.name.length;
          for (const value of message.args.values()) sum += weigh(value);
        }
      }
    }
    return sum;
  };
}

/** Reads something of a value, whatever its kind. */
function weigh(value: Value): number {
  switch (typeof value) {
    case 'string':
      return value.length;
    case 'bigint':
      return Number(value);
    case 'boolean':
      return value ? 1 : 0;
    default:
      return value === null ? 0 : value.length;
  }
}
