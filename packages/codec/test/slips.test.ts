import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  address,
  binary,
  defineMessage,
  defineVariable,
  Frame,
  FrameReader,
  FrameWriter,
  KvListReader,
  MessageReader,
  MessageSet,
  NotifyWriter,
  string,
} from '../src/index.ts';
import { InternalNotify } from '../src/internal.ts';
import { message, notifyBytes, notifyFrame, toHex } from './bytes.ts';

/** The content of the pool around the bytes of a frame. */
const SECRET = 'secret of another client';
const one = defineMessage('one', { ua: string });
const raw = defineVariable('txn', 'raw', binary);
const ip = defineVariable('txn', 'ip', address);
const rawPrefix = '01 03 02 03 726177 09'.replaceAll(' ', '');

function poolFrame(): Frame {
  const own = notifyBytes(message('one', [['ua', '08046375726c']]));
  const pool = Buffer.from(SECRET.repeat(40));
  own.copy(pool, 100);
  const frame = new Frame();
  frame.read(pool, 100, 100 + own.length);
  return frame;
}

function poolNotify(): InternalNotify {
  const notify = new InternalNotify(new MessageSet([one]));
  notify.read(poolFrame());
  return notify;
}

/** The content of a clone, as text. */
function clonedText(clone: () => unknown): string {
  try {
    return serialize(clone()).toString('latin1');
  } catch (error) {
    return String(error);
  }
}

describe('a copy of an object with shared memory', () => {
  it.each<readonly [string, () => object]>([
    ['a Frame', poolFrame],
    ['a Notify', poolNotify],
    ['a message', () => poolNotify().messageAt(0)],
    ['a value', () => poolNotify().get(one)!.ua],
    ['a walker', () => poolNotify().walk()],
    ['a walker on a message', () => (poolNotify().walk().next(), poolNotify().walk())],
    ['a reader of messages', () => new MessageReader()],
    ['a reader of a KV-list', () => new KvListReader()],
    [
      'a one-time message',
      () => {
        const notify = poolNotify();
        notify.beginOneTime();
        return notify.messageAt(0);
      },
    ],
    [
      'a one-time value',
      () => {
        const notify = poolNotify();
        notify.beginOneTime();
        return notify.get(one)!.ua;
      },
    ],
    [
      'an ACK',
      () => {
        const ack = new AckWriter();
        ack.beginAck(Buffer.from(SECRET.repeat(40)), 100, 400, notifyFrame([]));
        return ack;
      },
    ],
    [
      'a frame that is written',
      () => {
        const writer = new FrameWriter();
        writer.begin(Buffer.from(SECRET.repeat(40)), 100, 400, 3);
        return writer;
      },
    ],
    [
      'a NOTIFY that is written',
      () => {
        const writer = new NotifyWriter();
        writer.beginNotify(Buffer.from(SECRET.repeat(40)), 100, 400, 1, 1);
        return writer;
      },
    ],
  ])('has no bytes of that memory: %s', (_, make) => {
    const object = make();
    expect(clonedText(() => structuredClone(object))).not.toContain('secret');
    expect(clonedText(() => deserialize(serialize(object)))).not.toContain('secret');
    expect(clonedText(() => ({ ...object }))).not.toContain('secret');
  });
});

describe('an array that is derived from Uint8Array', () => {
  class Liar extends Uint8Array<ArrayBuffer> {
    override get byteLength(): number {
      return 16;
    }

    override get length(): number {
      return 16;
    }
  }

  function written(act: (ack: AckWriter) => void): string {
    const ack = new AckWriter();
    const bytes = Buffer.from(SECRET.repeat(40));
    ack.beginAck(bytes, 100, 400, notifyFrame([]));
    act(ack);
    return toHex(bytes, 111, ack.end());
  }

  it('is written with its real bytes, at any length that it claims', () => {
    expect(written((ack) => ack.set(raw, Liar.of(1, 2, 3)))).toBe(`${rawPrefix}03010203`);
    const shadowed = Object.defineProperty(Uint8Array.of(4, 5), 'byteLength', { value: 100 });
    expect(written((ack) => ack.set(raw, shadowed))).toBe(`${rawPrefix}020405`);
  });

  it('is no address if it only claims to have 16 bytes', () => {
    const refused = expect.objectContaining({ code: 'SPOP_INVALID_VALUE' }) as Error;
    expect(() => written((ack) => ack.set(ip, Liar.of(1, 2, 3)))).toThrow(refused);
  });

  it('is refused if its memory was transferred', () => {
    const lost = Uint8Array.of(1, 2, 3);
    structuredClone(lost, { transfer: [lost.buffer] });
    expect(() => written((ack) => ack.set(raw, lost))).toThrow(TypeError);
  });
});

describe('memory that grows', () => {
  it('is read and written up to its new end', () => {
    const memory = new ArrayBuffer(64, { maxByteLength: 4_096 });
    const bytes = Buffer.from(memory);
    const own = notifyBytes(message('one', [['ua', '08046375726c']]));
    const reader = new FrameReader();
    const ack = new AckWriter();
    own.copy(bytes, 0);
    reader.push(bytes, 0, own.length);
    expect(reader.next()?.end).toBe(own.length);
    ack.beginAck(bytes, 40, 64, notifyFrame([]));
    ack.end();
    memory.resize(4_096);
    own.copy(bytes, 3_000);
    reader.push(bytes, 3_000, 3_000 + own.length);
    expect(reader.next()?.start).toBe(3_000);
    ack.beginAck(bytes, 4_000, 4_096, notifyFrame([]));
    ack.set(raw, Buffer.alloc(60));
    expect(ack.end()).toBe(4_000 + 11 + 8 + 1 + 60);
  });
});

describe('an invalid limit', () => {
  it.each([Number.NaN, -1, 6, 7.5, Infinity, 2 ** 31])('is refused: max-frame-size %d', (maxFrameSize) => {
    const refused = new RangeError(
      `expected maxFrameSize to be an integer from 7 to 2147483647; found ${maxFrameSize}`,
    );
    expect(() => new FrameReader({ maxFrameSize })).toThrow(refused);
    const reader = new FrameReader();
    expect(() => (reader.maxFrameSize = maxFrameSize)).toThrow(refused);
    expect(reader.maxFrameSize).toBe(16_380);
  });

  it('is refused: 40,000 names in a set', () => {
    const definitions = Array.from({ length: 40_000 }, (_, i) => defineMessage(`m${i}`, {}));
    expect(() => new MessageSet(definitions)).toThrow(new RangeError('expected at most 32767 names; found 40000'));
  });
});
