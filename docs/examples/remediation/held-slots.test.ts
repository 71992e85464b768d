import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { compareRemediations } from './decision.ts';
import { type Held, HeldSlots } from './held-slots.ts';

const ALL: readonly (Held | undefined)[] = [
  undefined,
  { scope: 'ip', remediation: 'ban', origin: 'one', ipType: 'ipv4' },
  { scope: 'ip', remediation: 'captcha', origin: 'one', ipType: 'ipv4' },
  { scope: 'range', remediation: 'ban', origin: 'two', ipType: 'ipv4' },
  { scope: 'ip', remediation: 'ban', origin: 'two', ipType: 'ipv4' },
];

interface Modelled {
  readonly held: Held;
  readonly end: number;
}

/** What a step does: puts a decision of that number with an end, or drops it if the end is 0. */
const step = fc.record({
  key: fc.nat(60),
  number: fc.integer({ min: 1, max: ALL.length - 1 }),
  end: fc.nat(5),
  keepsLonger: fc.boolean(),
});

describe('HeldSlots', () => {
  it.each([1, 4])('agrees with a Map, for all changes, with keys of %i words', (width) => {
    // The first words are the same: those of IPv6 addresses of a network are.
    const keyOf = (key: number): Int32Array => new Int32Array(width).fill(key, width - 1);
    fc.assert(
      fc.property(fc.array(step, { maxLength: 400, size: 'max' }), (steps) => {
        const slots = new HeldSlots(width, ALL);
        const model = new Map<string, Modelled>();
        for (const { key, number, end, keepsLonger } of steps) {
          const held = ALL[number]!;
          const name = `${key} ${held.scope} ${held.remediation}`;
          const known = model.get(name);
          if (end === 0) {
            slots.drop(keyOf(key), held.scope, held.remediation);
            model.delete(name);
          } else {
            slots.put(keyOf(key), number, end, keepsLonger);
            if (!keepsLonger || known === undefined || known.end < end) model.set(name, { held, end });
          }
        }
        for (const now of [0, 3, 5]) {
          const inForce = [...model].filter(([, { end }]) => end > now);
          for (let key = 0; key <= 60; key++) {
            const held = inForce.filter(([name]) => name.startsWith(`${key} `)).map(([, each]) => each.held);
            held.sort((a, b) => compareRemediations(b.remediation, a.remediation));
            expect(slots.find(keyOf(key), now)?.remediation).toBe(held[0]?.remediation);
          }
          const visited: Held[] = [];
          slots.forEach(now, (held) => void visited.push(held));
          expect(visited.map(({ origin }) => origin).toSorted()).toEqual(
            inForce.map(([, { held }]) => held.origin).toSorted(),
          );
        }
      }),
    );
  });

  it('stays small while decisions come and go', () => {
    const slots = new HeldSlots(1, ALL);
    const key = new Int32Array(1);
    for (let index = 0; index < 100_000; index++) {
      key[0] = index;
      slots.put(key, 1, 1, false);
      key[0] = index - 100;
      slots.drop(key, 'ip', 'ban');
    }
    expect(slots.capacity).toBeLessThanOrEqual(512);
  });
});
