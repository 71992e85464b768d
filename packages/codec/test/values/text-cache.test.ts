import { describe, expect, it } from 'vitest';
import { TextCache } from '../../src/values/text-cache.ts';
import { amid } from '../bytes.ts';

function read(cache: TextCache, text: string | Uint8Array): string {
  const bytes = Buffer.from(text);
  return cache.toText(amid(bytes, 0x41, 3), 3, bytes.length);
}

/** The number of bytes decoded; a hit decodes none. The test watches Node's own decoder. */
function countMade(cache: TextCache, texts: Iterable<string>): number {
  let made = 0;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    const watched = Object.assign(Buffer.from(bytes), {
      toString(encoding: BufferEncoding, start: number, end: number): string {
        made++;
        return bytes.toString(encoding, start, end);
      },
    });
    expect(cache.toText(watched, 0, bytes.length)).toBe(text);
  }
  return made;
}

function repeat(text: string, times: number): string[] {
  return Array.from({ length: times }, () => text);
}

describe('TextCache', () => {
  it.each([
    ['nothing', ''],
    ['one byte', 'a'],
    ['a NUL', '\u0000'],
    ['a method', 'GET'],
    ['text that is not ASCII', 'é€😀'],
    ['32 bytes', 'x'.repeat(32)],
    ['33 bytes', 'x'.repeat(33)],
    ['1,000 bytes', 'x'.repeat(1_000)],
  ])('reads %s, at the first and at later calls', (_, text) => {
    const cache = new TextCache();
    for (let round = 0; round < 20; round++) expect(read(cache, text)).toBe(text);
  });

  it('reads bytes that are not UTF-8 as U+FFFD', () => {
    const cache = new TextCache();
    for (let round = 0; round < 3; round++) expect(read(cache, Uint8Array.of(0x61, 0xff))).toBe('a\ufffd');
  });

  it('makes a text once, and a text above 32 bytes each time', () => {
    expect(countMade(new TextCache(), repeat('GET', 1_000))).toBe(1);
    expect(countMade(new TextCache(), repeat('x'.repeat(32), 1_000))).toBe(1);
    expect(countMade(new TextCache(), repeat('x'.repeat(33), 1_000))).toBe(1_000);
    expect(countMade(new TextCache(), repeat('', 1_000))).toBe(0);
  });

  it('distinguishes texts that differ in any one byte', () => {
    const cache = new TextCache();
    const base = 'abcdefghijklmnopqrstuvwxyz012345';
    for (let round = 0; round < 3; round++) {
      for (let at = 0; at < base.length; at++) {
        const text = `${base.slice(0, at)}!${base.slice(at + 1)}`;
        expect(read(cache, text)).toBe(text);
      }
    }
  });

  it('returns each of 20,000 different texts correctly: collisions never mix them up', () => {
    const cache = new TextCache();
    for (let i = 0; i < 20_000; i++) expect(read(cache, `v${i}`)).toBe(`v${i}`);
  });

  it('keeps texts in use through as many different texts', () => {
    const cache = new TextCache();
    const inUse = ['GET', 'POST', 'https', 'www.example.com'];
    for (let round = 0; round < 16; round++) countMade(cache, inUse);
    let made = 0;
    for (let i = 0; i < 10_000; i++) {
      countMade(cache, [`new-${i}`]);
      if (i % 10 === 0) made += countMade(cache, inUse);
    }
    expect(made).toBe(0);
  });

  it('puts a new text into a place that is no longer in use', () => {
    const cache = new TextCache();
    const all = Array.from({ length: 5_000 }, (_, i) => `old-${i}`);
    countMade(cache, all);
    countMade(cache, all);
    // Each miss costs the old text of its place a point; 15 is its maximum.
    expect(countMade(cache, repeat('fresh', 1_000))).toBeLessThanOrEqual(16);
  });
});
