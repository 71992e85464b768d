import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { BackPressure } from '../../src/connection/back-pressure.ts';
import { resolveOptions } from '../../src/options.ts';

/** A connection that records the calls of its methods, and whose state a test can set. */
function setup() {
  const calls: string[] = [];
  const connection = {
    stream: { destroyed: false, pause: () => calls.push('pause'), resume: () => calls.push('resume') },
    output: { isBlocked: false },
    session: {
      isFull: false,
      reachedLimit: undefined,
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
    turn: {
      usedUp: false,
      isUsedUp: (): boolean => room.turn.usedUp,
      wait: () => void calls.push('await turn'),
      stopWaiting: () => void calls.push('stop awaiting turn'),
    },
    hooks: { emit: (name: string, info: { readonly limit: string }) => void calls.push(`${name}: ${info.limit}`) },
    options: resolveOptions({}),
  };
  const pressure = new BackPressure(room, connection);
  /** The calls since the last time. */
  const taken = (): string[] => calls.splice(0);
  return { connection, pressure, room, taken };
}

describe('BackPressure › pause', () => {
  it.each([
    ['is full', { isFull: true, reachedLimit: 'maxInFlight' }, false, ['overload: maxInFlight']],
    ['is blocked', {}, true, ['overload: output']],
    ['is blocked and leaving soon', { isLeavingSoon: true }, true, ['overload: output']],
    ['is leaving soon', { isLeavingSoon: true }, false, []],
  ])('keeps the unread bytes and reports why, if the connection %s', (_, session, isBlocked, reports) => {
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
  it('reads the kept bytes in a new turn, then on, and clears wasHeldBack two turns later', async () => {
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
  ])('when %s (%o, isBlocked %s) is %s', (_, session, isBlocked, expected) => {
    const { connection, pressure, taken } = setup();
    pressure.pause();
    taken();
    Object.assign(connection.session, session);
    connection.output.isBlocked = isBlocked;
    expect(pressure.mayResume()).toBe(expected);
    expect(taken()).toEqual(expected ? [] : ['await room']);
  });

  it('is false if nothing was paused', () => {
    const { pressure, taken } = setup();
    expect(pressure.mayResume()).toBe(false);
    expect(taken()).toEqual([]);
  });

  it.each([
    ['waits on if there is no room any more', { isFull: true }, false, ['await room', 'resume others'], true],
    ['lets others read if its stream is gone', {}, true, ['resume others'], true],
  ])('%s when it would read', async (_, session, destroyed, calls, isPaused) => {
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

  it('does not read on if the kept bytes pause it again', async () => {
    const { connection, pressure, taken } = setup();
    connection.readKept = () => pressure.pause();
    pressure.pause();
    pressure.mayResume();
    taken();
    await nextTurn();
    await nextTurn();
    await nextTurn();
    expect(taken()).toEqual(['keep', 'pause', 'await room', 'overload: output', 'resume others']);
    expect(pressure.wasHeldBack).toBe(true);
  });
});

describe('BackPressure › cutShort', () => {
  it('keeps the unread bytes and waits for its turn, and reports nothing', () => {
    const { pressure, taken } = setup();
    pressure.cutShort();
    pressure.cutShort();
    expect(taken()).toEqual(['keep', 'pause', 'await turn']);
    expect([pressure.isPaused, pressure.wasHeldBack, pressure.waitsForRoom]).toEqual([true, true, true]);
  });

  it('does nothing once the session is over, or if reading is paused already', () => {
    const { connection, pressure, taken } = setup();
    connection.session.isOver = true;
    pressure.cutShort();
    expect([taken(), pressure.isPaused]).toEqual([[], false]);
    const other = setup();
    other.pressure.pause();
    other.taken();
    other.pressure.cutShort();
    expect(other.taken()).toEqual([]);
  });

  it('goes on when it is its turn, not when there is room', () => {
    const { pressure, taken } = setup();
    pressure.cutShort();
    taken();
    expect([pressure.mayResume(), taken()]).toEqual([false, []]);
    pressure.takeTurn();
    expect(taken()).toEqual(['read kept', 'resume', 'resume others']);
    expect(pressure.isPaused).toBe(false);
    pressure.takeTurn();
    expect(taken()).toEqual([]);
  });

  it.each([
    ['is full', { isFull: true, reachedLimit: 'maxInFlight' }, false, 'overload: maxInFlight'],
    ['is blocked', {}, true, 'overload: output'],
  ])('waits for room, and reports why, if the connection %s when its turn comes', (_, session, blocked, report) => {
    const { connection, pressure, taken } = setup();
    pressure.cutShort();
    taken();
    Object.assign(connection.session, session);
    connection.output.isBlocked = blocked;
    pressure.takeTurn();
    expect(taken()).toEqual(['await room', report]);
    Object.assign(connection.session, { isFull: false });
    connection.output.isBlocked = false;
    expect(pressure.mayResume()).toBe(true);
  });

  it('ends without its turn if the session is over', async () => {
    const { connection, pressure, taken } = setup();
    pressure.cutShort();
    taken();
    connection.session.isOver = true;
    expect(pressure.mayResume()).toBe(true);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(taken()).toEqual(['read kept', 'resume', 'resume others']);
    pressure.takeTurn();
    expect(taken()).toEqual([]);
  });

  it('has priority over a resume for room while others must be read', async () => {
    const { pressure, room, taken } = setup();
    pressure.pause();
    taken();
    room.turn.usedUp = true;
    expect(pressure.mayResume()).toBe(true);
    await new Promise<void>((resolve) => process.nextTick(resolve));
    expect(taken()).toEqual(['await turn', 'resume others']);
    expect(pressure.isPaused).toBe(true);
    pressure.takeTurn();
    expect(taken()).toEqual(['read kept', 'resume', 'resume others']);
  });

  it('counts as held back until two turns after it last read on, not after an earlier time', async () => {
    const { pressure, taken } = setup();
    pressure.cutShort();
    pressure.takeTurn();
    await nextTurn();
    pressure.cutShort();
    pressure.takeTurn();
    taken();
    await nextTurn();
    expect(pressure.wasHeldBack).toBe(true);
    await nextTurn();
    await nextTurn();
    expect([pressure.wasHeldBack, taken()]).toEqual([false, ['caught up']]);
  });

  it('waits for nothing once it is closed', () => {
    const { pressure, taken } = setup();
    pressure.cutShort();
    taken();
    pressure.close();
    expect(taken()).toEqual(['stop waiting', 'stop awaiting turn']);
  });
});
