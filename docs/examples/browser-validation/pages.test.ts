import { hash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { zeroBits } from './challenge.ts';

const FOLDER = new URL('pages/', import.meta.url);
const read = (name: string): string => readFileSync(new URL(name, FOLDER), 'utf8');
/** HAProxy's buffers, less what it keeps of them for headers. */
const MAX_BYTES = 16_384 - 1_024 - 1_024;

interface Search {
  run(count: number): number | undefined;
}

/** The search of solver.js, as a worker runs it. */
function makeSearch(challenge: string, bits: number, index: number): Search {
  const scope = { self: { addEventListener: () => {} }, TextEncoder, challenge, bits, index };
  return runInNewContext(`${read('solver.js')}\nnew Search(challenge, bits, index)`, scope) as Search;
}

describe('the pages', () => {
  it.each(readdirSync(FOLDER).filter((name) => !name.endsWith('.json')))('%s fits into a buffer of HAProxy', (name) => {
    // Texts replace their names: the longest ones are added in full.
    const texts = name.endsWith('.html') ? readFileSync(new URL('../texts.map', FOLDER)).length / 3 : 0;
    expect(Buffer.byteLength(read(name)) + texts).toBeLessThan(MAX_BYTES);
  });

  it('contain nothing that their policy would refuse', () => {
    for (const name of ['check.html', 'message.html']) {
      expect(read(name)).not.toMatch(
        /<style|style=|<script(?![^>]* src="\/browser-validation\/)|\son\w+=|javascript:|https?:/,
      );
    }
    expect(read('style.css')).not.toMatch(/@import|url\(/);
  });

  it.each([
    ['of the length that they have', 76],
    ['that end a block', 64],
    ['that are short', 12],
    ['that are longer', 140],
  ])('solve challenges %s', (_, length) => {
    const challenge = 'a-Z_9'.repeat(30).slice(0, length);
    const numbers = [0, 1, 62].map((index) => makeSearch(challenge, 9, index).run(100_000));
    expect(new Set(numbers).size).toBe(3);
    for (const number of numbers) {
      expect(String(number)).toMatch(/^[1-9]\d{14}$/);
      expect(zeroBits(hash('sha256', `${challenge}${number}`, 'buffer'))).toBeGreaterThanOrEqual(9);
    }
    // The result is the first solution: no number before it solves the challenge.
    const [first = 0] = numbers;
    for (let number = 1e14; number < first; number++) {
      expect(zeroBits(hash('sha256', `${challenge}${number}`, 'buffer'))).toBeLessThan(9);
    }
    expect(makeSearch(challenge, 32, 0).run(100)).toBeUndefined();
  });
});
