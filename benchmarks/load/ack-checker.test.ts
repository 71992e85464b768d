import { describe, expect, it } from 'vitest';
import { AckChecker } from './ack-checker.ts';
import { traffic } from './traffic.ts';
import { frame, kvList, text, typed } from './wire.ts';

const variants = traffic('tiny');

function ack(streamId: number, score: number, frameId = 1, flags = 1): Buffer {
  const action = Buffer.concat([Buffer.from([1, 3, 1]), text('ip_score'), typed.int64(score)]);
  return frame(103, streamId, frameId, action, flags);
}

function greeted(): AckChecker {
  const checker = new AckChecker(variants);
  const pairs = [
    ['version', typed.string('2.0')],
    ['max-frame-size', typed.uint32(16_380)],
    ['capabilities', typed.string('pipelining')],
  ] as const;
  checker.push(frame(101, 0, 0, kvList(pairs)), 1);
  checker.sending(3, 1);
  return checker;
}

const scores = variants.map((variant) => variant.expected);
const [first = -1, second = -1, third = -1] = scores;

describe('AckChecker', () => {
  it('takes right ACKs in any order and split anywhere', () => {
    const checker = greeted();
    const bytes = Buffer.concat([ack(5, third), ack(1, first), ack(3, second)]);
    for (const byte of bytes) checker.push(Buffer.from([byte]), 2);
    expect(checker).toMatchObject({ acked: 3, error: undefined, pipelining: true });
  });

  it.each([
    ['another stream-id', ack(7, first)],
    ['an even stream-id', ack(2, first)],
    ['another frame-id', ack(1, first, 2)],
    ['the value of another NOTIFY', ack(1, second)],
    ['no FIN', ack(1, first, 1, 0)],
    ['an ACK that comes twice', Buffer.concat([ack(1, first), ack(1, first)])],
    ['no action', frame(103, 1, 1, Buffer.from([0]))],
    ['bytes behind the action', frame(103, 1, 1, Buffer.concat([ack(1, first).subarray(11), Buffer.from([0])]))],
    ['AGENT-DISCONNECT', frame(102, 0, 0, kvList([['status-code', typed.uint32(4)]]))],
    ['a length above max-frame-size', Buffer.from('7fffffff', 'hex')],
  ])('refuses %s', (_, bytes) => {
    const checker = greeted();
    checker.push(bytes, 2);
    expect(checker.error).toBeTypeOf('string');
  });

  it('has room for as many as are free in its ring', () => {
    const checker = greeted();
    expect(checker.room(100)).toBe(100);
    checker.sending(65_533, 1);
    expect(checker.room(100)).toBe(0);
    checker.push(ack(1, first), 2);
    expect(checker.room(100)).toBe(1);
  });
});
