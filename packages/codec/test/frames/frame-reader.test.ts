import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameReader } from '../../src/index.ts';
import { fault, firstOfSize, frameBytes, hex, notifyBytes, text, thrown, toHex, varint } from '../bytes.ts';

/** A summary of each frame read from `chunks`; each chunk is wiped once the reader is done with it. */
function framesOf(chunks: Iterable<Uint8Array>, reader: FrameReader = new FrameReader()): string[] {
  const frames = [];
  for (const chunk of chunks) {
    const bytes = Buffer.from(chunk);
    reader.push(bytes);
    for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
      const payload = toHex(frame.bytes, frame.payloadStart, frame.end);
      frames.push(`${frame.type} ${frame.flags} ${frame.toStreamId()} ${frame.toFrameId()} ${payload}`);
    }
    bytes.fill(0xdd);
  }
  return frames;
}

function chunksOf(bytes: Uint8Array, sizes: readonly number[]): Uint8Array[] {
  const chunks = [];
  let at = 0;
  for (const size of sizes) {
    chunks.push(bytes.subarray(at, at + size));
    at += size;
  }
  chunks.push(bytes.subarray(at));
  return chunks;
}

const ids = { streamId: (1n << 64n) - 1n, frameId: 240n };
const vectors: [string, Buffer, string[]][] = [
  ['the smallest frame', hex('00000007 03 00000001 00 00'), ['3 1 0 0 ']],
  ['a frame of an unknown type with all flags', hex('00000008 fe ffffffff 01 02 aa'), ['254 -1 1 2 aa']],
  ['ids of ten and two bytes', frameBytes(3, hex('abcd'), ids), ['3 1 18446744073709551615 240 abcd']],
  ['two frames', Buffer.concat([notifyBytes(hex('01')), frameBytes(103, hex('02'))]), ['3 1 1 1 01', '103 1 0 0 02']],
  [
    'three frames of growing size',
    Buffer.concat([10, 300, 2_000].map((size) => notifyBytes(Buffer.alloc(size, size)))),
    [10, 300, 2_000].map((size) => `3 1 1 1 ${toHex(Buffer.alloc(size, size))}`),
  ],
];

