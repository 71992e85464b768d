import { describe, expect, it } from 'vitest';
import type { TcpSegment } from '../../../src/cli/capture/tcp-segment.ts';
import { TcpStream, type StreamPiece } from '../../../src/cli/capture/tcp-stream.ts';

/** A segment of `length` bytes, each with the value `seq` modulo 256. */
function segment(seq: number, length: number, options: Partial<TcpSegment> = {}): TcpSegment {
  const payload = new Uint8Array(length).fill(seq);
  const flags = { ack: undefined, isSyn: false, isFin: false, isReset: false };
  return { from: 'a', to: 'b', seq, payload, missing: 0, ...flags, ...options };
}

/** The pieces as their lengths; missing ones are negative. */
function lengths(pieces: readonly StreamPiece[]): number[] {
  return pieces.map((piece) => ('bytes' in piece ? piece.bytes.length : -piece.missing));
}

describe('TcpStream', () => {
  it('waits for a missing segment until 8 packets have acknowledged it', () => {
    const stream = new TcpStream();
    expect(lengths(stream.push(segment(1000, 10)))).toEqual([10]);
    expect(lengths(stream.push(segment(1030, 10)))).toEqual([]);
    // Up to here the other side has not got past the gap.
    expect(lengths(stream.acknowledge(1010))).toEqual([]);
    for (let packet = 1; packet < 8; packet++) expect(lengths(stream.acknowledge(1040))).toEqual([]);
    expect(lengths(stream.acknowledge(1040))).toEqual([-20, 10]);
    expect(lengths(stream.acknowledge(1040))).toEqual([]);
  });

  it('counts a segment as lost when 1,000 later ones wait', () => {
    const stream = new TcpStream();
    stream.push(segment(1000, 10));
    for (let index = 0; index < 1000; index++) {
      expect(stream.push(segment(1020 + index * 10, 10))).toEqual([]);
    }
    expect(lengths(stream.push(segment(1020 + 10_000, 10)))).toEqual([-10, ...Array.from({ length: 1001 }, () => 10)]);
  });

  it('begins again with a SYN, and drops what it has passed', () => {
    const stream = new TcpStream();
    stream.push(segment(1000, 10));
    stream.push(segment(1020, 10));
    expect(stream.push(segment(1024, 0, { isSyn: true }))).toEqual([]);
    // The SYN counts as one, so that the second half of the waiting segment follows it, without a gap.
    expect(lengths(stream.end())).toEqual([5]);
  });

  it('gives nothing for a repeated segment, and the new half of one that overlaps', () => {
    const stream = new TcpStream();
    stream.push(segment(1000, 10));
    expect(stream.push(segment(1000, 10))).toEqual([]);
    expect(stream.push(segment(1005, 10))).toEqual([{ bytes: new Uint8Array(5).fill(1005) }]);
  });

  it('gives the number of bytes that were cut off from a segment, whatever is left of it', () => {
    const stream = new TcpStream();
    for (const [seq, length, missing] of [
      [1000, 10, 10],
      [1020, 4, 6],
      [1030, 0, 5],
    ] as const) {
      expect(lengths(stream.push(segment(seq, length, { missing })))).toEqual([length, -missing].filter(Boolean));
    }
    expect(lengths(stream.push(segment(1030, 2, { missing: 8 })))).toEqual([-5]);
  });

  it('skips a gap only when all of its bytes were acknowledged', () => {
    const stream = new TcpStream();
    stream.push(segment(1000, 10));
    stream.push(segment(1020, 10));
    for (let packet = 0; packet < 20; packet++) expect(stream.acknowledge(1019)).toEqual([]);
    for (let packet = 1; packet < 8; packet++) expect(stream.acknowledge(1020)).toEqual([]);
    expect(lengths(stream.acknowledge(1020))).toEqual([-10, 10]);
  });

  it('finds no gap before a waiting segment that follows a new SYN', () => {
    const stream = new TcpStream();
    stream.push(segment(1000, 10));
    stream.push(segment(1020, 10));
    stream.push(segment(1019, 0, { isSyn: true }));
    expect(lengths(stream.end())).toEqual([10]);
  });
});
