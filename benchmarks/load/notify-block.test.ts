import { describe, expect, it } from 'vitest';
import { NotifyBlock } from './notify-block.ts';
import { traffic } from './traffic.ts';
import { frame } from './wire.ts';

const variants = traffic('tiny');

function plain(first: number, frames: number): Buffer {
  const list = Array.from({ length: frames }, (_, index) => {
    const variant = variants[(first + index) % variants.length];
    if (variant === undefined) throw new Error('no payloads');
    return frame(3, 2 * (first + index) + 1, 1, variant.payload);
  });
  return Buffer.concat(list);
}

describe('NotifyBlock', () => {
  // Stream-ids around 240, 2288, 264,432 and 33,818,864, where varints grow by a byte.
  it.each([0, 64, 128, 1088, 1152, 132_160, 132_224, 16_909_376, 16_909_440, 100_000_000])(
    'holds NOTIFYs %i and following as if each were built anew',
    (first) => {
      const block = new NotifyBlock(variants, 64);
      block.fill(first);
      expect(block.bytes.equals(plain(first, 64))).toBe(true);
      block.fill(first + 64);
      expect(block.bytes.equals(plain(first + 64, 64))).toBe(true);
      block.fill(first + 128);
      expect(block.bytes.equals(plain(first + 128, 64))).toBe(true);
    },
  );
});
