import { varintBytes } from '@spop/builder';
import { SpopError, varintSize, writeVarint } from '@spop/codec';
import * as fc from 'fast-check';
import { Cursor } from '../../packages/codec/src/wire/cursor.ts';
import { readVarint } from '../../packages/codec/src/wire/varint.ts';
import { uint64, VARINT_STEPS } from '../support/arbitraries.ts';
import { expectSame } from '../support/plain-frames.ts';
import type { Target } from './target.ts';

const cursor = new Cursor();
const MAX = 1n << 64n;

/** The value by the words of SPOE.txt §3.1, and the bytes it takes; or the code of what is wrong with it. */
function readByTheText(bytes: Uint8Array): { value: bigint; size: number } | string {
  let value = 0n;
  for (const [index, byte] of bytes.subarray(0, 10).entries()) {
    value += BigInt(byte) << BigInt(index === 0 ? 0 : 7 * index - 3);
    const isLast = byte < (index === 0 ? 240 : 128);
    if (isLast) return value < MAX ? { value, size: index + 1 } : 'SPOP_VARINT_OVERFLOW';
  }
  return bytes.length < 10 ? 'SPOP_TRUNCATED' : 'SPOP_VARINT_OVERFLOW';
}

function readWithCodec(bytes: Uint8Array): { value: bigint; size: number } | string {
  // One byte before and two after, which must not matter.
  cursor.read(Buffer.from([0xff, ...bytes, 0x00, 0xff]), 1, 1 + bytes.length);
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
  seeds: () => [...VARINT_STEPS, MAX].flatMap((step) => [varintBytes(step - 1n), varintBytes(step % MAX)]),
  inputs() {
    const high = fc.array(fc.constantFrom(0x80, 0x81, 0xf0, 0xfe, 0xff), { minLength: 1, maxLength: 11 });
    const first = fc.integer({ min: 240, max: 255 });
    const long = fc.tuple(first, high, fc.nat({ max: 255 })).map((parts) => Uint8Array.from(parts.flat()));
    return fc.oneof(fc.uint8Array({ maxLength: 12 }), long, uint64().map(varintBytes));
  },
  run(input) {
    const expected = readByTheText(input);
    const found = readWithCodec(input);
    expectSame(found, expected);
    if (typeof found === 'string') return;
    const written = Buffer.alloc(12, 0x5a);
    const { lo, hi } = cursor;
    expectSame([writeVarint(written, 1, lo, hi), varintSize(lo, hi)], [1 + found.size, found.size]);
    expectSame(
      written,
      Buffer.concat([Buffer.of(0x5a), input.subarray(0, found.size), Buffer.alloc(11 - found.size, 0x5a)]),
    );
  },
};
