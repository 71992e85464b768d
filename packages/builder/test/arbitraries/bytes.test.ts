import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bytesOfFrames, chunking, corrupted, noisy } from '../../src/arbitraries.ts';
import { ack, corrupt, corruptionsOf, notify, toHex, writeFrame } from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { always, ends, sample, shrunk } from './samples.ts';

const frames = [ack().toFrame(), notify().message('m', { a: 1 }).toFrame()];

describe('bytesOfFrames', () => {
  it('gives the bytes of all frames, one after the other', () => {
    expect(sample(bytesOfFrames(fc.constantFrom(frames, [])), 10).map(toHex)).toEqual(
      expect.arrayContaining([toHex(concat(frames.map(writeFrame))), '']),
    );
  });
});

describe('chunking', () => {
  const bytes = Uint8Array.from({ length: 40 }, (_, index) => index);

  it('cuts anywhere, up to ten times or into single bytes', () => {
    const made = sample(chunking(bytes), 150);
    for (const chunks of made) {
      expect(concat(chunks)).toEqual(bytes);
      expect(chunks.every(({ length }) => length > 0)).toBe(true);
      expect(chunks.length <= 11 || chunks.length === 40).toBe(true);
    }
    const counts = made.map(({ length }) => length);
    expect([1, 11, 40].map((count) => counts.includes(count))).toEqual([true, true, true]);
    expect(ends(made.flatMap(([first]) => first?.length ?? 0))).toEqual([1, 40]);
  });

  it.each([
    [0, [[]]],
    [1, [['00']]],
    [2, [['0000'], ['00', '00']]],
  ])('of %i bytes has these ways', (length, ways) => {
    const made = sample(chunking(new Uint8Array(length)), 100).map((chunks) => chunks.map(toHex));
    for (const one of made) expect(ways).toContainEqual(one);
    for (const way of ways) expect(made).toContainEqual(way);
  });

  it('shrinks to one chunk', () => {
    expect(shrunk(chunking(bytes))).toEqual(always([bytes]));
  });
});

describe('corrupted', () => {
  it('gives the bytes of the corruption that it names', () => {
    const made = sample(corrupted(fc.constantFrom(...frames)), 60);
    for (const { name, bytes, original } of made) {
      expect(frames).toContain(original);
      if (name === 'noise') throw new Error('expected a named corruption; found noise');
      expect(toHex(bytes)).toBe(toHex(corrupt(writeFrame(original), name)));
    }
    const names = new Set(made.map(({ name }) => name));
    expect(names.size).toBeGreaterThan(10);
    const possible = frames.flatMap((frame) => corruptionsOf(writeFrame(frame)));
    for (const name of names) expect(possible).toContain(name);
  });

  it('makes frames of its own', () => {
    expect(new Set(sample(corrupted(), 20).map(({ original }) => original.type)).size).toBeGreaterThan(3);
  });
});

describe('noise', () => {
  const original = ack({ streamId: 2 }).toFrame();
  const before = writeFrame(original);
  const made = (count: number): Uint8Array[] => sample(noisy(fc.constant(original)), count).map(({ bytes }) => bytes);

  it('adds or removes up to five bytes', () => {
    const [least, greatest] = ends(made(300).map((after) => after.length - before.length));
    for (const most of [-least, greatest]) expect([3, 4, 5]).toContain(most);
  });

  it('is anywhere in the frame', () => {
    const places = made(300).map((after) => before.findIndex((byte, index) => byte !== after[index]));
    expect([...new Set(places)].toSorted((a, b) => a - b)).toEqual([-1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  it('keeps the frame beside it', () => {
    for (const one of sample(noisy(fc.constantFrom(...frames)), 10)) {
      expect(one.name).toBe('noise');
      expect(frames).toContain(one.original);
    }
    expect(new Set(sample(noisy(), 20).map((one) => one.original.type)).size).toBeGreaterThan(3);
  });

  it('changes most frames, and shrinks to one edit', () => {
    expect(made(300).filter((after) => toHex(after) === toHex(before)).length).toBeLessThan(60);
    const changed = shrunk(noisy(fc.constant(original)), ({ bytes }) => bytes.length === before.length);
    expect(changed.map(({ bytes }) => bytes.length)).toEqual(expect.arrayContaining([10, 12]));
  });
});
