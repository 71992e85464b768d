import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/index.ts';
import { frameBytes } from '../bytes.ts';

const KEPT = 65_536;

/** A frame of `size` bytes, its length field included. */
function frameOf(size: number): Buffer {
  return frameBytes(3, Buffer.alloc(size - 11, 7));
}

function reading(bytes: Buffer, ...chunks: readonly [start: number, end: number][]): FrameReader {
  const reader = new FrameReader({ maxFrameSize: 1_000_000 });
  for (const [start, end] of chunks) {
    reader.push(bytes, start, end);
    while (reader.next() !== undefined);
  }
  return reader;
}

describe('the memory of a FrameReader', () => {
  it('is none before a frame is cut off, and while whole ones come', () => {
    expect(reading(frameOf(500)).heldBytes).toBe(0);
    expect(reading(Buffer.concat([frameOf(500), frameOf(90_000)]), [0, 90_500]).heldBytes).toBe(0);
  });

  it.each([
    [1, 1_024],
    [1_024, 1_024],
    [1_025, 2_048],
    [65_536, 65_536],
    [65_537, 131_072],
  ])('has, for the first %i bytes of a frame, %i bytes', (held, expected) => {
    expect(reading(frameOf(held + 100), [0, held]).heldBytes).toBe(expected);
  });

  it('has as many wherever the frame begins in its chunk', () => {
    const bytes = Buffer.concat([frameOf(50_000), frameOf(2_000)]);
    expect(reading(bytes, [0, 50_900]).heldBytes).toBe(1_024);
    expect(reading(bytes, [50_000, 50_900]).heldBytes).toBe(1_024);
  });

  it('grows with a frame, and is kept after it up to 65,536 bytes', () => {
    const bytes = frameOf(KEPT);
    const reader = reading(bytes, [0, 900], [900, 1_024], [1_024, 1_025]);
    expect(reader.heldBytes).toBe(2_048);
    reader.push(bytes, 1_025);
    expect([reader.next()?.end, reader.heldBytes]).toEqual([KEPT, KEPT]);
    expect([reader.next(), reader.heldBytes]).toEqual([undefined, KEPT]);
    reader.push(bytes);
    expect([reader.next()?.end, reader.heldBytes]).toEqual([KEPT, KEPT]);
  });

  it('does not grow for bytes that it has room for', () => {
    const bytes = Buffer.concat([frameOf(1_000), frameOf(1_000)]);
    const reader = reading(bytes, [0, 900], [900, 1_024]);
    // The first 24 bytes of the second frame are in the room that the first has left.
    expect([reader.pendingBytes, reader.heldBytes]).toEqual([24, 1_024]);
    reader.push(bytes, 1_024, 2_000);
    expect([reader.next()?.end, reader.heldBytes, reader.pendingBytes]).toEqual([1_000, 1_024, 0]);
  });

  it('is released after a frame of more than 65,536 bytes', () => {
    const bytes = Buffer.concat([frameOf(KEPT + 1), frameOf(20)]);
    const reader = reading(bytes, [0, 5]);
    reader.push(bytes, 5, KEPT + 1);
    expect([reader.next()?.end, reader.heldBytes]).toEqual([KEPT + 1, 2 * KEPT]);
    expect([reader.next(), reader.heldBytes]).toEqual([undefined, 0]);
    // A chunk after it is read in place, and releases it, too.
    const other = reading(bytes, [0, 5]);
    other.push(bytes, 5, KEPT + 21);
    expect([other.next()?.end, other.heldBytes]).toEqual([KEPT + 1, 2 * KEPT]);
    expect([other.next()?.end, other.heldBytes, other.pendingBytes]).toEqual([KEPT + 21, 0, 0]);
  });

  it('counts what was pushed and not read yet, in all places', () => {
    const bytes = Buffer.concat([frameOf(500), frameOf(500)]);
    const reader = reading(bytes, [0, 300]);
    expect(reader.pendingBytes).toBe(300);
    reader.push(bytes, 300, 900);
    expect(reader.pendingBytes).toBe(900);
    expect([reader.next()?.end, reader.pendingBytes]).toEqual([500, 400]);
    reader.push(bytes, 900);
    // It is read behind the rest of the chunk before.
    expect([reader.pendingBytes, reader.next()?.end, reader.pendingBytes]).toEqual([500, 1_000, 0]);
  });
});