describe('FrameReader', () => {
  it.each(vectors)('reads %s whole', (_, bytes, expected) => {
    expect(framesOf([bytes])).toEqual(expected);
  });

  it.each(vectors)('reads %s byte by byte', (_, bytes, expected) => {
    expect(framesOf(Array.from(bytes, (byte) => Uint8Array.of(byte)))).toEqual(expected);
  });

  it.each(vectors)('reads %s split at every offset', (_, bytes, expected) => {
    for (let at = 0; at <= bytes.length; at++) {
      expect([at, framesOf(chunksOf(bytes, [at]))]).toEqual([at, expected]);
    }
  });

  it('reads frames split at any two offsets', () => {
    const [, bytes, expected] = vectors[3]!;
    for (let first = 0; first <= bytes.length; first++) {
      for (let second = 0; second <= bytes.length - first; second++) {
        expect([first, second, framesOf(chunksOf(bytes, [first, second]))]).toEqual([first, second, expected]);
      }
    }
  });

  it('reads any frames in any pieces, from part of a buffer, with empty chunks between', () => {
    const frames = fc.array(fc.uint8Array({ maxLength: 400 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(frames, fc.array(fc.nat(500), { maxLength: 20 }), (payloads, sizes) => {
        const bytes = Buffer.concat(payloads.map((payload) => notifyBytes(payload)));
        const reader = new FrameReader();
        const found = [];
        for (const chunk of chunksOf(bytes, sizes)) {
          const buffer = Buffer.concat([hex('ffff'), chunk, hex('ffffff')]);
          reader.push(buffer, 2, 2 + chunk.length);
          for (let frame = reader.next(); frame !== undefined; frame = reader.next()) {
            found.push(toHex(frame.bytes, frame.payloadStart, frame.end));
          }
          buffer.fill(0xdd);
        }
        expect(found).toEqual(payloads.map((payload) => toHex(payload)));
        expect(reader.pendingBytes).toBe(0);
      }),
    );
  });

  it('gives the same object for every frame, as a view of the chunk itself', () => {
    const chunk = Buffer.concat([notifyBytes(hex('01')), notifyBytes(hex('02'))]);
    const reader = new FrameReader();
    reader.push(chunk);
    const first = reader.next();
    expect(first?.bytes).toBe(chunk);
    expect(reader.next()).toBe(first);
    expect([first?.start, first?.end]).toEqual([12, 24]);
    expect([reader.next(), reader.next(), reader.pendingBytes, reader.heldBytes]).toEqual([undefined, undefined, 0, 0]);
  });

  it('copies only the bytes of the frame that a chunk cut off', () => {
    const one = notifyBytes(Buffer.alloc(20, 1));
    const chunk = Buffer.concat([one.subarray(5), notifyBytes(Buffer.alloc(5_000, 2))]);
    const reader = new FrameReader();
    reader.push(one.subarray(0, 5));
    expect(reader.next()).toBeUndefined();
    reader.push(chunk);
    expect(reader.next()?.bytes).not.toBe(chunk);
    expect(reader.next()?.bytes).toBe(chunk);
    expect(reader.heldBytes).toBeLessThan(5_000);
  });
});

describe('FrameReader.push', () => {
  it.each([
    ['a start below 0', -1, 4],
    ['a start above the end', 3, 2],
    ['an end above the length', 0, 5],
    ['a start that is no number', NaN, 4],
  ])('refuses %s', (_, start, end) => {
    expect(() => new FrameReader().push(Buffer.alloc(4), start, end)).toThrow(RangeError);
  });

  it('keeps unread frames whole and in order while more chunks come than its memory had room for', () => {
    const reader = new FrameReader();
    const places: unknown[] = [];
    const readOne = (): void => {
      const frame = reader.next();
      places.push(frame?.bytes[frame.payloadStart]);
    };
    for (let place = 0; place < 60; place++) {
      const bytes = notifyBytes(Buffer.alloc(50, place));
      for (const chunk of chunksOf(bytes, [20])) reader.push(Buffer.from(chunk));
      // One frame of three is read at once, so that its place is free when the others move.
      if (place % 3 === 0) readOne();
    }
    while (reader.pendingBytes > 0) readOne();
    expect(places).toEqual(Array.from({ length: 60 }, (_, place) => place));
  });

  it('keeps the unread bytes of the chunk before', () => {
    const reader = new FrameReader();
    const bytes = Buffer.concat([notifyBytes(hex('01')), notifyBytes(hex('02')), notifyBytes(hex('03'))]);
    for (const chunk of chunksOf(bytes, [1, 12, 3])) {
      const copy = Buffer.from(chunk);
      reader.push(copy);
    }
    expect(reader.pendingBytes).toBe(bytes.length);
    expect(framesOf([Buffer.alloc(0)], reader)).toEqual(['3 1 1 1 01', '3 1 1 1 02', '3 1 1 1 03']);
  });
});

describe('FrameReader.clear', () => {
  it('drops the bytes of the chunk and from before it, and the memory for them', () => {
    const whole = frameBytes(3, hex('0102'));
    const reader = new FrameReader();
    for (const pieces of [[whole.subarray(0, 5)], [whole.subarray(0, 5), whole.subarray(5)], [whole, whole]]) {
      for (const piece of pieces) reader.push(piece);
      reader.clear();
      expect([reader.pendingBytes, reader.heldBytes, reader.next()]).toEqual([0, 0, undefined]);
    }
    reader.push(whole);
    expect(toHex(reader.next()!.bytes)).toBe(toHex(whole));
  });
});

describe('the spare of all readers', () => {
  /** Keeps a chunk of `bytes` and reads it to its end; returns the buffer that it was kept in. */
  function keep(bytes: number): ArrayBufferLike {
    const frame = frameBytes(3, Buffer.alloc(1_000));
    const reader = new FrameReader();
    reader.push(Buffer.concat(Array.from({ length: Math.floor(bytes / frame.length) }, () => frame)));
    reader.detachChunk();
    const { buffer } = reader.next()!.bytes;
    while (reader.next() !== undefined);
    return buffer;
  }

  it('is the memory of the last large chunk that was kept, if that is large enough', () => {
    const first = keep(500_000);
    expect(first.byteLength).toBe(524_288);
    expect(keep(500_000) === first).toBe(true);
    expect(keep(100_000) === first).toBe(true);
    expect(keep(600_000) === first).toBe(false);
    expect(keep(60_000) === first).toBe(false);
    expect(keep(500_000) === first).toBe(true);
  });

  it('is given to one reader at a time', () => {
    const frame = frameBytes(3, Buffer.alloc(1_000));
    const chunk = Buffer.concat(Array.from({ length: 100 }, () => frame));
    const readers = [new FrameReader(), new FrameReader()];
    for (const reader of readers) {
      reader.push(chunk);
      reader.detachChunk();
    }
    const [one, other] = readers.map((reader) => reader.next()!.bytes.buffer);
    expect(one === other).toBe(false);
  });
});

describe('FrameReader.detachChunk', () => {
  it('frees the chunk for new bytes at every point between frames', () => {
    const frames = [10, 100, 1_000].map((size) => notifyBytes(Buffer.alloc(size, size)));
    const bytes = Buffer.concat(frames);
    for (let read = 0; read <= 3; read++) {
      for (let cut = 0; cut < 12; cut++) {
        const reader = new FrameReader();
        const chunk = Buffer.from(bytes.subarray(0, bytes.length - cut));
        reader.push(chunk);
        const found = [];
        for (let i = 0; i < read; i++) found.push(reader.next()?.type);
        reader.detachChunk();
        chunk.fill(0xdd);
        expect(framesOf([bytes.subarray(bytes.length - cut)], reader)).toEqual(
          frames.slice(found.filter((type) => type === 3).length).map((frame) => `3 1 1 1 ${toHex(frame, 11)}`),
        );
      }
    }
  });

  it('does nothing before the first chunk and after the last byte', () => {
    const reader = new FrameReader();
    reader.detachChunk();
    reader.push(notifyBytes(hex('01')));
    reader.next();
    reader.detachChunk();
    reader.detachChunk();
    expect([reader.pendingBytes, reader.heldBytes, reader.next()]).toEqual([0, 0, undefined]);
  });

  it('keeps more and more across many frames in the same memory', () => {
    const reader = new FrameReader();
    const bytes = notifyBytes(Buffer.alloc(700, 7));
    for (let round = 0; round < 100; round++) {
      expect(framesOf(chunksOf(Buffer.concat([bytes, bytes]), [350, 500]), reader)).toHaveLength(2);
      reader.push(bytes.subarray(0, 200));
      reader.detachChunk();
      expect(framesOf([bytes.subarray(200)], reader)).toHaveLength(1);
      expect(reader.heldBytes).toBeLessThanOrEqual(2_048);
    }
  });

  it('reuses the memory of read frames before it takes more', () => {
    const reader = new FrameReader();
    const first = notifyBytes(Buffer.alloc(700, 1));
    const second = notifyBytes(Buffer.alloc(800, 2));
    reader.push(Buffer.from(first));
    reader.detachChunk();
    expect(reader.next()?.payloadStart).toBe(11);
    const held = reader.heldBytes;
    reader.push(Buffer.from(second));
    reader.detachChunk();
    expect(framesOf([Buffer.alloc(0)], reader)).toEqual([`3 1 1 1 ${toHex(second, 11)}`]);
    expect(reader.heldBytes).toBe(held);
  });

  it('gives a large carry back once it is read', () => {
    const reader = new FrameReader({ maxFrameSize: 200_000 });
    const bytes = notifyBytes(Buffer.alloc(150_000, 1));
    reader.push(bytes.subarray(0, 149_000));
    expect([reader.next(), reader.heldBytes > 149_000]).toEqual([undefined, true]);
    reader.push(bytes.subarray(149_000));
    const frame = reader.next();
    expect(frame?.end).toBe(bytes.length);
    expect([reader.next(), reader.heldBytes]).toEqual([undefined, 0]);
    // The reader also holds the object for the next frame.
    expect(frame?.bytes).toHaveLength(0);
  });
});

const LENGTHS: [string, string, number, number][] = [
  ...[0, 1, 2, 3, 4, 5, 6].map((length): [string, string, number, number] => [
    `${length}`,
    'SPOP_FRAME_TOO_SMALL',
    4,
    length,
  ]),
  ['one above max-frame-size', 'SPOP_FRAME_TOO_BIG', 3, 301],
  ['2^16', 'SPOP_FRAME_TOO_BIG', 3, 0x1_0000],
  ['2^31 - 1', 'SPOP_FRAME_TOO_BIG', 3, 0x7fff_ffff],
  ['2^31', 'SPOP_FRAME_TOO_BIG', 3, 0x8000_0000],
  ['2^32 - 1', 'SPOP_FRAME_TOO_BIG', 3, 0xffff_ffff],
  ["'GET ' of an HTTP client", 'SPOP_FRAME_TOO_BIG', 3, 0x4745_5420],
];

describe('FrameReader and FRAME-LENGTH', () => {
  it.each(LENGTHS)('refuses %s: %s, before anything of the frame is kept', (_, code, status, length) => {
    const head = Buffer.alloc(4);
    head.writeUInt32BE(length);
    for (let at = 0; at <= 4; at++) {
      const reader = new FrameReader({ maxFrameSize: 300 });
      reader.push(Buffer.from(head.subarray(0, at)));
      if (at < 4) expect(reader.next()).toBeUndefined();
      if (at < 4) reader.push(Buffer.concat([head.subarray(at), Buffer.alloc(100_000)]));
      for (let repeat = 0; repeat < 3; repeat++) {
        const error = thrown(() => reader.next());
        expect([error.code, error.status, error.offset]).toEqual([code, status, 0]);
        expect(error.reason).toContain(`found a length of ${length}`);
      }
      expect(reader.heldBytes).toBeLessThanOrEqual(1_024);
    }
  });

  it.each([
    ['7', 7],
    ['8', 8],
    ['one below max-frame-size', 299],
    ['max-frame-size', 300],
  ])('takes %s', (_, length) => {
    const bytes = Buffer.alloc(4 + length);
    bytes.writeUInt32BE(length);
    expect(framesOf([bytes], new FrameReader({ maxFrameSize: 300 }))).toHaveLength(1);
  });

  it('takes 16,380 and refuses 16,381 by default', () => {
    expect(framesOf([notifyBytes(Buffer.alloc(16_373))])).toHaveLength(1);
    expect(fault(() => framesOf([notifyBytes(Buffer.alloc(16_374))]))).toEqual(['SPOP_FRAME_TOO_BIG', 3, 0]);
  });

  it('follows a max-frame-size that changes between frames', () => {
    const reader = new FrameReader({ maxFrameSize: 300 });
    const bytes = notifyBytes(Buffer.alloc(290));
    reader.push(Buffer.concat([bytes, bytes]));
    expect(reader.next()?.end).toBe(301);
    reader.maxFrameSize = 296;
    expect(thrown(() => reader.next()).code).toBe('SPOP_FRAME_TOO_BIG');
    reader.maxFrameSize = 297;
    expect(reader.next()?.end).toBe(602);
  });
});

describe('FrameReader and ids', () => {
  it.each([
    ['a stream-id that does not end', 'f080', 'SPOP_TRUNCATED', 9],
    ['a frame-id that is missing', 'f000', 'SPOP_TRUNCATED', 11],
    ['a frame-id that does not end', '01f0', 'SPOP_TRUNCATED', 10],
    ['a stream-id above 2^64', `${'ff'.repeat(10)}00`, 'SPOP_VARINT_OVERFLOW', 9],
    ['a frame-id of 2^64', `01${toHex(varint(1n << 64n))}`, 'SPOP_VARINT_OVERFLOW', 10],
    [
      'a frame-id of 2^64 before a payload',
      `01${toHex(varint(1n << 64n))}${'00'.repeat(20)}`,
      'SPOP_VARINT_OVERFLOW',
      10,
    ],
    ['a frame-id of nothing but ff', `01${'ff'.repeat(30)}`, 'SPOP_VARINT_OVERFLOW', 10],
    ['a stream-id that takes the whole frame', `f0${'80'.repeat(7)}01`, 'SPOP_TRUNCATED', 18],
  ])('refuses %s, whole and in pieces, again and again', (_, digits, code, offset) => {
    const rest = hex(`03 00000001 ${digits}`);
    const head = Buffer.alloc(4);
    head.writeUInt32BE(rest.length);
    const bytes = Buffer.concat([head, rest]);
    for (let at = 0; at < bytes.length; at++) {
      const reader = new FrameReader();
      reader.push(Buffer.from(bytes.subarray(0, at)));
      expect(reader.next()).toBeUndefined();
      // The reader must not count later bytes as the rest of the id.
      reader.push(Buffer.concat([bytes.subarray(at), Buffer.alloc(20)]));
      for (let repeat = 0; repeat < 3; repeat++) expect(fault(() => reader.next())).toEqual([code, 4, offset]);
    }
  });
});

describe('Frame', () => {
  function frameOf(bytes: Buffer): NonNullable<ReturnType<FrameReader['next']>> {
    const reader = new FrameReader();
    reader.push(bytes);
    return reader.next() ?? expect.unreachable('expected a frame');
  }

  it.each([
    [0, false, false],
    [1, true, false],
    [2, false, true],
    [3, true, true],
    [0xffff_fffc, false, false],
    [0x8000_0001, true, false],
  ])('reads flags %i', (flags, fin, abort) => {
    const frame = frameOf(frameBytes(3, hex(''), { flags }));
    expect([frame.flags >>> 0, frame.fin, frame.abort]).toEqual([flags, fin, abort]);
  });

  it.each([
    ['0', 0n],
    ['239', 239n],
    ['240', 240n],
    ['2^32 - 1', 0xffff_ffffn],
    ['2^32', 0x1_0000_0000n],
    ['2^53 - 1', (1n << 53n) - 1n],
  ])('reads ids of %s as number and bigint', (_, id) => {
    for (const [streamId, frameId] of [
      [id, 7n],
      [7n, id],
      [id, id],
    ] as const) {
      const frame = frameOf(frameBytes(3, hex('ff'), { streamId, frameId }));
      expect([frame.streamId, frame.frameId]).toEqual([Number(streamId), Number(frameId)]);
      expect([frame.toStreamId(), frame.toFrameId()]).toEqual([streamId, frameId]);
      expect(toHex(frame.bytes, frame.payloadStart, frame.end)).toBe('ff');
    }
  });

  it('finds a payload of any length after ids of every size', () => {
    const sizes = Array.from({ length: 10 }, (_, index) => index + 1);
    const ids = sizes.flatMap((size) => [
      firstOfSize(size),
      size === 10 ? (1n << 64n) - 1n : firstOfSize(size + 1) - 1n,
    ]);
    for (const streamId of ids) {
      for (const frameId of ids) {
        for (const length of [0, 1, 7, 8, 9, 10, 30]) {
          const payload = Buffer.alloc(length, 0xff);
          const frame = frameOf(frameBytes(3, payload, { streamId, frameId }));
          expect([
            streamId,
            frameId,
            frame.toStreamId(),
            frame.toFrameId(),
            toHex(frame.bytes, frame.payloadStart),
          ]).toEqual([streamId, frameId, streamId, frameId, toHex(payload)]);
        }
      }
    }
  });

  it('refuses ids above 2^53 - 1 as number, which is no error of the peer', () => {
    const streamId = 1n << 53n;
    const frame = frameOf(frameBytes(3, hex(''), { streamId, frameId: (1n << 64n) - 1n }));
    expect(thrown(() => frame.streamId)).toMatchObject({ code: 'SPOP_UNSAFE_INTEGER', status: undefined });
    expect(thrown(() => frame.frameId)).toMatchObject({ code: 'SPOP_UNSAFE_INTEGER', status: undefined });
    expect([frame.toStreamId(), frame.toFrameId()]).toEqual([streamId, (1n << 64n) - 1n]);
  });

  it('recognises a frame with the same ids by their bytes', () => {
    const frame = frameOf(frameBytes(3, text('a'), { streamId: 240n, frameId: 1n }));
    expect(frame.hasIdsOf(frameOf(frameBytes(0, hex(''), { streamId: 240n, frameId: 1n, flags: 0 })))).toBe(true);
    for (const other of [
      { streamId: 240n, frameId: 2n },
      { streamId: 241n, frameId: 1n },
      { streamId: 240n, frameId: 240n },
      { streamId: 0n, frameId: 1n },
    ]) {
      expect(frame.hasIdsOf(frameOf(frameBytes(3, hex(''), other)))).toBe(false);
    }
  });
});

describe('a reader of frames', () => {
  it.each([7, 2 ** 31 - 1])('takes a max-frame-size of %i', (maxFrameSize) => {
    expect(new FrameReader({ maxFrameSize }).maxFrameSize).toBe(maxFrameSize);
  });
});
