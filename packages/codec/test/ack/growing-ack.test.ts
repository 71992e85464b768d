import { describe, expect, it } from 'vitest';
import {
  ActionReader,
  type Actions,
  address,
  binary,
  bool,
  defineVariable,
  Frame,
  int32,
  int64,
  string,
} from '../../src/index.ts';
import { type AckRoom, InternalAckWriter } from '../../src/internal.ts';
import { message, notifyFrame, thrown, toHex, valueOf } from '../bytes.ts';

const CANARY = 0xee;
const notify = notifyFrame([message('m')]);
const label = defineVariable('txn', 'label', string);
const raw = defineVariable('txn', 'raw', binary);
const score = defineVariable('sess', 'score', int32);
const wide = defineVariable('sess', 'wide', int64);
const flag = defineVariable('sess', 'flag', bool);
const ip = defineVariable('sess', 'ip', address);

/** Memory that is as large as needed, and never larger. */
class Room implements AckRoom {
  readonly sizes: number[] = [];
  readonly maxAckBytes: number;

  constructor(maxAckBytes: number) {
    this.maxAckBytes = maxAckBytes;
  }

  moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer {
    this.sizes.push(size);
    const target = Buffer.alloc(size, CANARY);
    bytes.copy(target, 0, start, end);
    // The old memory may be used by others.
    bytes.fill(CANARY, start, end);
    return target;
  }
}

/** An ACK with `free` bytes left in its memory, between 7 bytes of others and 7 more. */
function begin(free: number, maxAckBytes: number): { ack: InternalAckWriter; room: Room; bytes: Buffer } {
  const bytes = Buffer.alloc(7 + 11 + free + 7, CANARY);
  const ack = new InternalAckWriter();
  const room = new Room(maxAckBytes);
  ack.beginAck(bytes, 7, bytes.length - 7, notify);
  ack.mayGrow(room);
  return { ack, room, bytes };
}

/** The bytes that the actions give in memory that is large enough. */
function expected(act: (ack: Actions) => void): string {
  const ack = new InternalAckWriter();
  const bytes = Buffer.alloc(100_000);
  ack.beginAck(bytes, 0, bytes.length, notify);
  act(ack);
  return toHex(bytes, 0, ack.end());
}

function endOf(ack: InternalAckWriter): string {
  const target = Buffer.alloc(100_000, CANARY);
  const length = ack.endTo(target, 5);
  return toHex(target, 5, 5 + length);
}

const textView = valueOf(`0805${Buffer.from('views').toString('hex')}`);
const bytesView = valueOf(`09c8${'ab'.repeat(200)}`);
const addressView = valueOf('06c0000201');
const ipv6View = valueOf('0720010db8000000000000000000000001');

const acts: readonly (readonly [string, (ack: Actions) => void])[] = [
  ['nothing', () => {}],
  ['a text', (ack) => void ack.set(label, 'text')],
  ['a long text', (ack) => void ack.set(label, 'é'.repeat(500))],
  ['bytes', (ack) => void ack.set(raw, Buffer.alloc(3_000, 0xab))],
  ['a view of text', (ack) => void ack.set(label, textView)],
  ['a view of bytes', (ack) => void ack.set(raw, bytesView)],
  ['a view of an IPv4 address', (ack) => void ack.set(ip, addressView)],
  ['a view of an IPv6 address', (ack) => void ack.set(ip, ipv6View)],
  ['a small integer', (ack) => void ack.set(score, 100)],
  ['a negative integer', (ack) => void ack.set(wide, -1n)],
  ['a boolean', (ack) => void ack.set(flag, true)],
  ['an address as text', (ack) => void ack.set(ip, '2001:db8::1')],
  ['NULL', (ack) => void ack.setNull(label)],
  ['an unset', (ack) => void ack.unset(label)],
  [
    'much, after a reset',
    (ack) => {
      ack.set(raw, Buffer.alloc(300)).reset();
      for (let i = 0; i < 100; i++) ack.set(score, i).unset(label).setNull(label).set(label, `${i}`);
    },
  ],
];

