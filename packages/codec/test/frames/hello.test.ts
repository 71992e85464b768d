import { describe, expect, it } from 'vitest';
import {
  type AgentHello,
  FrameWriter,
  type HaproxyHelloInit,
  toAgentHello,
  toHaproxyHello,
  writeAgentHello,
  writeHaproxyHello,
} from '../../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, PAYLOAD_AT, text, thrown, toHex, varint } from '../bytes.ts';

const CANARY = 0xee;

function item(name: string, digits: string): Buffer {
  return Buffer.concat([text(name), hex(digits)]);
}

function string(value: string): string {
  return `08${toHex(text(value))}`;
}

const versions = item('supported-versions', string('2.0'));
const version = item('version', string('2.0'));
const size = item('max-frame-size', '03fcf006');
const capabilities = item('capabilities', string('pipelining'));

/** The two directions: frame type, key of the version, and the object that it reads as. */
const directions = [
  ['HAPROXY-HELLO', 1, 'supported-versions', toHaproxyHello],
  ['AGENT-HELLO', 101, 'version', toAgentHello],
] as const;

describe('toHaproxyHello', () => {
  it('reads the HELLO of HAProxy 2.6 to 3.0', () => {
    const bytes = frameBytes(
      1,
      Buffer.concat([
        versions,
        size,
        item('capabilities', string('pipelining,async')),
        item('engine-id', string('bab61d83-00d5-462c-bef0-0b46344c6a65')),
      ]),
    );
    expect(toHaproxyHello(onlyFrame(bytes))).toEqual({
      supportedVersions: '2.0',
      maxFrameSize: 16_380,
      capabilities: ['pipelining', 'async'],
      healthcheck: false,
      engineId: 'bab61d83-00d5-462c-bef0-0b46344c6a65',
    });
  });

  it('reads a health check', () => {
    const bytes = frameBytes(
      1,
      Buffer.concat([versions, size, item('capabilities', '0800'), item('healthcheck', '11')]),
    );
    expect(toHaproxyHello(onlyFrame(bytes))).toEqual({
      supportedVersions: '2.0',
      maxFrameSize: 16_380,
      capabilities: [],
      healthcheck: true,
      engineId: undefined,
    });
  });

  it('reads items in any order, skips unknown ones, and takes the last of equal ones', () => {
    const bytes = frameBytes(
      1,
      Buffer.concat([
        item('healthcheck', '11'),
        capabilities,
        item('x-unknown', '0720010db8000000000000000000000001'),
        item('', '00'),
        item('max-frame-size', '03f008'),
        size,
        item('healthcheck', '01'),
        versions,
      ]),
    );
    expect(toHaproxyHello(onlyFrame(bytes))).toMatchObject({ maxFrameSize: 16_380, healthcheck: false });
  });

  it.each([
    ['', []],
    ['pipelining', ['pipelining']],
    [' pipelining , async ', ['pipelining', 'async']],
    [',,pipelining,', ['pipelining']],
    ['fragmentation,x-new', ['fragmentation', 'x-new']],
  ])('reads capabilities %j as %j', (list, expected) => {
    const bytes = frameBytes(1, Buffer.concat([versions, size, item('capabilities', string(list))]));
    expect(toHaproxyHello(onlyFrame(bytes)).capabilities).toEqual(expected);
  });

  it('gives versions as they were sent', () => {
    const bytes = frameBytes(1, Buffer.concat([item('supported-versions', string(' 1.0, 2.0')), size, capabilities]));
    expect(toHaproxyHello(onlyFrame(bytes)).supportedVersions).toBe(' 1.0, 2.0');
  });

  it.each([
    ['healthcheck as STRING', item('healthcheck', string('true'))],
    ['healthcheck as INT32', item('healthcheck', '0201')],
    ['engine-id as BINARY', item('engine-id', '0900')],
    ['engine-id as NULL', item('engine-id', '00')],
  ])('refuses %s', (_, bad) => {
    const frame = onlyFrame(frameBytes(1, Buffer.concat([bad, versions, size, capabilities])));
    const at = PAYLOAD_AT + 1 + bad[0]!;
    expect(fault(() => toHaproxyHello(frame))).toEqual(['SPOP_BAD_ITEM', 4, at]);
  });
});

