import { fragment, notify } from '@spop/builder';
import { Frame } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { type FragmentResult, Fragments } from '../../src/session/fragments.ts';

const CAP = 1_000;

/** The outcome of a NOTIFY of `size` bytes, without its length field, in fragments of `piece` bytes of payload. */
function join(size: number, payloadBytes: number): FragmentResult {
  const header = notify().toBytes().length - 4;
  const [first, ...rest] = fragment(notify().raw(new Uint8Array(size - header)), payloadBytes).map((part) => {
    const bytes = Buffer.from(part.toBytes());
    const frame = new Frame();
    frame.read(bytes, 0, bytes.length);
    return frame;
  });
  const fragments = new Fragments(CAP);
  fragments.begin(first!);
  return rest.map((part) => fragments.add(part)).at(-1)!;
}

describe('maxReassembledBytes', () => {
  it.each([1, 7, 300, 600, 992])('is the highest number of bytes of a NOTIFY, in fragments of %i', (payloadBytes) => {
    // A frame counts its length field here.
    expect(join(CAP - 4, payloadBytes)).toBe('complete');
    expect(join(CAP - 3, payloadBytes)).toBe('too-big');
  });
});
