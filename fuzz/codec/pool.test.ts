import { BufferPool } from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { check } from '../support/runs.ts';

type Step = { readonly kind: 'acquire' | 'release' | 'again' | 'strange'; readonly pick: number };

describe('a pool of buffers', () => {
  it('gives each buffer to one taker at a time, never more than its bound, and takes back only what is out', () => {
    const step: fc.Arbitrary<Step> = fc.record({
      kind: fc.constantFrom('acquire', 'acquire', 'release', 'release', 'again', 'strange'),
      pick: fc.nat(),
    });
    check(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.array(step, { maxLength: 40 }), (maxBuffers, steps) => {
        const pool = new BufferPool({ bufferSize: 32, maxBuffers });
        const out: Buffer[] = [];
        const back: Buffer[] = [];
        let mostOut = 0;
        for (const { kind, pick } of steps) {
          if (kind === 'acquire') {
            const buffer = pool.acquire();
            expect(buffer === undefined).toBe(out.length === maxBuffers);
            if (buffer !== undefined) {
              expect(out).not.toContain(buffer);
              expect(buffer.length).toBe(32);
              if (back.includes(buffer)) back.splice(back.indexOf(buffer), 1);
              out.push(buffer);
            }
          } else if (kind === 'release' && out.length > 0) {
            const [buffer] = out.splice(pick % out.length, 1);
            pool.release(buffer!);
            back.push(buffer!);
          } else if (kind === 'again' && back.length > 0) {
            expect(() => pool.release(back[pick % back.length]!)).toThrow('SPOP_POOL_MISUSE');
          } else if (kind === 'strange') {
            expect(() => pool.release(Buffer.alloc(32))).toThrow('SPOP_POOL_MISUSE');
          }
          mostOut = Math.max(mostOut, out.length);
          expect(pool.outCount).toBe(out.length);
          // As many as were out at once, not one more.
          expect(pool.bufferCount).toBe(mostOut);
        }
      }),
      400,
    );
  });
});
