import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Frame, FrameReader, FrameWriter, string, uint32 } from '../src/index.ts';
import { frameBytes, hex, notifyBytes, text, toHex } from './bytes.ts';

/** A frame with ids and flags, different for each `seed`. */
function frameWith(seed: number, size: number): Buffer {
  const ids = { flags: (seed << 8) | 1, streamId: BigInt(seed), frameId: BigInt(seed * 241) };
  return frameBytes(seed & 0xff, Buffer.alloc(size, seed), ids);
}

function summary(frame: Frame): string {
  const ids = `${frame.toStreamId()} ${frame.toFrameId()}`;
  return `${frame.type} ${frame.flags} ${ids} ${toHex(frame.bytes, frame.payloadStart, frame.end)}`;
}

function expectedSummary(seed: number, size: number): string {
  return `${seed & 0xff} ${(seed << 8) | 1} ${seed} ${seed * 241} ${toHex(Buffer.alloc(size, seed))}`;
}

/** All whole frames of the reader. */
function readAll(reader: FrameReader): string[] {
  const found = [];
  for (let frame = reader.next(); frame !== undefined; frame = reader.next()) found.push(summary(frame));
  return found;
}

describe('FrameReader', () => {
  it('reads the new bytes of a reused chunk object, whole frames and parts of them', () => {
    const sizes = [0, 5, 300, 17, 2_000, 1, 40];
    const stream = Buffer.concat(sizes.map((size, seed) => frameWith(seed + 1, size)));
    const expected = sizes.map((size, seed) => expectedSummary(seed + 1, size));
    for (const room of [1, 3, 7, 11, 64, 333, 1_024, stream.length]) {
      const chunk = Buffer.alloc(room);
      const reader = new FrameReader();
      const found = [];
      for (let at = 0; at < stream.length; at += room) {
        const count = stream.copy(chunk, 0, at, Math.min(at + room, stream.length));
        reader.push(chunk, 0, count);
        found.push(...readAll(reader));
        chunk.fill(0xff);
      }
      expect([room, found]).toEqual([room, expected]);
    }
  });

  it('alternates between chunk and carry', () => {
    const frames = Array.from({ length: 40 }, (_, index) => frameWith(index + 1, (index * 37) % 90));
    const stream = Buffer.concat(frames);
    // Each chunk ends in the middle of a frame, and has whole ones before it.
    const ends = frames.map((_, index) => Buffer.concat(frames.slice(0, index)).length + 3 + (index % 8));
    const chunks = [0, ...ends, stream.length].map((end, index, all) => stream.subarray(all[index - 1] ?? 0, end));
    const reader = new FrameReader();
    const found = [];
    for (const chunk of chunks) {
      const bytes = Buffer.from(chunk);
      reader.push(bytes);
      for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
        found.push(summary(frame));
        if (found.length % 3 === 0) reader.detachChunk();
      }
      bytes.fill(0xff);
    }
    expect(found).toEqual(frames.map((_, index) => expectedSummary(index + 1, (index * 37) % 90)));
  });

  it('does not affect others that read the same chunk, each with its own carry', () => {
    const piece = fc.record({ reader: fc.nat(2), size: fc.integer({ min: 1, max: 200 }), isOwn: fc.boolean() });
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const sizes = [3, 150, 0, 60, 8, 90];
        const shared = Buffer.alloc(200);
        const sessions = [0, 1, 2].map((index) => {
          const seeds = sizes.map((_, at) => index * 50 + at + 1);
          return {
            reader: new FrameReader(),
            stream: Buffer.concat(sizes.map((size, at) => frameWith(seeds[at]!, size))),
            at: 0,
            expected: sizes.map((size, at) => expectedSummary(seeds[at]!, size)),
            found: [] as string[],
          };
        });
        const rest = sessions.map((_, reader) => ({ reader, size: 2_000, isOwn: true }));
        for (const { reader, size, isOwn } of [...pieces, ...rest]) {
          const session = sessions[reader]!;
          const chunk = isOwn ? Buffer.alloc(size) : shared;
          const count = session.stream.copy(chunk, 0, session.at, session.at + size);
          session.at += count;
          session.reader.push(chunk, 0, count);
          session.found.push(...readAll(session.reader));
          chunk.fill(0xff);
        }
        for (const { found, expected } of sessions) expect(found).toEqual(expected);
      }),
      { numRuns: 200 },
    );
  });

  it('reads on if another was given the same chunk meanwhile', () => {
    const chunk = Buffer.concat([frameWith(1, 4), frameWith(2, 5), frameWith(3, 6)]);
    const half = frameWith(1, 4).length;
    const readers = [new FrameReader(), new FrameReader()];
    readers[0]!.push(chunk, 0, chunk.length);
    readers[1]!.push(chunk, half, chunk.length - 2);
    const found = [];
    for (let round = 0; round < 3; round++) {
      found.push(...readers.map((reader) => reader.next()).map((frame) => frame && summary(frame)));
    }
    const [one, two, three] = [expectedSummary(1, 4), expectedSummary(2, 5), expectedSummary(3, 6)];
    expect(found).toEqual([one, two, two, undefined, three, undefined]);
  });

  it('reads parts of the same memory, each at its own offset', () => {
    const memory = Buffer.concat([hex('ffffff'), frameWith(9, 20), hex('ffff'), frameWith(10, 30), hex('ff')]);
    const first = 3 + frameWith(9, 20).length;
    const parts = [memory.subarray(3, first), memory.subarray(first + 2, memory.length - 1)];
    const reader = new FrameReader();
    for (let round = 0; round < 3; round++) {
      for (const [index, part] of parts.entries()) {
        reader.push(part);
        expect(readAll(reader)).toEqual([expectedSummary(9 + index, 20 + 10 * index)]);
      }
    }
  });
});

