import { describe, expect, it } from 'vitest';
import { FrameType, FrameWriter, Status, STATUS_MESSAGES, toDisconnect, writeDisconnect } from '../../src/index.ts';
import { fault, frameBytes, hex, onlyFrame, text, thrown, toHex, varint } from '../bytes.ts';

function item(name: string, digits: string): Buffer {
  return Buffer.concat([text(name), hex(digits)]);
}

const code = item('status-code', '0302');
const message = item('message', '0807 74696d656f7574');

describe.each([
  ['HAPROXY-DISCONNECT', FrameType.HaproxyDisconnect],
  ['AGENT-DISCONNECT', FrameType.AgentDisconnect],
] as const)('%s', (_, type) => {
  it.each([
    ['code and message', [code, message], 2, 'timeout'],
    ['message and code', [message, code], 2, 'timeout'],
    ['no items', [], 99, ''],
    ['a code alone', [code], 2, ''],
    ['a message alone', [message], 99, 'timeout'],
    ['unknown items too', [item('x', '0780'.padEnd(34, '0')), code, item('', '00'), message], 2, 'timeout'],
    ['a code as INT64', [item('status-code', '0404'), message], 4, 'timeout'],
    ['a code as UINT64 2^64 - 1', [item('status-code', `05${toHex(varint((1n << 64n) - 1n))}`)], 2 ** 64, ''],
    ['a code as INT32 -1', [item('status-code', `02${toHex(varint((1n << 64n) - 1n))}`)], -1, ''],
    ['a code that is text', [item('status-code', '080132'), message], 99, 'timeout'],
    ['a code that is NULL', [item('status-code', '00'), message], 99, 'timeout'],
    ['a message that is BINARY', [code, item('message', '09026f6b')], 2, 'ok'],
    ['a message that is NULL', [code, item('message', '00')], 2, ''],
    ['a message that is no UTF-8', [code, item('message', '0802ff61')], 2, '\ufffda'],
  ])('reads %s', (_name, items, statusCode, words) => {
    const frame = onlyFrame(frameBytes(type, Buffer.concat(items)));
    expect(toDisconnect(frame)).toEqual({ statusCode, message: words });
  });

  it.each([
    ['without FIN', frameBytes(type, code, { flags: 0 }), 'SPOP_FRAGMENTED_FRAME', 10, 5],
    ['with a stream-id', frameBytes(type, code, { streamId: 1n }), 'SPOP_UNEXPECTED_FRAME', 4, 9],
    ['with a frame-id', frameBytes(type, code, { frameId: 1n }), 'SPOP_UNEXPECTED_FRAME', 4, 9],
    ['with a code that does not end', frameBytes(type, item('status-code', '03f0')), 'SPOP_TRUNCATED', 4, 24],
    ['with a reserved type', frameBytes(type, item('status-code', '0f')), 'SPOP_RESERVED_TYPE', 4, 23],
  ])('%s is refused', (_name, bytes, expected, status, offset) => {
    expect(fault(() => toDisconnect(onlyFrame(bytes)))).toEqual([expected, status, offset]);
  });

  it.each(Object.entries(Status))('writes %s, %i, with the words of the specification', (_name, statusCode) => {
    const bytes = Buffer.alloc(100, 0xee);
    const disconnect = { statusCode, message: STATUS_MESSAGES[statusCode] };
    const end = writeDisconnect(new FrameWriter(), bytes, 2, 100, type, disconnect);
    expect(bytes.readUInt8(6)).toBe(type);
    expect(toDisconnect(onlyFrame(bytes.subarray(2, end)))).toEqual(disconnect);
  });

  it.each([-1, 100, 1.5, NaN, Infinity])('refuses to write status code %d', (statusCode) => {
    const write = (): number =>
      writeDisconnect(new FrameWriter(), Buffer.alloc(99), 0, 99, type, { statusCode, message: '' });
    expect(fault(write)).toEqual(['SPOP_INVALID_VALUE', undefined, -1]);
  });

  it('writes status code before message', () => {
    const bytes = Buffer.alloc(100);
    const end = writeDisconnect(new FrameWriter(), bytes, 0, 100, type, { statusCode: 2, message: 'timeout' });
    expect(toHex(bytes, 0, end)).toBe(toHex(frameBytes(type, Buffer.concat([code, message]))));
  });
});

describe('toDisconnect', () => {
  it.each([0, 1, 3, 101, 103, 255])('refuses a frame of type %i', (type) => {
    expect(thrown(() => toDisconnect(onlyFrame(frameBytes(type, code))))).toMatchObject({
      code: 'SPOP_UNEXPECTED_FRAME',
      offset: 4,
    });
  });
});