describe('an ACK that may grow beyond its memory', () => {
  it.each(acts)('is written as it would be in enough memory: %s', (_, act) => {
    for (let free = 1; free < 60; free++) {
      const { ack, bytes } = begin(free, 60_000);
      act(ack);
      expect([free, endOf(ack)]).toEqual([free, expected(act)]);
      expect(toHex(bytes, 0, 7) + toHex(bytes, bytes.length - 7)).toBe('ee'.repeat(14));
    }
  });

  it.each(acts)('takes its maximum of bytes, and not one more: %s', (_, act) => {
    const length = expected(act).length / 2;
    const { ack, room } = begin(1, length);
    act(ack);
    expect(Math.max(0, ...room.sizes)).toBeLessThanOrEqual(length);
    expect(endOf(ack)).toBe(expected(act));
  });

  it('refuses actions beyond the maximum, and leaves the ACK as it was', () => {
    const { ack } = begin(1, 400);
    ack.set(score, 1);
    const before = ack.remainingBytes;
    expect(before).toBe(400 - 11 - 11);
    expect(thrown(() => ack.set(raw, Buffer.alloc(before)))).toMatchObject({
      code: 'SPOP_FRAME_FULL',
      reason: expect.stringMatching(`^expected at most ${before - 7} more bytes`) as string,
    });
    for (let i = 0; i < 60; i++) {
      const left = ack.remainingBytes;
      if (left < 12) break;
      ack.set(score, 1);
    }
    const full = ack.remainingBytes;
    for (const act of [
      (): unknown => ack.set(label, 'a text that is too long'),
      (): unknown => ack.set(raw, Buffer.alloc(400)),
      (): unknown => ack.setNull(label),
      (): unknown => ack.set(wide, 2n ** 62n),
    ]) {
      expect(thrown(act).code).toBe('SPOP_FRAME_FULL');
      expect(ack.remainingBytes).toBe(full);
    }
    const frame = new Frame();
    const bytes = Buffer.from(endOf(ack), 'hex');
    frame.read(bytes, 0, bytes.length);
    const actions = new ActionReader();
    actions.read(frame);
    let count = 0;
    while (actions.next()) count++;
    expect(count).toBeGreaterThan(30);
  });

  it('throws SPOP_VIEW_CLOSED once it is ended, and requests no memory', () => {
    const { ack, room } = begin(1, 400);
    ack.end();
    for (const [name, act] of acts.slice(1))
      expect([name, thrown(() => act(ack)).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    expect(room.sizes).toEqual([]);
  });

  it('refuses wrong values as any ACK does', () => {
    const { ack } = begin(1, 4_000);
    expect(thrown(() => ack.set(score, 1.5)).code).toBe('SPOP_INVALID_VALUE');
    expect(thrown(() => Reflect.apply(ack.set, ack, [label, 7])).code).toBe('SPOP_INVALID_VALUE');
    expect(thrown(() => ack.set(ip, 'no address')).code).toBe('SPOP_INVALID_VALUE');
    expect(endOf(ack)).toBe(expected(() => {}));
  });

  it('does not grow if the next one on the same writer may not', () => {
    const { ack, room } = begin(1, 4_000);
    ack.end();
    ack.beginAck(Buffer.alloc(40), 0, 40, notify);
    expect(thrown(() => ack.set(raw, Buffer.alloc(40))).code).toBe('SPOP_FRAME_FULL');
    expect(room.sizes).toEqual([]);
  });

  it('keeps to its maximum if its memory is larger', () => {
    const { ack } = begin(500, 50);
    expect(ack.remainingBytes).toBe(39);
    expect(thrown(() => ack.set(raw, Buffer.alloc(40))).code).toBe('SPOP_FRAME_FULL');
  });
});