describe('Frame.read', () => {
  it('reads the given bytes, with a view of their words or without', () => {
    const frame = new Frame();
    const frames = [frameWith(1, 3), frameWith(2, 4)];
    for (let round = 0; round < 4; round++) {
      for (const [index, bytes] of frames.entries()) {
        frame.read(bytes, 0, bytes.length);
        expect(summary(frame)).toBe(expectedSummary(index + 1, 3 + index));
      }
    }
    const [again] = frames;
    again!.set(notifyBytes(hex('aabb')));
    frame.read(again!, 0, notifyBytes(hex('aabb')).length);
    expect(summary(frame)).toBe('3 1 1 1 aabb');
  });
});

describe('FrameWriter', () => {
  it('writes to the buffer that each frame was begun in, writers taking turns', () => {
    const buffers = [Buffer.alloc(64), Buffer.alloc(80).subarray(9, 73)];
    const writers = [new FrameWriter(), new FrameWriter()];
    const wire = (seed: number): string => {
      const payload = Buffer.concat([text('n'), hex('03'), Buffer.from([seed]), text('s'), hex('08'), text('abc')]);
      return toHex(frameBytes(seed, payload, { flags: seed, streamId: BigInt(seed), frameId: 2n }));
    };
    for (let round = 0; round < 8; round++) {
      for (const buffer of buffers) buffer.fill(0xee);
      const targets = [buffers[round & 1]!, buffers[(round >> 1) & 1]!];
      for (const [index, writer] of writers.entries()) {
        const seed = round * 2 + index + 1;
        writer.begin(targets[index]!, 32 * index, 32 * (index + 1), seed, seed, 2, seed);
      }
      for (const [index, writer] of writers.entries()) {
        writer.item('n', uint32, round * 2 + index + 1);
        writer.item('s', string, 'abc');
      }
      for (const [index, writer] of writers.entries()) {
        const end = writer.end();
        expect(toHex(targets[index]!, 32 * index, end)).toBe(wire(round * 2 + index + 1));
        const rest = targets[index]!.subarray(end, 32 * (index + 1));
        expect(rest.every((byte) => byte === 0xee)).toBe(true);
      }
    }
  });
});
