import { SpopError } from '@spop/codec';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventLog, type Logger } from '../../src/observe/event-log.ts';
import { createAgent } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';

const connection = { id: 7, remote: '127.0.0.1:4711', engineId: 'engine' };

type Line = [level: string, details: object, message: string];

function recorder(): { logger: Logger; lines: Line[] } {
  const lines: Line[] = [];
  const at = (level: string) => (details: object, message: string) => void lines.push([level, details, message]);
  return { logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') }, lines };
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('EventLog', () => {
  it('writes each event with its level, its details, and a message', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const error = new SpopError('SPOP_TRUNCATED', 'expected more', 12);
    const failure = new Error('no database');
    log.report('connection', { connection });
    log.report('disconnect', {
      connection,
      status: 0,
      reason: 'normal',
      bytesRead: 10,
      bytesWritten: 20,
      frames: 3,
    });
    log.report('disconnect', { connection, status: 2, reason: 'late', bytesRead: 1, bytesWritten: 2, frames: 3 });
    log.report('protocolError', { connection, error });
    log.report('handlerError', { connection, error: failure, streamId: 3 });
    log.report('unhandled', { connection, streamId: 3, messages: ['aks', 'tell'], declared: ['ask'] });
    log.report('unhandled', { connection, streamId: 3, messages: ['aks'], declared: [] });
    log.report('timeout', { connection, streamId: 3 });
    log.report('overload', { connection: undefined, reason: 'too many' });
    log.report('transportError', { connection: undefined, error: failure });
    log.report('eventLoopBlocked', { blockedMs: 120 });
    const who = { connection: 7, remote: '127.0.0.1:4711', engineId: 'engine' };
    const traffic = { bytesRead: 1, bytesWritten: 2, frames: 3 };
    expect(lines.map(([level, details]) => [level, details])).toEqual([
      ['info', { event: 'connection', ...who }],
      [
        'info',
        { event: 'disconnect', ...who, status: 0, reason: 'normal', bytesRead: 10, bytesWritten: 20, frames: 3 },
      ],
      ['warn', { event: 'disconnect', ...who, status: 2, reason: 'late', ...traffic }],
      [
        'warn',
        { event: 'protocolError', ...who, code: 'SPOP_TRUNCATED', status: error.status, offset: 12, err: error },
      ],
      ['error', { event: 'handlerError', ...who, streamId: 3, err: failure }],
      ['warn', { event: 'unhandled', ...who, streamId: 3, messages: ['aks', 'tell'], declared: ['ask'] }],
      ['warn', { event: 'unhandled', ...who, streamId: 3, messages: ['aks'], declared: [] }],
      ['warn', { event: 'timeout', ...who, streamId: 3 }],
      ['warn', { event: 'overload', reason: 'too many' }],
      ['error', { event: 'transportError', err: failure }],
      ['warn', { event: 'eventLoopBlocked', blockedMs: 120 }],
    ]);
    expect(lines.map(([, , message]) => message)).toContain(
      'no handler for "aks", "tell"; there are handlers for "ask"',
    );
    expect(lines.map(([, , message]) => message)).toContain('no handler for "aks"; there are handlers for no message');
    expect(lines.map(([, , message]) => message)).toContain('connection ended with status 2: late');
    for (const [, , message] of lines) expect(message).toMatch(/^\w.{10,}/);
  });

  it('writes the first ten of a kind in ten seconds, and then one line with the number of the others at the same level', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    for (let i = 0; i < 3_000; i++) log.report('connection', { connection });
    expect(lines).toHaveLength(10);
    vi.advanceTimersByTime(10_000);
    expect(lines.slice(10)).toEqual([
      [
        'info',
        { event: 'repeated', kind: 'connection', suppressed: 2_990, windowMs: 10_000 },
        "2990 more of 'connection' within 10 s were not logged",
      ],
    ]);
    log.report('connection', { connection });
    expect(lines).toHaveLength(12);
  });

  it('counts kinds apart: by error code, by status, by reason', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const end = { connection, reason: 'x', bytesRead: 0, bytesWritten: 0, frames: 0 };
    for (let i = 0; i < 20; i++) {
      log.report('protocolError', { connection, error: new SpopError('SPOP_TRUNCATED', 'x', 0) });
      log.report('protocolError', { connection, error: new SpopError('SPOP_FRAME_TOO_BIG', 'x', 0) });
      log.report('disconnect', { ...end, status: 4 });
      log.report('disconnect', { ...end, status: 8 });
      log.report('overload', { connection, reason: 'one' });
      log.report('overload', { connection, reason: 'other' });
    }
    expect(lines).toHaveLength(60);
  });

  it('keeps few kinds, whatever statuses peers send', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const end = { connection, reason: 'x', bytesRead: 0, bytesWritten: 0, frames: 0 };
    for (let status = 100; status < 1_100; status++) log.report('disconnect', { ...end, status });
    for (let status = -1_000; status < 0; status++) log.report('disconnect', { ...end, status });
    expect(lines).toHaveLength(10);
    log.flush();
    expect(lines.at(-1)?.[1]).toMatchObject({ kind: 'disconnect, unknown status', suppressed: 1_990 });
  });

  it('has no timer left once its window has ended, or was ended', () => {
    const log = new EventLog(recorder().logger);
    log.report('connection', { connection });
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    log.report('connection', { connection });
    log.flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on where an event cannot be told, with a warning of the process', () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { logger, lines } = recorder();
    const error = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no message');
      },
    });
    new EventLog(logger).report('transportError', { connection: undefined, error });
    expect(lines).toEqual([]);
    expect(emitted).toHaveBeenCalledWith("The event 'transportError' could not be logged: Error: no message", {
      code: 'SPOP_LOGGER_THREW',
    });
    emitted.mockRestore();
  });

  it('goes on where the logger throws, with a warning of the process', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const broken = (): void => {
      throw new Error('disk full');
    };
    new EventLog({ ...recorder().logger, info: broken }).report('connection', { connection });
    expect(warn).toHaveBeenCalledExactlyOnceWith("The logger's 'info' threw: Error: disk full", {
      code: 'SPOP_LOGGER_THREW',
    });
    warn.mockRestore();
  });
});

describe('the option logger', () => {
  it('takes a pino logger, which writes errors with their stacks', () => {
    const written: string[] = [];
    const logger = pino({ base: null, timestamp: false }, { write: (line: string) => void written.push(line) });
    createAgent({ logger });
    new EventLog(logger).report('handlerError', { connection, error: new RangeError('too far'), streamId: 5 });
    const line: unknown = JSON.parse(written.join(''));
    expect(line).toMatchObject({
      level: 50,
      event: 'handlerError',
      connection: 7,
      streamId: 5,
      err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('event-log.test.ts') as string },
      msg: 'a handler failed; its NOTIFY was acknowledged with the fallback actions',
    });
  });

  it('takes the console', () => {
    expect(createAgent({ logger: console }).options.logger).toBe(console);
  });

  it.each([
    [null, /lacks debug, info, warn, error$/],
    ['pino', /lacks debug, info, warn, error$/],
    [{ info: () => {}, error: () => {} }, /lacks debug, warn$/],
  ])('refuses %o', (logger, reason) => {
    const untyped = { logger } as object;
    const error = thrownBy(() => createAgent(untyped));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(reason);
  });
});
