import * as fc from 'fast-check';
import { chunking, corrupted, notifyFrame } from '@spop/builder/arbitraries';
import { parse, parseStream, writeFrame } from '@spop/builder';
import { expect, it } from 'vitest';

it('reads back what was written', () => {
  fc.assert(
    fc.property(notifyFrame({ maxArgs: 4 }), (frame) => {
      expect(parse(writeFrame(frame))).toEqual([frame]);
    }),
  );
});

it('refuses or waits, and never throws', () => {
  fc.assert(
    fc.property(corrupted(), ({ bytes }) => {
      parseStream(bytes);
    }),
  );
});

it('is cut like TCP may cut it', () => {
  const stream = Uint8Array.of(0, 0, 0, 7, 103, 0, 0, 0, 1, 1, 1);
  fc.assert(
    fc.property(chunking(stream), (chunks) => {
      expect(Buffer.concat(chunks)).toEqual(Buffer.from(stream));
    }),
  );
});
