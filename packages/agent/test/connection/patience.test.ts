import { describe, expect, it } from 'vitest';
import { Patience, type Timeouts, type Waiting } from '../../src/connection/patience.ts';

const TIMEOUTS: Timeouts = { helloTimeoutMs: 100, partialFrameTimeoutMs: 50, idleTimeoutMs: 200, writeTimeoutMs: 80 };
const OPENED_AT = 1_000;

const NO_HELLO = 'no HAPROXY-HELLO within 100 ms';
const PARTIAL = 'a frame was not complete within 50 ms';
const IDLE = 'nothing came within 200 ms';

/** Why a connection is ended `afterMs` after it was opened, in the state `waiting`: greeted, whole and busy by default. */
function reasonAfter(
  afterMs: number,
  waiting: Partial<Waiting>,
  timeouts: Partial<Timeouts> = {},
  before: (patience: Patience) => void = () => {},
): string | undefined {
  const patience = new Patience({ ...TIMEOUTS, ...timeouts }, OPENED_AT);
  before(patience);
  return patience.reasonToEnd({ isNew: false, isPartial: false, isIdle: false, ...waiting }, OPENED_AT + afterMs);
}

describe('Patience', () => {
  it.each<[string, number, Partial<Waiting>, string | undefined]>([
    ['new, below helloTimeoutMs', 99, { isNew: true }, undefined],
    ['new, at helloTimeoutMs', 100, { isNew: true }, NO_HELLO],
    ['new and partial, between both', 50, { isNew: true, isPartial: true }, PARTIAL],
    ['new and partial, after both', 100, { isNew: true, isPartial: true }, NO_HELLO],
    ['partial, below partialFrameTimeoutMs', 49, { isPartial: true, isIdle: true }, undefined],
    ['partial, at partialFrameTimeoutMs', 50, { isPartial: true, isIdle: true }, PARTIAL],
    ['idle, below idleTimeoutMs', 199, { isIdle: true }, undefined],
    ['idle, at idleTimeoutMs', 200, { isIdle: true }, IDLE],
    ['busy', 100_000, {}, undefined],
  ])('for a connection that is %s, after %i ms, %o, gives the reason %s', (_, afterMs, waiting, reason) => {
    expect(reasonAfter(afterMs, waiting)).toBe(reason);
  });

  it.each<[Partial<Timeouts>, string | undefined]>([
    [{ helloTimeoutMs: 0 }, PARTIAL],
    [{ helloTimeoutMs: 0, partialFrameTimeoutMs: 0 }, IDLE],
    [{ helloTimeoutMs: 0, partialFrameTimeoutMs: 0, idleTimeoutMs: 0 }, undefined],
  ])('applies the next timeout if one is off: %o', (timeouts, reason) => {
    expect(reasonAfter(100_000, { isNew: true, isPartial: true, isIdle: true }, timeouts)).toBe(reason);
  });

  it('counts idleTimeoutMs from the last activity', () => {
    const active = (patience: Patience): void => patience.noteActivity(OPENED_AT + 150);
    expect(reasonAfter(349, { isIdle: true }, {}, active)).toBeUndefined();
    expect(reasonAfter(350, { isIdle: true }, {}, active)).toBe(IDLE);
  });

  it('counts helloTimeoutMs from the beginning, whatever was received', () => {
    const active = (patience: Patience): void => patience.noteActivity(OPENED_AT + 99);
    expect(reasonAfter(100, { isNew: true }, {}, active)).toBe(NO_HELLO);
  });

  it('counts partialFrameTimeoutMs from the bytes that began the frame, not from later ones', () => {
    const begun = (patience: Patience): void => {
      patience.noteActivity(OPENED_AT + 100);
      patience.notePartial();
      expect(patience.partialAt).toBe(OPENED_AT + 100);
      patience.noteActivity(OPENED_AT + 140);
    };
    expect(reasonAfter(149, { isPartial: true }, {}, begun)).toBeUndefined();
    expect(reasonAfter(150, { isPartial: true }, {}, begun)).toBe(PARTIAL);
  });

  it('does not count the time in which the connection was not read, but counts the time before', () => {
    const paused = (patience: Patience): void => {
      patience.notePartial();
      patience.notePause(OPENED_AT + 40);
      patience.noteResume(OPENED_AT + 1_040);
    };
    expect(reasonAfter(1_049, { isPartial: true, isIdle: true }, {}, paused)).toBeUndefined();
    expect(reasonAfter(1_050, { isPartial: true, isIdle: true }, {}, paused)).toBe(PARTIAL);
    expect(reasonAfter(1_239, { isIdle: true }, {}, paused)).toBeUndefined();
    expect(reasonAfter(1_240, { isIdle: true }, {}, paused)).toBe(IDLE);
  });
});

describe('Patience › hasStalled', () => {
  /** The result at each of `looks`: ms since the beginning, whether bytes wait, and the peer's progress. */
  function stalledAt(looks: readonly (readonly [number, boolean, number])[], writeTimeoutMs: number = 80): boolean[] {
    const patience = new Patience({ ...TIMEOUTS, writeTimeoutMs }, OPENED_AT);
    return looks.map(([ms, isWaiting, progress]) => patience.hasStalled({ isWaiting, progress }, OPENED_AT + ms));
  }

  it.each<[string, [number, boolean, number][], boolean[]]>([
    [
      'nothing waits',
      [
        [0, false, 0],
        [1_000, false, 0],
      ],
      [false, false],
    ],
    [
      'bytes wait, below and at writeTimeoutMs',
      [
        [1_000, true, 7],
        [1_079, true, 7],
        [1_080, true, 7],
      ],
      [false, false, true],
    ],
    [
      'the peer has never taken a byte',
      [
        [0, true, 0],
        [79, true, 0],
        [80, true, 0],
      ],
      [false, false, true],
    ],
    [
      'the peer takes a byte',
      [
        [0, true, 7],
        [79, true, 8],
        [158, true, 8],
        [159, true, 8],
      ],
      [false, false, false, true],
    ],
    [
      'the socket reports the bytes left',
      [
        [0, true, 7],
        [79, true, 6],
        [159, true, 6],
      ],
      [false, false, true],
    ],
    [
      'the peer takes all, and bytes wait again',
      [
        [0, true, 7],
        [79, false, 9],
        [90, true, 9],
        [169, true, 9],
      ],
      [false, false, false, false],
    ],
  ])('is right when %s', (_, looks, expected) => {
    expect(stalledAt(looks)).toEqual(expected);
  });

  it('is never true if writeTimeoutMs is 0', () => {
    expect(
      stalledAt(
        [
          [0, true, 7],
          [1_000_000, true, 7],
        ],
        0,
      ),
    ).toEqual([false, false]);
  });
});
