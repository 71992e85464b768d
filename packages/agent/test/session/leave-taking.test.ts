import { describe, expect, it } from 'vitest';
import { LeaveTaking, type Leaver } from '../../src/session/leave-taking.ts';

/** The state of a session, and the calls of its LeaveTaking before the end. */
interface Situation extends Partial<Omit<Leaver, 'endNormally'>> {
  readonly isAnswered?: boolean;
  readonly isHurried?: boolean;
  readonly isStopped?: boolean;
  /** The number of bytes received at the last gap, of 100 in all; undefined without a gap. */
  readonly gapAt?: number;
}

/** Whether `act` ends a session in that situation; by default it is draining, pipelined, quiet and answered. */
function ends(act: (leaveTaking: LeaveTaking) => void, situation: Situation): boolean {
  const { isAnswered = true, isHurried = false, isStopped = false, gapAt, ...given } = situation;
  let endCount = 0;
  const leaver = {
    state: 'draining' as Leaver['state'],
    isPipelined: true,
    isBusy: false,
    isAmidFrame: false,
    wasHeldBack: false,
    bytesRead: gapAt ?? 100,
    endNormally: () => void endCount++,
    ...given,
  };
  const leaveTaking = new LeaveTaking(leaver);
  if (isAnswered) leaveTaking.noteAnswer();
  if (isHurried) leaveTaking.hurry();
  if (isStopped) leaveTaking.stopReading();
  if (gapAt !== undefined) leaveTaking.noteGap();
  leaver.bytesRead = 100;
  act(leaveTaking);
  return endCount === 1;
}

describe('LeaveTaking › endWithAck', () => {
  it.each<[string, Situation, boolean]>([
    ['without pipelining, after an ACK', { isPipelined: false }, true],
    ['without pipelining, before any ACK', { isPipelined: false, isAnswered: false }, false],
    ['without pipelining, while another NOTIFY is handled', { isPipelined: false, isBusy: true }, false],
    ['without pipelining, amid a frame', { isPipelined: false, isAmidFrame: true }, false],
    ['without pipelining, held back', { isPipelined: false, wasHeldBack: true }, true],
    ['with pipelining, after an ACK', {}, false],
    ['with pipelining, after a gap', { gapAt: 100 }, true],
    ['with pipelining, after bytes since the gap', { gapAt: 99 }, false],
    ['with pipelining, after a gap, before any ACK', { gapAt: 100, isAnswered: false }, false],
    ['with pipelining, after a gap, while another NOTIFY is handled', { gapAt: 100, isBusy: true }, false],
    ['with pipelining, after a gap, held back', { gapAt: 100, wasHeldBack: true }, false],
    ['with pipelining, hurried', { isHurried: true }, true],
    ['with pipelining, hurried, amid a frame', { isHurried: true, isAmidFrame: true }, false],
    ['with pipelining, hurried, held back', { isHurried: true, wasHeldBack: true }, false],
    ['hurried, stopped, amid a frame', { isHurried: true, isStopped: true, isAmidFrame: true }, true],
    ['hurried, stopped, held back', { isHurried: true, isStopped: true, wasHeldBack: true }, true],
    ['hurried, stopped, while a NOTIFY is handled', { isHurried: true, isStopped: true, isBusy: true }, false],
    ['hurried, in the state ready', { isHurried: true, state: 'ready' }, false],
    ['hurried, before the handshake', { isHurried: true, state: 'awaiting-hello' }, false],
    ['hurried, in the state leaving', { isHurried: true, state: 'leaving' }, false],
    ['hurried, in the state closed', { isHurried: true, state: 'closed' }, false],
  ])('%s: %o ends the session: %o', (_, situation, expected) => {
    expect(ends((leaveTaking) => leaveTaking.endWithAck(), situation)).toBe(expected);
  });
});

describe('LeaveTaking › endIfIdle', () => {
  it.each<[string, Situation, boolean]>([
    ['draining', {}, true],
    ['draining, before any ACK', { isAnswered: false }, true],
    ['draining, while a NOTIFY is handled', { isBusy: true }, false],
    ['draining, amid a frame', { isAmidFrame: true }, false],
    ['draining, held back', { wasHeldBack: true }, false],
    ['stopped, held back amid a frame', { isStopped: true, isAmidFrame: true, wasHeldBack: true }, true],
    ['before the handshake', { state: 'awaiting-hello' }, true],
    ['before the handshake, amid the HELLO', { state: 'awaiting-hello', isAmidFrame: true }, true],
    ['before the handshake, held back', { state: 'awaiting-hello', wasHeldBack: true }, true],
    ['ready', { state: 'ready' }, false],
    ['leaving', { state: 'leaving' }, false],
    ['closed', { state: 'closed' }, false],
  ])('%s: %o ends the session: %o', (_, situation, expected) => {
    expect(ends((leaveTaking) => leaveTaking.endIfIdle(), situation)).toBe(expected);
  });
});
