import { varintBytes } from '@spop/builder';
import { Key } from '@spop/codec';
import { MESSAGE_NAMES, VARINT_STEPS } from '../support/arbitraries.ts';

/** Bytes with a meaning: lengths of varints, types, flags, NB-ARGS. */
const BYTES: readonly number[] = [0, 1, 2, 3, 4, 6, 7, 8, 9, 0x11, 0x1f, 0x7f, 0x80, 0xef, 0xf0, 0xfe, 0xff, 101, 103];

const texts = [...Object.values(Key), ...MESSAGE_NAMES, 'ip', 'ua', 'method', 'score', '2.0', 'pipelining'];
/** Words of the protocol and of the targets' declarations, as text and as strings on the wire, and varints. */
const WORDS: readonly Uint8Array[] = [
  ...texts.map((text) => Buffer.from(text)),
  ...texts.map((text) => Buffer.concat([varintBytes(Buffer.byteLength(text)), Buffer.from(text)])),
  ...VARINT_STEPS.flatMap((step) => [varintBytes(step), varintBytes(step - 1n)]),
  Buffer.from('fffffffffffffffff0', 'hex'),
  Buffer.from('f0fefefefefefefefe0e', 'hex'),
];

/** A changed copy of `input`, of at most `maxBytes`: one to eight changes, some with parts of `other`. */
export function mutate(random: Random, input: Buffer, other: Buffer, maxBytes: number): Buffer {
  let bytes = input;
  for (let count = 1 + random.below(1 << random.below(4)); count > 0; count--) bytes = change(random, bytes, other);
  return bytes.subarray(0, maxBytes);
}

function change(random: Random, bytes: Buffer, other: Buffer): Buffer {
  const { length } = bytes;
  if (length === 0) return Buffer.from(insertion(random, other));
  const at = random.below(length);
  const withByte = (value: number): Buffer => splice(bytes, at, 1, Buffer.of(value));
  switch (random.below(10)) {
    case 0:
      return withByte(bytes[at]! ^ (1 << random.below(8)));
    case 1:
      return withByte(random.among(BYTES));
    case 2:
      return withByte(bytes[at]! + random.among([-1, 1]));
    case 3:
      return withByte(random.below(256));
    case 4:
    case 5:
      return splice(bytes, at, 0, insertion(random, other));
    case 6:
      return splice(bytes, at, 1 + random.below(8), Buffer.alloc(0));
    case 7:
      return splice(bytes, random.below(length), 0, bytes.subarray(at, at + 1 + random.below(32)));
    case 8:
      return splice(bytes, at, length, random.below(2) === 0 ? Buffer.alloc(0) : other.subarray(at));
    default: {
      // A length field that covers the bytes after it.
      const field = Buffer.alloc(length - at >= 4 ? 4 : 1);
      field.writeUIntBE((length - at - field.length) % 256 ** field.length, 0, field.length);
      return splice(bytes, at, field.length, field);
    }
  }
}

function insertion(random: Random, other: Buffer): Uint8Array {
  const at = random.below(Math.max(other.length, 1));
  switch (random.below(4)) {
    case 0:
      return Buffer.of(random.among(BYTES));
    case 1:
      return other.subarray(at, at + 1 + random.below(24));
    case 2:
      return Buffer.alloc(1 + random.below(40), random.below(256));
    default:
      return random.among(WORDS);
  }
}

function splice(bytes: Buffer, at: number, remove: number, insert: Uint8Array): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(at + remove)]);
}

/** Random numbers that a seed repeats: xorshift of 32 bits. */
export class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed | 0 || 0x9e37_79b9;
  }

  /** An integer from 0 to `limit` - 1. */
  below(limit: number): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return (this.#state >>> 0) % limit;
  }

  /** One of the items. */
  among<Item>(items: readonly Item[]): Item {
    return items[this.below(items.length)]!;
  }
}
