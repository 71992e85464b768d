import { SpopError, writeVarint } from '@spop/codec';
import { Cursor } from '../../packages/codec/src/wire/cursor.ts';
import { readVarint } from '../../packages/codec/src/wire/varint.ts';
import { VARINT_STEPS } from '../support/arbitraries.ts';
import { varintBytes } from '@spop/builder';
import type { Target } from './target.ts';

const cursor = new Cursor();
const MAX = 1n << 64n;

/** The value by the words of SPOE.txt §3.1, and the bytes it takes; or the code of what is wrong with it. */
function readByTheText(bytes: Uint8Array): { value: bigint; size: number } | 'SPOP_TRUNCATED' | 'SPOP_VARINT_OVERFLOW' {
  let value = 0n;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index]!;
    value += BigInt(byte) << BigInt(index === 0 ? 0 : 7 * index - 3);
    const isLast = byte < (index === 0 ? 240 : 128);
    if (isLast) return value < MAX ? { value, size: index + 1 } : 'SPOP_VARINT_OVERFLOW';
    if (index === 9) return 'SPOP_VARINT_OVERFLOW';
  }
  return 'SPOP_TRUNCATED';
}

function readWithCodec(bytes: Buffer): { value: bigint; size: number } | string {
  // One byte before and two after, which must not matter.
  const around = Buffer.from([0xff, ...bytes, 0x00, 0xff]);
  cursor.read(around, 1, 1 + bytes.length);
  try {
    readVarint(cursor);
  } catch (error) {
    if (!(error instanceof SpopError) || error.offset !== 0 || error.status !== 4) throw error;
    return error.code;
  }
  const value = BigInt.asUintN(64, (BigInt(cursor.hi) << 32n) | BigInt(cursor.lo >>> 0));
  return { value, size: cursor.position - 1 };
}

export const varintTarget: Target = {
  name: 'varint',
  checks: 'a varint is the sum that SPOE.txt describes, or refused; what was read is written as the same bytes',
  maxBytes: 14,
  *seeds() {
    for (const step of VARINT_STEPS) {
      yield varintBytes(step - 1n);
      yield varintBytes(step);
    }
    yield Uint8Array.from([0xf0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f]);
  },
  run(input) {
    const expected = readByTheText(input);
    const found = readWithCodec(input);
    if (typeof expected === 'string' || typeof found === 'string') {
      if (found !== expected)
        throw new Error(`expected ${JSON.stringify(expected, text)}; found ${JSON.stringify(found, text)}`);
      return;
    }
    if (found.value !== expected.value || found.size !== expected.size) {
      throw new Error(`expected ${expected.value} in ${expected.size} bytes; found ${found.value} in ${found.size}`);
    }
    const again = Buffer.alloc(12, 0x5a);
    const end = writeVarint(again, 1, cursor.lo, cursor.hi);
    if (
      end !== 1 + found.size ||
      !again.subarray(1, end).equals(input.subarray(0, found.size)) ||
      again[end] !== 0x5a
    ) {
      throw new Error(`expected ${found.value} to be written as it came; found ${again.toString('hex', 1, end)}`);
    }
  },
};

function text(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? value.toString() : value;
}
