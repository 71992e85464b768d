import { ErrorStatus, SpopError, type SpopErrorCode } from '@spop/codec';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventLog } from '../../src/observe/event-log.ts';
import { connection, recorder, report } from './log-recorder.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('EventLog', () => {
  it('writes at most 20 lines with numbers of others in a second, and the rest of them later', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const end = { connection, reason: 'x', bytesRead: 0, bytesWritten: 0, frames: 0 };
    const report100 = (): void => {
      for (const status of [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13])
        report(log, 'disconnect', { ...end, status });
      for (const code of Object.keys(ErrorStatus) as SpopErrorCode[]) {
        report(log, 'protocolError', { connection, error: Object.assign(new SpopError(code, 'x'), { stack: '' }) });
      }
    };
    for (let round = 0; round < 4; round++) report100();
    expect(lines).toHaveLength(80);
    log.flush();
    expect(lines).toHaveLength(100);
    vi.advanceTimersByTime(10_000);
    expect(lines.length).toBeGreaterThan(100);
    // Without room for its line, nothing of an event is made.
    for (let round = 0; round < 4; round++) report100();
    const make = vi.fn(() => ({ connection }));
    log.report('connect', make);
    expect(make).not.toHaveBeenCalled();
  });

  it('puts the name of the agent after that of the event, on each line', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger, 'bouncer');
    report(log, 'eventLoopBlocked', { blockedMs: 120 });
    log.note('info', { event: 'listening' }, 'listening for HAProxy');
    for (let i = 0; i < 10; i++) report(log, 'eventLoopBlocked', { blockedMs: 120 });
    log.flush();
    expect(Object.keys(lines[0]![1])).toEqual(['event', 'agent', 'blockedMs']);
    expect(lines.map(([, details]) => Reflect.get(details, 'agent') as unknown)).toEqual(lines.map(() => 'bouncer'));
    expect(lines.slice(1).map(([, details]) => Reflect.get(details, 'event') as unknown)).toContain('repeated');
  });

  it('has no field for the name of an agent without one', () => {
    const { logger, lines } = recorder();
    report(new EventLog(logger), 'eventLoopBlocked', { blockedMs: 120 });
    expect(Object.keys(lines[0]![1])).toEqual(['event', 'blockedMs']);
  });

  it('shortens an error whose stack alone is very long', () => {
    const { logger, lines } = recorder();
    const error = new Error('deep');
    error.stack = `Error: deep${'\n    at a (/a.js:1:2)'.repeat(1_000)}`;
    report(new EventLog(logger), 'transportError', { connection, error });
    expect(Reflect.get(lines[0]![1], 'err')).toMatchObject({
      message: 'deep',
      stack: `Error: deep${'\n    at a (/a.js:1:2)'.repeat(10)}`,
    });
  });

  it('warns of a logger whose promise rejects', async () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { logger } = recorder();
    const info: unknown = () => Promise.reject(new Error('disk full'));
    Reflect.set(logger, 'info', info);
    report(new EventLog(logger), 'connect', { connection });
    await vi.advanceTimersByTimeAsync(0);
    expect(emitted.mock.calls).toEqual([
      ["The logger's 'info' threw: Error: disk full", { code: 'SPOP_LOGGER_THREW' }],
    ]);
    emitted.mockRestore();
  });

  it('names all of 16 messages, and gives the names of at most 16 with the line', () => {
    const { logger, lines } = recorder();
    const messages = (count: number): string[] => Array.from({ length: count }, (_, index) => `m${index}`);
    const log = new EventLog(logger);
    report(log, 'handlerTimeout', { connection, streamId: 1, messages: messages(16) });
    report(log, 'handlerTimeout', { connection, streamId: 1, messages: messages(17) });
    report(log, 'handlerTimeout', { connection, streamId: 1, messages: [] });
    const quoted = messages(16)
      .map((name) => `"${name}"`)
      .join(', ');
    expect(lines.map(([, , message]) => message)).toEqual([
      `a handler of ${quoted} was too late, and its NOTIFY got the fallback`,
      `a handler of ${quoted} and 1 more was too late, and its NOTIFY got the fallback`,
      'a handler was too late, and its NOTIFY got the fallback',
    ]);
    expect(Reflect.get(lines[1]![1], 'messages')).toEqual(messages(16));
  });
});
