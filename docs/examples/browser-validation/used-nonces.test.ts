import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { UsedNonces } from './used-nonces.ts';

const SPAN_MS = 1_000;

function make(capacity: number): { used: UsedNonces; clock: { ms: number } } {
  const clock = { ms: 0 };
  return { used: new UsedNonces(capacity, SPAN_MS, () => clock.ms), clock };
}

it('accepts each nonce once, for a span and until the end of the next', () => {
  const { used, clock } = make(100);
  const [early, late] = [randomBytes(11), randomBytes(11)];
  expect(used.use(early)).toBe('solved');
  clock.ms = 999;
  expect(used.use(late)).toBe('solved');
  for (const ms of [999, 1_000, 1_998, 1_999]) {
    clock.ms = ms;
    expect([ms, used.use(early), used.use(late)]).toEqual([ms, 'replayed', 'replayed']);
  }
  expect(used.size).toBe(2);
  // Refusing a nonce does not keep it longer.
  clock.ms = 2_000;
  expect(used.use(randomBytes(11))).toBe('solved');
  expect(used.size).toBe(1);
  // After a long pause no old nonce is left.
  clock.ms = 10_000;
  expect(used.use(early)).toBe('solved');
  expect(used.size).toBe(1);
});

it('has room for its number of nonces in a span, refuses further ones, and forgets none for them', () => {
  const { used, clock } = make(1_000);
  const nonces = Array.from({ length: 1_000 }, () => randomBytes(11));
  expect(nonces.map((nonce) => used.use(nonce)).every((found) => found === 'solved')).toBe(true);
  expect(used.use(randomBytes(11))).toBe('full');
  expect(nonces.map((nonce) => used.use(nonce)).every((found) => found === 'replayed')).toBe(true);
  clock.ms = SPAN_MS;
  expect(used.use(randomBytes(11))).toBe('solved');
});

it('tells nonces apart that begin with the same word, or with zeros', () => {
  const { used } = make(100);
  const hexes = ['0000000000000000', '0000000000000001', '0000000100000000', 'ffffffff00000000', 'ffffffff00000001'];
  // A first word of 0 is kept as 1: only this pair counts as the same.
  expect(hexes.map((hex) => used.use(Buffer.from(hex, 'hex')))).toEqual([
    'solved',
    'solved',
    'replayed',
    'solved',
    'solved',
  ]);
});
