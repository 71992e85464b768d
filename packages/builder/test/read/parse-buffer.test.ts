import { describe, expect, it } from 'vitest';
import { notify, parse } from '../../src/index.ts';

describe('parse', () => {
  it('reads a Buffer that is part of a larger memory, and copies its bytes', () => {
    const bytes = notify()
      .message('m', { body: Uint8Array.of(1, 2, 3) })
      .toBytes();
    const around = Buffer.concat([Buffer.alloc(9, 0xff), bytes, Buffer.alloc(9, 0xff)]);
    const frames = parse(around.subarray(9, 9 + bytes.length));
    expect(frames).toEqual(parse(bytes));
    around.fill(0);
    expect(frames).toEqual(parse(bytes));
  });
});
