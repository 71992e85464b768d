import { Frame, FrameFlag } from '@spop/codec';
import { fragment, frame, notify, unset } from '@spop/builder';
import { describe, expect, it } from 'vitest';
import { Fragments } from '../../src/session/fragments.ts';

const CAP = 1_000;

/** Reads frames as a frame reader does: one object, in memory that the next frame overwrites. */
class Wire {
  readonly #frame: Frame = new Frame();
  readonly #memory: Buffer = Buffer.alloc(4 * CAP);

  read(built: { toBytes(): Uint8Array }): Frame {
    const bytes = built.toBytes();
    this.#memory.fill(0xee);
    this.#memory.set(bytes, 7);
    this.#frame.read(this.#memory, 7, 7 + bytes.length);
    return this.#frame;
  }
}

const message = notify({ streamId: 300, frameId: 7 }).message('m', { text: 'x'.repeat(500) });

function start(payload: Uint8Array | string = '', ids = { streamId: 1, frameId: 1 }): ReturnType<typeof frame> {
  return frame(3, { ...ids, flags: 0 }, payload);
}

describe('Fragments', () => {
  it.each([1, 2, 3, 100, 250, 510, 1_000])('joins a NOTIFY that was cut every %i bytes', (size) => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    const pieces = fragment(message, size);
    fragments.begin(wire.read(pieces[0]!));
    const results = pieces.slice(1).map((piece) => fragments.add(wire.read(piece)));
    expect(results).toEqual([...pieces.slice(2).map(() => 'more'), 'complete']);
    const { bytes, start: from, end, payloadStart, fin } = fragments.frame;
    expect(Buffer.from(bytes.subarray(payloadStart, end)).equals(message.toPayload())).toBe(true);
    expect(bytes.subarray(from + 4, payloadStart).toString('hex')).toBe(
      Buffer.from(message.toBytes().subarray(4, payloadStart - from)).toString('hex'),
    );
    expect(fin).toBe(true);
    expect(fragments.isActive).toBe(false);
    expect(fragments.heldBytes).toBe(0);
  });

  it.each([
    [1, [500, 1]],
    [1, [2, 3, 60, 400, 9]],
    [300, [1, 1, 1, 650]],
    [10, [20, 900]],
  ])('joins a NOTIFY whose first fragment has %i bytes of payload, and the others %j', (first, others) => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    const payload = Buffer.from(Array.from({ length: CAP }, (_, i) => i % 251));
    let end = first;
    fragments.begin(wire.read(start(payload.subarray(0, first))));
    for (const [i, size] of others.entries()) {
      const flags = i === others.length - 1 ? FrameFlag.Fin : 0;
      fragments.add(wire.read(unset({ flags }, payload.subarray(end, end + size))));
      end += size;
      expect(fragments.heldBytes).toBeLessThanOrEqual(CAP);
    }
    const { frame: joined } = fragments;
    expect(Buffer.compare(joined.bytes.subarray(joined.payloadStart, joined.end), payload.subarray(0, end))).toBe(0);
  });

  it('keeps the joined NOTIFY until the next one is begun', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    fragments.add(wire.read(unset({}, '0b')));
    const { bytes, payloadStart, end } = fragments.frame;
    fragments.begin(wire.read(start('ffff')));
    expect(bytes.subarray(payloadStart, end).toString('hex')).toBe('0a0b');
  });

  it('forgets an aborted NOTIFY and its memory', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    expect(fragments.add(wire.read(unset({ flags: FrameFlag.Fin | FrameFlag.Abort })))).toBe('aborted');
    expect(fragments.isActive).toBe(false);
    expect(fragments.heldBytes).toBe(0);
  });

  it('counts an abort without FIN as an abort', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    expect(fragments.add(wire.read(unset({ flags: FrameFlag.Abort })))).toBe('aborted');
  });

  it('begins nothing with a NOTIFY that is aborted at once', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(frame(3, { streamId: 1, frameId: 1, flags: FrameFlag.Abort }, '0a')));
    expect(fragments.isActive).toBe(false);
  });

  it.each([
    ['FIN', FrameFlag.Fin],
    ['no FIN', 0],
    ['FIN and ABORT', FrameFlag.Fin | FrameFlag.Abort],
  ])('refuses a continuation without a beginning, with %s', (_, flags) => {
    expect(() => new Fragments(CAP).add(new Wire().read(unset({ streamId: 5, frameId: 2, flags })))).toThrow(
      expect.objectContaining({
        code: 'SPOP_FRAME_ID_NOT_FOUND',
        status: 12,
        reason: 'expected a NOTIFY before its continuation; found one for stream 5, frame 2',
      }),
    );
  });

  it.each([
    ['stream-id', { streamId: 2, frameId: 1 }],
    ['frame-id', { streamId: 1, frameId: 2 }],
    ['stream-id of another length', { streamId: 240, frameId: 1 }],
  ])('refuses a continuation with another %s', (_, ids) => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    expect(() => fragments.add(wire.read(unset(ids)))).toThrow(
      expect.objectContaining({
        code: 'SPOP_INTERLACED_FRAMES',
        status: 11,
        reason: `expected the rest of stream 1, frame 1; found stream ${ids.streamId}, frame ${ids.frameId}`,
      }),
    );
  });

  it('refuses to begin another NOTIFY, and names both', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    expect(() => fragments.begin(wire.read(start('0a', { streamId: 2, frameId: 1 })))).toThrow(
      expect.objectContaining({
        code: 'SPOP_INTERLACED_FRAMES',
        reason: 'expected the rest of stream 1, frame 1; found stream 2, frame 1',
      }),
    );
  });

  it('refuses to begin a NOTIFY again', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    fragments.begin(wire.read(start('0a')));
    expect(() => fragments.begin(wire.read(start('0a')))).toThrow(
      expect.objectContaining({
        code: 'SPOP_INTERLACED_FRAMES',
        status: 11,
        reason: 'expected the rest of a fragmented NOTIFY as UNSET frames; found its beginning again',
        offset: 4,
      }),
    );
  });

  it('names ids of more than 53 bits in its errors', () => {
    const continuation = unset({ streamId: 2n ** 64n - 1n, frameId: 0 });
    expect(() => new Fragments(CAP).add(new Wire().read(continuation))).toThrow(/stream 18446744073709551615, frame 0/);
  });

  it.each([
    ['of one byte less than the cap', CAP - 1, 'complete'],
    ['of exactly the cap', CAP, 'complete'],
    ['of one byte more than the cap', CAP + 1, 'too-big'],
    ['of three times the cap', 3 * CAP, 'too-big'],
  ])('reports a NOTIFY %s, %i bytes, as %s', (_, size, result) => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    // Length field, type, flags and ids take 11 bytes of the whole.
    const pieces = fragment(notify().raw(new Uint8Array(size - 11)), 100);
    fragments.begin(wire.read(pieces[0]!));
    let last = '';
    for (const piece of pieces.slice(1)) {
      last = fragments.add(wire.read(piece));
      expect(fragments.heldBytes).toBeLessThanOrEqual(CAP);
    }
    expect(last).toBe(result);
    expect(fragments.isActive).toBe(false);
    expect(fragments.frame.toStreamId()).toBe(1n);
  });

  it('joins a NOTIFY below the cap after one above it', () => {
    const wire = new Wire();
    const fragments = new Fragments(CAP);
    for (const piece of fragment(notify().raw(new Uint8Array(2 * CAP)), 400)) {
      if (fragments.isActive) fragments.add(wire.read(piece));
      else fragments.begin(wire.read(piece));
    }
    fragments.begin(wire.read(start('0a')));
    expect(fragments.add(wire.read(unset({}, '0b')))).toBe('complete');
    expect(fragments.frame.bytes.subarray(fragments.frame.payloadStart, fragments.frame.end).toString('hex')).toBe(
      '0a0b',
    );
  });
});
