import { describe, expect, it } from 'vitest';
import { Cursor } from '../../src/wire/cursor.ts';
import { dataTypeName, skipTypedData } from '../../src/wire/typed-data.ts';
import { amid, fault, hex } from '../bytes.ts';
import { MALFORMED, VALID } from '../typed-data-samples.ts';

const BEFORE = 7;

function cursorAt(bytes: Uint8Array, fill: number): Cursor {
  const cursor = new Cursor();
  cursor.read(amid(bytes, fill, BEFORE), BEFORE, BEFORE + bytes.length);
  return cursor;
}

describe('skipTypedData', () => {
  it.each(VALID)('moves past %s', (_, bytes) => {
    const cursor = cursorAt(hex(bytes), 0xff);
    skipTypedData(cursor);
    expect(cursor.position - BEFORE).toBe(bytes.length / 2);
  });

  it.each(MALFORMED)('refuses %s: %s', (_, bytes, code, offset) => {
    expect(fault(() => skipTypedData(cursorAt(hex(bytes), 0x00)))).toEqual([code, 4, offset]);
  });

  it.each(VALID)('refuses every proper prefix of %s, with any bytes after it', (_, bytes) => {
    const whole = hex(bytes);
    for (let length = 0; length < Math.min(whole.length, 300); length++) {
      for (const fill of [0x00, 0xff]) {
        const [code, status, offset] = fault(() => skipTypedData(cursorAt(whole.subarray(0, length), fill)));
        expect([code, status]).toEqual(['SPOP_TRUNCATED', 4]);
        expect(offset).toBeLessThanOrEqual(length);
      }
    }
  });
});

describe('dataTypeName', () => {
  it('gives the names of the specification', () => {
    expect(Array.from({ length: 11 }, (_, type) => dataTypeName(type))).toEqual([
      'NULL',
      'BOOL',
      'INT32',
      'UINT32',
      'INT64',
      'UINT64',
      'IPV4',
      'IPV6',
      'STRING',
      'BINARY',
      'reserved type 10',
    ]);
  });
});
