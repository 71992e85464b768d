import { MESSAGE_NAMES, VARINT_STEPS } from '../support/arbitraries.ts';
import { varintBytes } from '@spop/builder';
import { Key } from '@spop/codec';

/** Bytes where something changes: varint lengths, types, flags, NB-ARGS. */
const BYTES: readonly number[] = [0, 1, 2, 3, 4, 6, 7, 8, 9, 0x11, 0x1f, 0x7f, 0x80, 0xef, 0xf0, 0xfe, 0xff, 101, 103];

/** Words of the protocol and of the targets' declarations, as they stand on the wire. */
const WORDS: readonly Buffer[] = [
  ...[...Object.values(Key), ...MESSAGE_NAMES, 'ip', 'ua', 'method', 'score', '2.0', 'pipelining'].flatMap((text) => [
    Buffer.from(text),
    Buffer.from([...varintBytes(Buffer.byteLength(text)), ...Buffer.from(text)]),
  ]),
  ...VARINT_STEPS.flatMap((step) => [varintBytes(step), varintBytes(step - 1n)].map((bytes) => Buffer.from(bytes))),
  Buffer.from('fffffffffffffffff0', 'hex'),
  Buffer.from('f0fefefefefefefefe0e', 'hex'),
];

/** A changed copy of `input`, of at most `maxBytes`: one to eight changes, the second half of some from `other`. */
export function mutate(random: Random, input: Buffer, other: Buffer, maxBytes: number): Buffer {
  let bytes = input;
  for (let count = 1 + random.below(1 << random.below(4)); count > 0; count--) bytes = change(random, bytes, other);
  return bytes.length > maxBytes ? bytes.subarray(0, maxBytes) : bytes;
}

function change(random: Random, bytes: Buffer, other: Buffer): Buffer {
  if (bytes.length === 0) return Buffer.concat([bytes, insertion(random, other)]);
  const at = random.below(bytes.length);
  switch (random.below(10)) {
    case 0:
      return withByte(bytes, at, bytes[at]! ^ (1 << random.below(8)));
    case 1:
      return withByte(bytes, at, BYTES[random.below(BYTES.length)]!);
    case 2:
      return withByte(bytes, at, bytes[at]! + (random.below(2) === 0 ? 1 : -1));
    case 3:
      return withByte(bytes, at, random.below(256));
    case 4:
    case 5:
      return splice(bytes, at, 0, insertion(random, other));
    case 6:
      return splice(bytes, at, 1 + random.below(Math.min(8, bytes.length - at)), Buffer.alloc(0));
    case 7: {
      const size = 1 + random.below(Math.min(32, bytes.length - at));
      return splice(bytes, random.below(bytes.length), 0, bytes.subarray(at, at + size));
    }
    case 8:
      return random.below(2) === 0 ? bytes.subarray(0, at) : splice(bytes, at, bytes.length, other.subarray(at));
    default: {
      // A length field that covers what follows it.
      const changed = Buffer.from(bytes);
      if (bytes.length - at >= 4) changed.writeUInt32BE(bytes.length - at - 4, at);
      else changed[at] = bytes.length - at - 1;
      return changed;
    }
  }
}

function insertion(random: Random, other: Buffer): Buffer {
  switch (random.below(4)) {
    case 0:
      return Buffer.of(BYTES[random.below(BYTES.length)]!);
    case 1: {
      if (other.length === 0) return Buffer.of(random.below(256));
      const at = random.below(other.length);
      return other.subarray(at, at + 1 + random.below(24));
    }
    case 2:
      return Buffer.alloc(1 + random.below(40), random.below(256));
    default:
      return WORDS[random.below(WORDS.length)]!;
  }
}

function withByte(bytes: Buffer, at: number, value: number): Buffer {
  const changed = Buffer.from(bytes);
  changed[at] = value;
  return changed;
}

function splice(bytes: Buffer, at: number, remove: number, insert: Buffer): Buffer {
  return Buffer.concat([bytes.subarray(0, at), insert, bytes.subarray(Math.min(at + remove, bytes.length))]);
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
}
