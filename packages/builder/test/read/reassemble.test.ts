import { describe, expect, it } from 'vitest';
import {
  ack,
  fragment,
  haproxyDisconnect,
  notify,
  reassemble,
  SpopError,
  unset,
  type PlainFrame,
} from '../../src/index.ts';

const whole = notify({ streamId: 7, frameId: 3 }).message('m', { a: 'a text that is cut', b: 1 });
const parts = fragment(whole, 6).map((part) => part.toFrame());
const [first, ...rest] = parts;

function codeOf(frames: readonly PlainFrame[]): string {
  try {
    reassemble(frames);
  } catch (error) {
    if (error instanceof SpopError) return error.code;
    throw error;
  }
  return 'none';
}

describe('reassemble', () => {
  it('gives the whole NOTIFY, with its ids and the flags of its last part', () => {
    expect(parts.length).toBeGreaterThan(3);
    expect(reassemble(parts)).toEqual([whole.toFrame()]);
  });

  it('puts it in the place of its last fragment, and does not change other frames', () => {
    const other = notify({ streamId: 9 }).message('n').toFrame();
    const frames = [ack().toFrame(), ...parts, other, haproxyDisconnect().toFrame()];
    expect(reassemble(frames)).toEqual([ack().toFrame(), whole.toFrame(), other, haproxyDisconnect().toFrame()]);
    const between = [first!, ack().toFrame(), ...rest];
    expect(reassemble(between)).toEqual([ack().toFrame(), whole.toFrame()]);
  });

  it('gives several NOTIFYs in their order', () => {
    const second = notify({ streamId: 8, frameId: 3 }).message('m', { a: 'another text' });
    expect(reassemble([...parts, ...fragment(second, 3).map((part) => part.toFrame())])).toEqual([
      whole.toFrame(),
      second.toFrame(),
    ]);
  });

  it('gives nothing of a NOTIFY that is not ended', () => {
    expect(reassemble(parts.slice(0, -1))).toEqual([]);
  });

  it.each([
    ['FIN and ABORT', 3],
    ['ABORT alone', 2],
  ])('drops a NOTIFY that was aborted with %s, and joins the next', (_, flags) => {
    const givenUp = unset({ streamId: 7, frameId: 3, flags }).toFrame();
    expect(reassemble([first!, givenUp, ...parts])).toEqual([whole.toFrame()]);
    expect(codeOf([first!, givenUp, ...rest])).toBe('SPOP_FRAME_ID_NOT_FOUND');
  });

  it('refuses fragments with another stream-id or frame-id', () => {
    expect(codeOf([first!, unset({ streamId: 7, frameId: 4 }).toFrame()])).toBe('SPOP_INTERLACED_FRAMES');
    expect(codeOf([first!, unset({ streamId: 8, frameId: 3 }).toFrame()])).toBe('SPOP_INTERLACED_FRAMES');
    expect(codeOf([first!, ...parts])).toBe('SPOP_INTERLACED_FRAMES');
  });

  it('refuses a fragment after the end', () => {
    expect(codeOf([...parts, rest.at(-1)!])).toBe('SPOP_FRAME_ID_NOT_FOUND');
  });
});