describe.each(directions)('%s', (_, type, key, read) => {
  const good = [item(key, string('2.0')), size, capabilities];

  it.each([
    ['version', 0, 'SPOP_NO_VERSION', 5],
    ['max-frame-size', 1, 'SPOP_NO_MAX_FRAME_SIZE', 6],
    ['capabilities', 2, 'SPOP_NO_CAPABILITIES', 7],
  ])('without %s is refused', (_name, index, code, status) => {
    const frame = onlyFrame(frameBytes(type, Buffer.concat(good.toSpliced(index, 1))));
    const error = thrown(() => read(frame));
    expect([error.code, error.status, error.offset]).toEqual([code, status, -1]);
  });

  it('without any items is refused', () => {
    expect(fault(() => read(onlyFrame(frameBytes(type))))).toEqual(['SPOP_NO_VERSION', 5, -1]);
  });

  it.each([
    ['version as BINARY', key, '0903322e30', 'SPOP_BAD_ITEM', 4],
    ['version as NULL', key, '00', 'SPOP_BAD_ITEM', 4],
    ['max-frame-size as STRING', 'max-frame-size', string('16380'), 'SPOP_BAD_ITEM', 4],
    ['max-frame-size as BOOL', 'max-frame-size', '11', 'SPOP_BAD_ITEM', 4],
    ['max-frame-size 0', 'max-frame-size', '0300', 'SPOP_BAD_MAX_FRAME_SIZE', 9],
    ['max-frame-size 255', 'max-frame-size', `03${toHex(varint(255n))}`, 'SPOP_BAD_MAX_FRAME_SIZE', 9],
    ['max-frame-size -1', 'max-frame-size', `04${toHex(varint((1n << 64n) - 1n))}`, 'SPOP_BAD_MAX_FRAME_SIZE', 9],
    ['max-frame-size 2^32', 'max-frame-size', `05${toHex(varint(1n << 32n))}`, 'SPOP_BAD_MAX_FRAME_SIZE', 9],
    ['capabilities as NULL', 'capabilities', '00', 'SPOP_BAD_ITEM', 4],
    ['capabilities as BINARY', 'capabilities', '0900', 'SPOP_BAD_ITEM', 4],
  ])('with %s is refused at its offset', (_name, name, digits, code, status) => {
    const frame = onlyFrame(frameBytes(type, Buffer.concat([item(name, digits), ...good])));
    expect(fault(() => read(frame))).toEqual([code, status, PAYLOAD_AT + 1 + name.length]);
  });

  it.each([
    ['256', '03', 256n],
    ['2^31', '03', 1n << 31n],
    ['2^32 - 1', '03', (1n << 32n) - 1n],
    ['16380 as INT32', '02', 16_380n],
    ['16380 as INT64', '04', 16_380n],
    ['16380 as UINT64', '05', 16_380n],
  ])('with max-frame-size %s is accepted', (_name, digit, value) => {
    const bytes = Buffer.concat([good[0]!, item('max-frame-size', digit + toHex(varint(value))), capabilities]);
    expect(read(onlyFrame(frameBytes(type, bytes))).maxFrameSize).toBe(Number(value));
  });

  it.each([
    ['of another type', frameBytes(3, Buffer.concat(good)), 'SPOP_UNEXPECTED_FRAME', 4, 4],
    ['of the other direction', frameBytes(type ^ 100, Buffer.concat(good)), 'SPOP_UNEXPECTED_FRAME', 4, 4],
    ['without FIN', frameBytes(type, Buffer.concat(good), { flags: 0 }), 'SPOP_FRAGMENTED_FRAME', 10, 5],
    ['with a stream-id', frameBytes(type, Buffer.concat(good), { streamId: 1n }), 'SPOP_UNEXPECTED_FRAME', 4, 9],
    ['with a frame-id', frameBytes(type, Buffer.concat(good), { frameId: 1n << 63n }), 'SPOP_UNEXPECTED_FRAME', 4, 9],
    ['that ends in an item', frameBytes(type, Buffer.concat(good).subarray(0, -1)), 'SPOP_TRUNCATED', 4, undefined],
  ])('%s is refused', (_name, bytes, code, status, offset) => {
    const error = thrown(() => read(onlyFrame(bytes)));
    expect([error.code, error.status]).toEqual([code, status]);
    if (offset !== undefined) expect(error.offset).toBe(offset);
  });

  it('cut at any byte is refused with a SpopError', () => {
    const payload = Buffer.concat(good);
    for (let length = 0; length < payload.length; length++) {
      const error = thrown(() => read(onlyFrame(frameBytes(type, payload.subarray(0, length)), 0x00)));
      expect(error.status).toBeGreaterThan(0);
    }
  });
});

