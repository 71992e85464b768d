import * as fc from 'fast-check';
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

  it('gives each buffer to one taker at a time, makes no more than were out at once, and takes back only what is out', () => {
    const step = fc.record({ kind: fc.constantFrom('acquire', 'release', 'release again'), pick: fc.nat({ max: 9 }) });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), (maxBuffers, steps) => {
        const pool = new BufferPool({ bufferSize: 10, maxBuffers });
        const out = new Set<Buffer>();
        const back = new Set<Buffer>();
        let mostOut = 0;
        for (const { kind, pick } of steps) {
          const among = [...(kind === 'release' ? out : back)];
          const buffer = kind === 'acquire' ? pool.acquire() : among[pick % among.length];
          if (kind === 'acquire') expect(buffer === undefined).toBe(out.size === maxBuffers);
          if (buffer === undefined) continue;
          if (kind === 'acquire') {
            expect(out.has(buffer)).toBe(false);
            back.delete(buffer);
            out.add(buffer);
          } else if (kind === 'release') {
            pool.release(buffer);
            out.delete(buffer);
            back.add(buffer);
          } else expect(thrown(() => pool.release(buffer)).code).toBe('SPOP_POOL_MISUSE');
          mostOut = Math.max(mostOut, out.size);
          expect([pool.outCount, pool.bufferCount]).toEqual([out.size, mostOut]);
        }
      }),
    );
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
