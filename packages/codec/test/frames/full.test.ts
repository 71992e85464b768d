import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  AddressReader,
  address,
  type AnyValueType,
  binary,
  bool,
  defineVariable,
  FrameType,
  FrameWriter,
  int32,
  int64,
  NotifyWriter,
  string,
} from '../../src/index.ts';
import { notifyFrame, thrown, valueOf } from '../bytes.ts';
import { stringOf } from '../text/text-argument.ts';

/** How many bytes were left, and how many were wanted, in the error that `call` throws. */
function counts(call: () => unknown): readonly [left: number, wanted: number] {
  const error = thrown(call);
  expect(error.code).toBe('SPOP_FRAME_FULL');
  const [, left, wanted] =
    /^expected at most (-?\d+) more bytes, .* found a value of (-?\d+)\./.exec(error.reason) ?? [];
  return [Number(left), Number(wanted)];
}

/** What setting a value throws where `room` bytes are left after the variable's name. */
function setting(type: AnyValueType, value: unknown, room: number): readonly [left: number, wanted: number] {
  const ack = new AckWriter();
  // The header has 11 bytes, and the action 4 before its name of 1.
  ack.beginAck(Buffer.alloc(100), 0, 11 + 5 + room, notifyFrame([]));
  return counts(() => Reflect.apply(ack.set, ack, [defineVariable('txn', 'v', type), value]));
}

describe('a frame that is full', () => {
  // The type of a text is written before the text is looked at.
  it.each<[name: string, type: AnyValueType, value: unknown, room: number, wanted: number]>([
    ['BOOL', bool, true, 0, 1],
    ['INT32 of one byte', int32, 5, 1, 2],
    ['INT32 of two', int32, 240, 2, 3],
    ['INT64 of ten', int64, -1, 10, 11],
    ['short text', string, 'abc', 4, 4],
    ['text of 24 characters', string, 'x'.repeat(24), 25, 25],
    ['text of 60', string, 'x'.repeat(60), 61, 61],
    ['text of 60 that are no ASCII', string, 'é'.repeat(60), 80, 121],
    ['text of 300', string, 'x'.repeat(300), 80, 302],
    ['bytes', binary, Buffer.alloc(20), 21, 22],
    ['bytes of 300', binary, Buffer.alloc(300), 80, 303],
    ['IPV4', address, '192.0.2.1', 4, 5],
    ['IPV6', address, '2001:db8::1', 16, 17],
  ])('says how many bytes are left, and how many %s takes', (_, type, value, room, wanted) => {
    expect(setting(type, value, room)).toEqual([
      typeof value === 'string' && type === string ? room - 1 : room,
      wanted,
    ]);
  });

  it('says so of the header of an ACK, and of other frames', () => {
    const ack = new AckWriter();
    expect(counts(() => ack.beginAck(Buffer.alloc(30), 0, 11, notifyFrame([])))).toEqual([11, 12]);
    expect(counts(() => ack.beginAck(Buffer.alloc(30), 20, 31, notifyFrame([])))).toEqual([10, 12]);
    const writer = new FrameWriter();
    expect(counts(() => writer.begin(Buffer.alloc(30), 0, 8, FrameType.Notify, 1, 1))).toEqual([8, 9]);
    expect(counts(() => writer.begin(Buffer.alloc(30), 25, 40, FrameType.Notify, 1, 1))).toEqual([5, 9]);
    expect(counts(() => writer.begin(Buffer.alloc(30), 0, 9, FrameType.Notify, 1, 1))).toEqual([0, 1]);
    expect(counts(() => new NotifyWriter().beginNotify(Buffer.alloc(30), 0, 10, 300, 1))).toEqual([1, 2]);
  });

  it('is one by one byte', () => {
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(30), 0, 12, notifyFrame([]));
    expect(ack.end()).toBe(12);
    const writer = new FrameWriter();
    writer.begin(Buffer.alloc(30), 10, 21, FrameType.Notify, 1, 1);
    expect(writer.end()).toBe(21);
    writer.begin(Buffer.alloc(30), 10, 24, FrameType.Notify, 1, 1);
    writer.raw(Buffer.alloc(3));
    expect(counts(() => writer.raw(Buffer.alloc(1)))).toEqual([0, 1]);
    expect(writer.end()).toBe(24);
  });
});

describe('a value of another kind', () => {
  const set = (type: AnyValueType, value: unknown): string => {
    const ack = new AckWriter();
    const bytes = Buffer.alloc(100);
    ack.beginAck(bytes, 0, 100, notifyFrame([]));
    Reflect.apply(ack.set, ack, [defineVariable('txn', 'v', type), value]);
    return bytes.toString('hex', 16, ack.end());
  };

  it('is an address that was read from text, after another', () => {
    const reader = new AddressReader();
    const read = reader.read(stringOf('192.0.2.7'));
    set(address, '198.51.100.1');
    expect(set(address, read)).toBe('06c0000207');
    set(address, '198.51.100.1');
    expect(set(address, reader.read(stringOf('2001:db8::7')))).toBe('0720010db8000000000000000000000007');
  });

  it('is a view of a value', () => {
    expect(set(string, valueOf('08022f79'))).toBe('08022f79');
    expect(set(address, valueOf('06c0000201'))).toBe('06c0000201');
    expect(set(binary, valueOf('09020102'))).toBe('09020102');
  });
});
