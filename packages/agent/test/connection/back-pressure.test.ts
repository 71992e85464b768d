import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BackPressure } from '../../src/connection/back-pressure.ts';

/** A connection that notes what is done to it, and can be set as a test needs it. */
function setup() {
  const calls: string[] = [];
  const connection = {
    stream: { destroyed: false, pause: () => calls.push('pause'), resume: () => calls.push('resume') },
    output: { isBlocked: false },
    session: {
      isFull: false,
      isOver: false,
      isLeavingSoon: false,
      describe: () => ({ id: 1, remote: undefined, engineId: undefined }),
    },
    keepUnread: () => void calls.push('keep'),
    readKept: (): void => void calls.push('read kept'),
    onCaughtUp: () => void calls.push('caught up'),
  };
  const room = {
    inFlight: {
      awaitRoom: () => void calls.push('await room'),
      stopWaiting: () => void calls.push('stop waiting'),
      resumeWaiting: () => void calls.push('resume others'),
    },
    hooks: { emit: (name: string, info: { readonly reason: string }) => void calls.push(`${name}: ${info.reason}`) },
  };
  const pressure = new BackPressure(room, connection);
  /** What was called since the last time. */
  const taken = (): string[] => calls.splice(0);
  return { connection, pressure, taken };
}

describe('BackPressure › pause', () => {
  it.each([
    ['is full', { isFull: true }, false, ['overload: too many NOTIFYs are in flight']],
    ['is blocked', {}, true, ['overload: the peer does not read its ACKs']],
    ['is blocked and leaving soon', { isLeavingSoon: true }, true, ['overload: the peer does not read its ACKs']],
    ['is leaving soon', { isLeavingSoon: true }, false, []],
  ])('keeps what is unread and reports why, where the connection %s', (_, session, isBlocked, reports) => {
    const { connection, pressure, taken } = setup();
    Object.assign(connection.session, session);
    connection.output.isBlocked = isBlocked;
    pressure.pause();
    expect(taken()).toEqual(['keep', 'pause', 'await room', ...reports]);
    expect({ isPaused: pressure.isPaused, wasHeldBack: pressure.wasHeldBack }).toEqual({
      isPaused: true,
      wasHeldBack: true,
    });
    expect(pressure.waitsForRoom).toBe(!isBlocked);
  });

  it('does nothing a second time, or once the session is over', () => {
    const { pressure, taken } = setup();
    pressure.pause();
    taken();
    pressure.pause();
    expect(taken()).toEqual([]);
    const other = setup();
    other.connection.session.isOver = true;
    other.pressure.pause();
    expect([other.taken(), other.pressure.isPaused]).toEqual([[], false]);
  });
});

describe('BackPressure › mayResume', () => {
  it('reads what was kept in a turn of its own, then on, and forgets two turns later that it was held back', async () => {
    const { pressure, taken } = setup();
    pressure.pause();
    taken();
    expect([pressure.mayResume(), pressure.mayResume()]).toEqual([true, true]);
    expect(taken()).toEqual([]);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(taken()).toEqual(['read kept', 'resume', 'resume others']);
    expect({ isPaused: pressure.isPaused, wasHeldBack: pressure.wasHeldBack }).toEqual({
      isPaused: false,
      wasHeldBack: true,
    });
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(taken()).toEqual(['caught up']);
    expect(pressure.wasHeldBack).toBe(false);
  });

  it.each([
    ['the session is full', { isFull: true }, false, false],
    ['the peer does not read', {}, true, false],
    ['the session is over, though the peer does not read', { isOver: true }, true, true],
  ])('where %s', (_, session, isBlocked, expected) => {
    const { connection, pressure, taken } = setup();
    pressure.pause();
    taken();
    Object.assign(connection.session, session);
    connection.output.isBlocked = isBlocked;
    expect(pressure.mayResume()).toBe(expected);
    expect(taken()).toEqual(expected ? [] : ['await room']);
  });

  it('is false where nothing was paused', () => {
    const { pressure, taken } = setup();
    expect(pressure.mayResume()).toBe(false);
    expect(taken()).toEqual([]);
  });

  it.each([
    ['waits on where there is no room any more', { isFull: true }, false, ['await room', 'resume others'], true],
    ['lets others read where its stream is gone', {}, true, ['resume others'], true],
  ])('%s by the time that it would read', async (_, session, destroyed, calls, isPaused) => {
    const { connection, pressure, taken } = setup();
    pressure.pause();
    pressure.mayResume();
    taken();
    Object.assign(connection.session, session);
    connection.stream.destroyed = destroyed;
    await nextTurn();
    expect(taken()).toEqual(calls);
    expect(pressure.isPaused).toBe(isPaused);
  });

  it('does not read on where what was kept pauses it again', async () => {
    const { connection, pressure, taken } = setup();
    connection.readKept = () => pressure.pause();
    pressure.pause();
    pressure.mayResume();
    taken();
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(taken()).toEqual([
      'keep',
      'pause',
      'await room',
      'overload: too many NOTIFYs are in flight',
      'resume others',
    ]);
    expect(pressure.wasHeldBack).toBe(true);
  });
});
