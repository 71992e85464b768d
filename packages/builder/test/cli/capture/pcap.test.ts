import { pcapOf } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { readPcap, readPcapng, type PacketFile } from '../../../src/cli/capture/pcap.ts';

const MAX_PACKET = 1 << 26;

describe('readPcap', () => {
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const HEADER = 24;
  const RECORD = 16;
  const read = (file: Buffer): PacketFile => readPcap(Uint8Array.from(file));

  it('reads each packet, with its time and its link layer', () => {
    expect(read(pcapOf([bytes, bytes.subarray(1)]))).toEqual({
      packets: [
        { time: 1_800_000_000, linkType: 1, data: bytes },
        { time: 1_800_000_000.001, linkType: 1, data: bytes.subarray(1) },
      ],
      problem: undefined,
    });
  });

  it('reads a file without packets', () => {
    expect(read(pcapOf([]))).toEqual({ packets: [], problem: undefined });
    expect(read(pcapOf([]).subarray(0, -1))).toEqual({ packets: [], problem: 'the file ends within its header' });
  });

  it('reads a packet without bytes at the end', () => {
    const { packets, problem } = read(pcapOf([bytes, new Uint8Array(0)]));
    expect(packets.map(({ data }) => data.length)).toEqual([4, 0]);
    expect(problem).toBeUndefined();
  });

  it.each([
    [bytes.length + 1, 'the file is cut off after 1 packet'],
    [MAX_PACKET, 'the file is cut off after 1 packet'],
    [MAX_PACKET + 1, 'packet 2 claims 67108865 bytes'],
  ])('keeps the packets before one that claims %i bytes', (length, problem) => {
    const file = pcapOf([bytes, bytes]);
    file.writeUInt32LE(length, HEADER + RECORD + bytes.length + 8);
    expect(read(file)).toEqual({ packets: [{ time: 1_800_000_000, linkType: 1, data: bytes }], problem });
  });
});

