import { describe, expect, it } from 'vitest';
import { BufferPool } from '../src/index.ts';
import { thrown } from './bytes.ts';

function acquired(pool: BufferPool): Buffer {
  return pool.acquire() ?? expect.unreachable('expected a buffer');
}

describe('BufferPool', () => {
  it('gives buffers of its size, up to its bound, and undefined above it', () => {
    const pool = new BufferPool({ bufferSize: 100, maxBuffers: 3 });
    const buffers = [acquired(pool), acquired(pool), acquired(pool)];
    expect(buffers.map(({ length }) => length)).toEqual([100, 100, 100]);
    expect(new Set(buffers.map(({ buffer }) => buffer)).size).toBe(3);
    expect([pool.acquire(), pool.acquire(), pool.outCount, pool.bufferCount]).toEqual([undefined, undefined, 3, 3]);
    pool.release(buffers[1]!);
    expect(pool.acquire()).toBe(buffers[1]);
  });

  it('makes a buffer only if none is free', () => {
    const pool = new BufferPool({ bufferSize: 10, maxBuffers: 1_000 });
    expect(pool.bufferCount).toBe(0);
    for (let round = 0; round < 1_000; round++) {
      const [one, two] = [acquired(pool), acquired(pool)];
      pool.release(one);
      pool.release(two);
    }
    expect([pool.bufferCount, pool.outCount]).toEqual([2, 0]);
  });

  it('never gives one buffer twice', () => {
    const pool = new BufferPool({ bufferSize: 10, maxBuffers: 50 });
    const out = new Set<Buffer>();
    let seed = 1;
    for (let step = 0; step < 5_000; step++) {
      seed = (seed * 48_271) % 0x7fff_ffff;
      const buffer = seed % 2 === 0 ? pool.acquire() : undefined;
      if (buffer !== undefined) {
        expect(out.has(buffer)).toBe(false);
        out.add(buffer);
      } else {
        const [one] = out;
        if (one !== undefined && out.delete(one)) pool.release(one);
      }
      expect(pool.outCount).toBe(out.size);
    }
    expect(pool.bufferCount).toBeLessThanOrEqual(50);
  });

  it('refuses a buffer that was released already, and counts it once', () => {
    const pool = new BufferPool({ bufferSize: 10, maxBuffers: 2 });
    const buffer = acquired(pool);
    pool.release(buffer);
    const error = thrown(() => pool.release(buffer));
    expect([error.code, error.status, error.reason]).toEqual([
      'SPOP_POOL_MISUSE',
      undefined,
      expect.stringContaining('released already'),
    ]);
    expect([pool.outCount, pool.acquire(), pool.acquire() === buffer]).toEqual([0, buffer, false]);
  });

  it('refuses buffers that are not its own: of another pool, of no pool, or a part of one', () => {
    const pool = new BufferPool({ bufferSize: 10, maxBuffers: 2 });
    const other = new BufferPool({ bufferSize: 10, maxBuffers: 2 });
    const own = acquired(pool);
    for (const foreign of [acquired(other), Buffer.alloc(10), own.subarray(0)]) {
      expect(thrown(() => pool.release(foreign))).toMatchObject({ code: 'SPOP_POOL_MISUSE', status: undefined });
      expect(pool.has(foreign)).toBe(false);
    }
    expect([pool.has(own), pool.outCount, pool.bufferCount]).toEqual([true, 1, 1]);
    pool.release(own);
    expect(pool.has(own)).toBe(true);
  });

  it.each([
    ['size 0', { bufferSize: 0, maxBuffers: 1 }],
    ['a negative size', { bufferSize: -1, maxBuffers: 1 }],
    ['a broken size', { bufferSize: 1.5, maxBuffers: 1 }],
    ['no buffers', { bufferSize: 1, maxBuffers: 0 }],
    ['infinitely many', { bufferSize: 1, maxBuffers: Infinity }],
    ['a count that is no number', { bufferSize: 1, maxBuffers: NaN }],
  ])('refuses %s', (_, options) => {
    expect(() => new BufferPool(options)).toThrow(RangeError);
  });
});