describe('writeHaproxyHello', () => {
  const hello: HaproxyHelloInit = {
    supportedVersions: '2.0',
    maxFrameSize: 16_380,
    capabilities: ['pipelining', 'async'],
  };

  it('writes the items in the order of HAProxy', () => {
    const bytes = Buffer.alloc(300, CANARY);
    const end = writeHaproxyHello(new FrameWriter(), bytes, 3, 300, { ...hello, engineId: 'e', healthcheck: true });
    const items = [
      versions,
      size,
      item('capabilities', string('pipelining,async')),
      item('engine-id', string('e')),
      item('healthcheck', '11'),
    ];
    expect(toHex(bytes, 3, end)).toBe(toHex(frameBytes(1, Buffer.concat(items))));
    expect(bytes.subarray(end).every((byte) => byte === CANARY)).toBe(true);
  });

  it.each([
    [hello],
    [{ ...hello, capabilities: [], healthcheck: true }],
    [{ ...hello, engineId: 'bab61d83-00d5-462c-bef0-0b46344c6a65' }],
    [{ ...hello, maxFrameSize: 2 ** 32 - 1, healthcheck: false }],
  ])('writes capabilities that read as %j', (init) => {
    const bytes = Buffer.alloc(300);
    const end = writeHaproxyHello(new FrameWriter(), bytes, 0, 300, init);
    expect(toHaproxyHello(onlyFrame(bytes.subarray(0, end)))).toEqual({
      healthcheck: false,
      engineId: undefined,
      ...init,
    });
  });
});

describe('writeAgentHello', () => {
  const hello: AgentHello = { version: '2.0', maxFrameSize: 16_380, capabilities: ['pipelining'] };

  it('writes version, max-frame-size and capabilities', () => {
    const bytes = Buffer.alloc(300);
    const end = writeAgentHello(new FrameWriter(), bytes, 0, 300, hello);
    expect(toHex(bytes, 0, end)).toBe(toHex(frameBytes(101, Buffer.concat([version, size, capabilities]))));
    expect(toAgentHello(onlyFrame(bytes.subarray(0, end)))).toEqual(hello);
  });

  it('throws if it does not fit, and writes nothing past the limit', () => {
    const whole = writeAgentHello(new FrameWriter(), Buffer.alloc(300), 0, 300, hello);
    for (let limit = 0; limit < whole; limit++) {
      const bytes = Buffer.alloc(300, CANARY);
      expect(thrown(() => writeAgentHello(new FrameWriter(), bytes, 0, limit, hello)).code).toBe('SPOP_FRAME_FULL');
      expect(bytes.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
    }
    expect(writeAgentHello(new FrameWriter(), Buffer.alloc(whole), 0, whole, hello)).toBe(whole);
  });

  it.each([-1, 1.5, 2 ** 32, NaN])('refuses a max-frame-size of %d', (maxFrameSize) => {
    const write = (): number =>
      writeAgentHello(new FrameWriter(), Buffer.alloc(300), 0, 300, { ...hello, maxFrameSize });
    expect(thrown(write).code).toBe('SPOP_INVALID_VALUE');
  });
});
