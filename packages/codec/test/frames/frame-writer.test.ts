import { describe, expect, it } from 'vitest';
import { FrameType, FrameWriter, string, uint32 } from '../../src/index.ts';
import { fault, frameBytes, hex, thrown, toHex } from '../bytes.ts';

const CANARY = 0xee;

describe('FrameWriter', () => {
  it('writes a frame without payload, with FIN and ids 0 by default', () => {
    const bytes = Buffer.alloc(20, CANARY);
    const writer = new FrameWriter();
    writer.begin(bytes, 2, 20, FrameType.AgentHello);
    expect([writer.byteLength, writer.remainingBytes, writer.end()]).toEqual([11, 7, 13]);
    expect(toHex(bytes)).toBe(`eeee 00000007 65 00000001 00 00 ${'ee'.repeat(7)}`.replaceAll(' ', ''));
  });

  it.each([
    ['0', 0, 0n],
    ['240', 240, 240n],
    ['2^31', 2 ** 31, 1n << 31n],
    ['2^32 - 1', 2 ** 32 - 1, (1n << 32n) - 1n],
    ['2^53 - 1', Number.MAX_SAFE_INTEGER, (1n << 53n) - 1n],
    ['2^63 as a number', 2 ** 63, 1n << 63n],
    ['2^64 - 1', (1n << 64n) - 1n, (1n << 64n) - 1n],
  ])('writes ids of %s', (_, id, streamId) => {
    const bytes = Buffer.alloc(64);
    const writer = new FrameWriter();
    writer.begin(bytes, 0, 64, 3, id, id, 0x8000_0003);
    expect(toHex(bytes, 0, writer.end())).toBe(
      toHex(frameBytes(3, hex(''), { streamId, frameId: streamId, flags: 0x8000_0003 })),
    );
  });

  it.each([
    ['-1', -1],
    ['1.5', 1.5],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['2^64 as a number', 2 ** 64],
    ['2^64', 1n << 64n],
    ['-1n', -1n],
  ])('refuses an id of %s', (_, id) => {
    const writer = new FrameWriter();
    expect(fault(() => writer.begin(Buffer.alloc(64), 0, 64, 3, id))).toEqual(['SPOP_INVALID_VALUE', undefined, -1]);
    expect(fault(() => writer.begin(Buffer.alloc(64), 0, 64, 3, 0, id))).toEqual(['SPOP_INVALID_VALUE', undefined, -1]);
  });

  it('begins if header and ids just fit, and not with one byte less', () => {
    for (const [streamId, size] of [
      [1, 11],
      [240, 12],
      [(1n << 64n) - 1n, 20],
    ] as const) {
      for (let limit = 0; limit <= size; limit++) {
        const bytes = Buffer.alloc(40, CANARY);
        const writer = new FrameWriter();
        if (limit === size) {
          writer.begin(bytes, 0, limit, 3, streamId);
          expect(writer.end()).toBe(size);
        } else {
          expect(thrown(() => writer.begin(bytes, 0, limit, 3, streamId)).code).toBe('SPOP_FRAME_FULL');
        }
        expect(bytes.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
      }
    }
  });

  it('refuses a limit past the end of the buffer, where writes would be lost', () => {
    expect(thrown(() => new FrameWriter().begin(Buffer.alloc(20), 0, 21, 3)).code).toBe('SPOP_FRAME_FULL');
  });

  it('writes items, NULL and raw bytes', () => {
    const bytes = Buffer.alloc(64, CANARY);
    const writer = new FrameWriter();
    writer.begin(bytes, 0, 64, 1);
    writer.item('a', string, 'b');
    writer.item('', uint32, 1);
    writer.nullItem('c');
    writer.raw(hex('0102'));
    expect(toHex(bytes, 0, writer.end())).toBe(toHex(frameBytes(1, hex('0161 080162 00 0301 0163 00 0102'))));
  });

  it('writes nothing before a frame is begun', () => {
    const writer = new FrameWriter();
    expect(thrown(() => writer.item('a', uint32, 1)).code).toBe('SPOP_FRAME_FULL');
    expect(thrown(() => writer.nullItem('a')).code).toBe('SPOP_FRAME_FULL');
    expect(thrown(() => writer.raw(hex('00'))).code).toBe('SPOP_FRAME_FULL');
  });

  it('writes names of any length', () => {
    for (const length of [0, 24, 25, 79, 80, 239, 240, 2_287, 2_288]) {
      const name = 'n'.repeat(length);
      const bytes = Buffer.alloc(3_000);
      const writer = new FrameWriter();
      writer.begin(bytes, 0, 3_000, 1);
      writer.nullItem(name);
      const size = length < 240 ? 1 : length < 2_288 ? 2 : 3;
      expect(writer.end()).toBe(11 + size + length + 1);
      expect(bytes.toString('latin1', 11 + size, 11 + size + length)).toBe(name);
    }
  });
});
