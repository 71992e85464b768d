import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { type KnownRequest, RequestTable } from './request-table.ts';

const request = (path: string): KnownRequest => ({ client: '192.0.2.1', method: 'GET', path, hits: [] });

it('returns each request once, forgets expired ones, and the oldest of too many', () => {
  let now = 0;
  const table = new RequestTable({ maxRequests: 2, ttlMs: 1_000, now: () => now });
  table.add('a', request('/a'));
  expect(table.take('a')).toEqual(request('/a'));
  expect(table.take('a')).toBeUndefined();
  table.add('b', request('/b'));
  now = 999;
  table.add('c', request('/c'));
  expect(table.take('b')).toEqual(request('/b'));
  table.add('d', request('/d'));
  table.add('e', request('/e'));
  expect([table.take('c'), table.take('d')]).toEqual([undefined, request('/d')]);
  now = 2_000;
  expect([table.take('e'), table.size]).toEqual([undefined, 0]);
  expect(table.toMetrics()).toMatchObject([{ value: 0 }, { value: [{ value: 1 }, { value: 1 }] }]);
});

it('keeps the later of two with one id, and no very long path', () => {
  const table = new RequestTable({ maxRequests: 2, ttlMs: 1_000 });
  table.add('a', request('/1'));
  table.add('a', request(`/${'2'.repeat(2_000)}`));
  expect(table.size).toBe(1);
  expect(table.take('a')).toEqual(request(''));
});

it('never holds too many or expired requests, and finds all others', () => {
  const steps = fc.array(fc.tuple(fc.constantFrom('add', 'take', 'wait'), fc.integer({ min: 0, max: 6 })));
  fc.assert(
    fc.property(steps, (steps) => {
      let now = 0;
      const table = new RequestTable({ maxRequests: 4, ttlMs: 5, now: () => now });
      let kept: { id: string; at: number }[] = [];
      for (const [step, number] of steps) {
        const id = String(number);
        if (step === 'wait') now += number;
        kept = kept.filter(({ at }) => at + 5 > now);
        const isKept = kept.some((each) => each.id === id);
        if (step !== 'wait') kept = kept.filter((each) => each.id !== id);
        if (step === 'take') expect(table.take(id) !== undefined).toBe(isKept);
        if (step === 'add') {
          table.add(id, request(id));
          kept = [...kept, { id, at: now }].slice(-4);
        }
        expect(table.size).toBeLessThanOrEqual(4);
      }
    }),
  );
});
