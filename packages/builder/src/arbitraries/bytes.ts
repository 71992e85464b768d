import * as fc from 'fast-check';
import { corrupt, type CorruptionName, corruptionNames, corruptionsOf } from '../build/corrupt.ts';
import { writeFrame } from '../build/plain-writer.ts';
import type { PlainFrame } from '../data/model.ts';
import { concat } from '../data/text.ts';
import { anyFrame } from './frames.ts';

/** The bytes of frames, one after the other. */
export function bytesOfFrames(frames: fc.Arbitrary<readonly PlainFrame[]>): fc.Arbitrary<Uint8Array> {
  return frames.map((list) => concat(list.map(writeFrame)));
}

/** A byte stream cut into chunks as TCP may cut it, none of them empty. It shrinks towards one chunk. */
export function chunking(bytes: Uint8Array): fc.Arbitrary<Uint8Array[]> {
  if (bytes.length < 2) return fc.constant(bytes.length === 0 ? [] : [bytes]);
  const cuts = fc.oneof(
    { withCrossShrink: true },
    { weight: 5, arbitrary: fc.uniqueArray(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 10 }) },
    { weight: 1, arbitrary: fc.constant(Array.from({ length: bytes.length - 1 }, (_, index) => index + 1)) },
  );
  return cuts.map((places) => {
    const sorted = [0, ...places.toSorted((a, b) => a - b), bytes.length];
    return sorted.slice(1).map((end, index) => bytes.slice(sorted[index], end));
  });
}

/** Corrupt bytes, and how they were made. */
export interface Corrupted {
  /** A named corruption, or `noise`. */
  readonly name: CorruptionName | 'noise';
  /** The corrupt bytes. */
  readonly bytes: Uint8Array;
  /** The valid frame. */
  readonly original: PlainFrame;
}

/** One frame corrupted in one of the named ways of `corrupt`. */
export function corrupted(frames: fc.Arbitrary<PlainFrame> = anyFrame()): fc.Arbitrary<Corrupted> {
  return fc
    .record({ original: frames, name: fc.constantFrom(...corruptionNames) })
    .filter(({ original, name }) => corruptionsOf(writeFrame(original)).includes(name))
    .map(({ original, name }): Corrupted => ({ name, bytes: corrupt(writeFrame(original), name), original }));
}

/** One frame with up to five bytes changed, removed or added anywhere; it may be valid by chance. */
export function noisy(frames: fc.Arbitrary<PlainFrame> = anyFrame()): fc.Arbitrary<Corrupted> {
  const edit = fc.record({
    place: fc.nat({ max: 0xffff }),
    remove: fc.nat({ max: 1 }),
    insert: fc.uint8Array({ maxLength: 1 }),
  });
  return fc
    .record({ original: frames, edits: fc.array(edit, { minLength: 1, maxLength: 5 }) })
    .map(({ original, edits }): Corrupted => {
      let bytes = writeFrame(original);
      for (const { place, remove, insert } of edits) {
        const start = place % bytes.length;
        bytes = concat([bytes.slice(0, start), insert, bytes.slice(start + remove)]);
      }
      return { name: 'noise', bytes, original };
    });
}