describe('readPcapng', () => {
  /** A block of words, and bytes, with its lengths. */
  function block(
    type: number,
    words: readonly number[],
    data: Uint8Array = new Uint8Array(0),
    order: 'LE' | 'BE' = 'LE',
  ): Buffer {
    const length = 12 + words.length * 4 + data.length;
    const bytes = Buffer.alloc(length);
    for (const [index, word] of [type, length, ...words].entries()) bytes[`writeUInt32${order}`](word, index * 4);
    bytes.set(data, 8 + words.length * 4);
    bytes[`writeUInt32${order}`](length, length - 4);
    return bytes;
  }
  /** A block whose length field claims `length`. */
  function claiming(length: number): Buffer {
    const wrong = block(5, [12, 12, 12, 12, 12, 12]);
    wrong.writeUInt32LE(length, 4);
    return wrong;
  }
  const read = (blocks: readonly Buffer[]): PacketFile => readPcapng(Uint8Array.from(Buffer.concat(blocks)));
  const section = block(0x0a0d0d0a, [0x1a2b3c4d, 1, 0xffffffff, 0xffffffff]);
  const ethernet = block(1, [1, 0]);
  const bytes = Uint8Array.of(1, 2, 3, 4);
  const packet = block(6, [0, 0, 1024, 4, 4], bytes);

  it('reads simple packets, which have no time, and obsolete ones', () => {
    // An obsolete block has 16 bits for its interface, and 16 for the number of lost packets.
    expect(read([section, ethernet, block(3, [3], bytes), block(2, [0x00050000, 0, 7, 4, 4], bytes)])).toEqual({
      packets: [
        { time: undefined, linkType: 1, data: bytes.subarray(0, 3) },
        { time: 7e-6, linkType: 1, data: bytes },
      ],
      problem: undefined,
    });
  });

  it('reads the high and the low half of a time', () => {
    expect(read([section, ethernet, block(6, [0, 2, 500_000, 4, 4], bytes)]).packets[0]?.time).toBe(
      (2 * 2 ** 32 + 500_000) / 1e6,
    );
  });

  it.each<[string, number[], number]>([
    ['without options', [], 1024 / 1e6],
    ['in parts of a power of 10', [9, 0, 1, 0, 3, 0, 0, 0], 1.024],
    ['in parts of a power of 2', [9, 0, 1, 0, 0x80 + 10, 0, 0, 0], 1],
    ['in whole seconds', [9, 0, 1, 0, 0x80, 0, 0, 0], 1024],
    ['after an option of 4 bytes', [2, 0, 4, 0, 1, 1, 1, 1, 9, 0, 1, 0, 3, 0, 0, 0], 1.024],
    [
      'after an option of 5 bytes, with its padding',
      [2, 0, 5, 0, 1, 1, 1, 1, 1, 0, 0, 0, 9, 0, 1, 0, 3, 0, 0, 0],
      1.024,
    ],
    ['before another option', [9, 0, 1, 0, 3, 0, 0, 0, 2, 0, 4, 0, 1, 1, 1, 1], 1.024],
    ['beside another option of 1 byte', [13, 0, 1, 0, 3, 0, 0, 0], 1024 / 1e6],
    ['beside a resolution of 2 bytes', [9, 0, 2, 0, 3, 3, 0, 0], 1024 / 1e6],
    ['beside a resolution that is cut off', [9, 0, 1, 0], 1024 / 1e6],
  ])('reads times %s', (_, options, time) => {
    const file = read([section, block(1, [113, 0], Uint8Array.from(options)), packet]);
    expect(file).toEqual({ packets: [{ time, linkType: 113, data: bytes }], problem: undefined });
  });

  it('reads packets up to the end of their block', () => {
    const packets = [block(3, [100], bytes), block(6, [0, 0, 0, 100, 100], bytes)];
    expect(read([section, ethernet, ...packets]).packets.map(({ data }) => data)).toEqual([bytes, bytes]);
  });

  it('reads packets without bytes', () => {
    const packets = [block(3, [0]), block(2, [0, 0, 0, 0, 0]), block(6, [0, 0, 0, 0, 0])];
    expect(read([section, ethernet, ...packets]).packets.map(({ data }) => data.length)).toEqual([0, 0, 0]);
  });

  it.each([
    ['a simple packet without its length', block(3, [])],
    ['a packet without the last of its words', block(6, [0, 0, 0, 4])],
    ['an obsolete packet without the last of its words', block(2, [0, 0, 0, 4])],
    ['statistics', block(5, [0, 0, 0, 4, 4], bytes)],
    ['a block without a body', block(0xbad, [])],
    ['half an interface', block(1, [113])],
  ])('skips %s', (_, other) => {
    expect(read([section, ethernet, other])).toEqual({ packets: [], problem: undefined });
    const interfaces = [ethernet, other, block(6, [1, 0, 0, 4, 4], bytes), packet];
    expect(read([section, ...interfaces]).packets.map(({ linkType }) => linkType)).toEqual([1]);
  });

  it('skips packets of an interface that is not described', () => {
    const packets = [block(3, [4], bytes), block(6, [1, 0, 0, 4, 4], bytes), block(6, [0, 0, 0, 4], bytes)];
    expect(read([section, ...packets])).toEqual({ packets: [], problem: undefined });
    // Each section describes its own.
    expect(read([section, ethernet, section, ...packets]).packets).toEqual([]);
  });

  it('takes blocks before the first section for big-endian ones without an interface', () => {
    expect(read([block(3, [4], bytes, 'BE')])).toEqual({ packets: [], problem: undefined });
    expect(read([block(3, [4], bytes)])).toEqual({
      packets: [],
      problem: 'the block at byte 0 claims 335544320 bytes',
    });
  });

  it.each([
    [8, 'the block at byte 84 claims 8 bytes'],
    [38, 'the block at byte 84 claims 38 bytes'],
    [40, 'the file is cut off after 1 packet'],
    [MAX_PACKET, 'the file is cut off after 1 packet'],
    [MAX_PACKET + 4, 'the block at byte 84 claims 67108868 bytes'],
  ])('keeps the packets before a block of 36 bytes that claims %i', (length, problem) => {
    const file = read([section, ethernet, packet, claiming(length)]);
    expect(file.packets).toEqual([{ time: 1024 / 1e6, linkType: 1, data: bytes }]);
    expect(file.problem).toBe(problem);
  });

  it('refuses a section without byte order', () => {
    const wrong = Buffer.from(section);
    wrong[8] = 0;
    expect(read([section, wrong])).toEqual({
      packets: [],
      problem: 'the section at byte 28 has no byte order',
    });
  });
});
