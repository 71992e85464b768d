import { describe, expect, it } from 'vitest';
import { type Actions, defineVariable, int32, string } from '../../src/index.ts';
import { type AckRoom, InternalAckWriter } from '../../src/internal.ts';
import { message, notifyFrame, thrown, toHex } from '../bytes.ts';

const notify = notifyFrame([message('m')]);
/** Both ids of `notify` have one byte. */
const HEAD_BYTES = 4 + 5 + 2;
const label = defineVariable('txn', 'label', string);
const score = defineVariable('sess', 'score', int32);

/** Memory that is as large as needed, and never larger. */
function room(maxAckBytes: number): AckRoom {
  return {
    maxAckBytes,
    moveAck(bytes: Buffer, start: number, end: number, size: number): Buffer {
      return Buffer.concat([bytes.subarray(start, end)], size);
    },
  };
}

function begin(free: number, maxAckBytes?: number): InternalAckWriter {
  const ack = new InternalAckWriter();
  const bytes = Buffer.alloc(3 + HEAD_BYTES + free + 3, 0xee);
  ack.beginAck(bytes, 3, bytes.length - 3, notify);
  if (maxAckBytes !== undefined) ack.mayGrow(room(maxAckBytes));
  return ack;
}

function actionsOf(...acts: readonly ((actions: Actions) => void)[]): InternalAckWriter {
  const actions = new InternalAckWriter();
  actions.beginActions(room(10_000));
  for (const act of acts) act(actions);
  return actions;
}

function endOf(ack: InternalAckWriter): string {
  const target = Buffer.alloc(20_000);
  return toHex(target, 0, ack.endTo(target, 0));
}

const setLabel = (actions: Actions): void => void actions.set(label, 'x'.repeat(40));
const setScore = (actions: Actions): void => void actions.set(score, 7);

describe('actions that an ACK takes', () => {
  it('stand after its own as if they had been written there, whatever room it has', () => {
    const written = begin(200);
    setScore(written);
    setLabel(written);
    setScore(written);
    const expected = endOf(written);
    const size = expected.length / 2 - HEAD_BYTES;
    for (let free = 1; free <= size + 3; free++) {
      const ack = begin(free, 1_000);
      setScore(ack);
      const ownEnd = ack.byteLength - HEAD_BYTES;
      expect(ack.takeActions(actionsOf(setLabel, setScore))).toBe(size - ownEnd);
      expect([free, endOf(ack)]).toEqual([free, expected]);
    }
  });

  it('are taken once', () => {
    const actions = actionsOf(setLabel);
    const ack = begin(1, 1_000);
    const size = ack.takeActions(actions);
    expect([size > 40, ack.takeActions(actions)]).toEqual([true, 0]);
    setScore(actions);
    expect(ack.takeActions(actions)).toBe(actionsOf(setScore).byteLength);
  });

  it('may fill it to its maximum, and not exceed it by a byte', () => {
    const { byteLength: size } = actionsOf(setLabel);
    const full = begin(1, HEAD_BYTES + size);
    expect([full.takeActions(actionsOf(setLabel)), full.remainingBytes]).toEqual([size, 0]);
    const short = begin(1, HEAD_BYTES + size - 1);
    const error = thrown(() => short.takeActions(actionsOf(setLabel)));
    expect([error.code, short.byteLength]).toEqual(['SPOP_FRAME_FULL', HEAD_BYTES]);
    expect(error.reason).toMatch(`expected at most ${size - 1} more bytes`);
  });

  it('fill the memory of one that may not grow', () => {
    const { byteLength: size } = actionsOf(setLabel);
    expect(begin(size).takeActions(actionsOf(setLabel))).toBe(size);
    expect(thrown(() => begin(size - 1).takeActions(actionsOf(setLabel))).code).toBe('SPOP_FRAME_FULL');
  });

  it('are those from an offset on, and reset() drops these alone', () => {
    const actions = actionsOf(setScore);
    const { byteLength: size } = actions;
    expect(actions.actionsOffset).toBe(0);
    actions.beginActionsAt(size);
    expect(actions.actionsOffset).toBe(size);
    setLabel(actions);
    const ack = begin(1, 1_000);
    expect(ack.actionsOffset).toBe(HEAD_BYTES);
    expect(ack.takeActions(actions)).toBe(actionsOf(setLabel).byteLength);
    setLabel(actions);
    actions.reset();
    expect(actions.byteLength).toBe(size);
  });

  it('are refused by an ACK that is ended', () => {
    const ack = begin(100, 1_000);
    ack.end();
    const actions = actionsOf(setLabel);
    expect(thrown(() => ack.takeActions(actions)).code).toBe('SPOP_VIEW_CLOSED');
    expect(actions.byteLength).toBe(actionsOf(setLabel).byteLength);
  });
});
