import { ErrorStatus, escapeText, SpopError, type SpopErrorCode } from '@spop/codec';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventLog } from '../../src/observe/event-log.ts';
import { createAgent } from '../../src/index.ts';
import { thrownBy } from '../thrown.ts';
import { connection, recorder, report } from './log-recorder.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe('EventLog', () => {
  it('writes each event with its level, its details, and a message', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const error = new SpopError('SPOP_TRUNCATED', 'expected more', 12);
    const failure = new Error('no database');
    report(log, 'connect', { connection });
    report(log, 'disconnect', {
      connection,
      status: 0,
      reason: 'normal',
      bytesRead: 10,
      bytesWritten: 20,
      frames: 3,
    });
    report(log, 'disconnect', { connection, status: 2, reason: 'late', bytesRead: 1, bytesWritten: 2, frames: 3 });
    report(log, 'protocolError', { connection, error });
    report(log, 'handlerError', { connection, error: failure, streamId: 3, messages: ['ask'] });
    report(log, 'unhandledNotify', { connection, streamId: 3, messages: ['aks', 'tell'], declared: ['ask'] });
    report(log, 'unhandledNotify', { connection, streamId: 3, messages: ['aks'], declared: [] });
    report(log, 'handlerTimeout', { connection, streamId: 3, messages: [] });
    report(log, 'overload', { connection: undefined, limit: 'maxConnections', reason: 'too many' });
    report(log, 'transportError', { connection: undefined, error: failure });
    report(log, 'eventLoopBlocked', { blockedMs: 120 });
    const who = { connection: 7, remote: '127.0.0.1:4711', engineId: 'engine' };
    const traffic = { bytesRead: 1, bytesWritten: 2, frames: 3 };
    expect(lines.map(([level, details]) => [level, details])).toEqual([
      ['info', { event: 'connect', ...who }],
      [
        'info',
        { event: 'disconnect', ...who, status: 0, reason: 'normal', bytesRead: 10, bytesWritten: 20, frames: 3 },
      ],
      ['warn', { event: 'disconnect', ...who, status: 2, reason: 'late', ...traffic }],
      [
        'warn',
        { event: 'protocolError', ...who, code: 'SPOP_TRUNCATED', status: error.status, offset: 12, err: error },
      ],
      ['error', { event: 'handlerError', ...who, streamId: 3, messages: ['ask'], err: failure }],
      ['warn', { event: 'unhandledNotify', ...who, streamId: 3, messages: ['aks', 'tell'], declared: ['ask'] }],
      ['warn', { event: 'unhandledNotify', ...who, streamId: 3, messages: ['aks'], declared: [] }],
      ['warn', { event: 'handlerTimeout', ...who, streamId: 3, messages: [] }],
      ['warn', { event: 'overload', limit: 'maxConnections', reason: 'too many' }],
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
    for (let i = 0; i < 3_000; i++) report(log, 'connect', { connection });
    expect(lines).toHaveLength(10);
    vi.advanceTimersByTime(10_000);
    expect(lines.slice(10)).toEqual([
      [
        'info',
        { event: 'repeated', kind: 'connect', suppressed: 2_990, windowMs: 10_000 },
        "2990 more of 'connect' within 10 s were not logged",
      ],
    ]);
    report(log, 'connect', { connection });
    expect(lines).toHaveLength(12);
  });

  it('counts kinds apart: by error code, by status, by limit', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const end = { connection, reason: 'x', bytesRead: 0, bytesWritten: 0, frames: 0 };
    for (let i = 0; i < 20; i++) {
      report(log, 'protocolError', { connection, error: new SpopError('SPOP_TRUNCATED', 'x', 0) });
      report(log, 'protocolError', { connection, error: new SpopError('SPOP_FRAME_TOO_BIG', 'x', 0) });
      report(log, 'disconnect', { ...end, status: 4 });
      report(log, 'disconnect', { ...end, status: 8 });
      report(log, 'overload', { connection, limit: 'maxInFlight', reason: 'x' });
      report(log, 'overload', { connection, limit: 'output', reason: 'x' });
    }
    expect(lines).toHaveLength(60);
  });

  it('keeps few kinds, with any statuses that peers send', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const end = { connection, reason: 'x', bytesRead: 0, bytesWritten: 0, frames: 0 };
    for (let status = 100; status < 1_100; status++) report(log, 'disconnect', { ...end, status });
    for (let status = -1_000; status < 0; status++) report(log, 'disconnect', { ...end, status });
    expect(lines).toHaveLength(10);
    log.flush();
    expect(lines.at(-1)?.[1]).toMatchObject({ kind: 'disconnect, unknown status', suppressed: 1_990 });
  });

  it('writes at most 100 lines and 64 KiB in any second, with any bytes from peers, and reports the rest when there is room', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const written: { at: number; bytes: number }[] = [];
    const note = (): void => {
      for (const [, details, message] of lines.slice(written.length)) {
        const { err } = details as { err?: Error };
        const bytes = JSON.stringify({ ...details, err: err?.stack, msg: message }).length;
        written.push({ at: performance.now(), bytes });
      }
    };
    const text = '\u001b[2J\n'.repeat(2_000);
    const end = { connection, bytesRead: 0, bytesWritten: 0, frames: 0 };
    const errors = (Object.keys(ErrorStatus) as SpopErrorCode[]).map((code) => new SpopError(code, escapeText(text)));
    const failure = new Error(text);
    for (let ms = 0; ms < 12_000; ms += 100) {
      for (let i = 0; i < 2; i++) {
        for (let status = 0; status < 100; status++) report(log, 'disconnect', { ...end, status, reason: text });
        for (const error of errors) report(log, 'protocolError', { connection, error });
        report(log, 'unhandledNotify', { connection, streamId: 1, messages: Array(8).fill(text), declared: [] });
        report(log, 'handlerError', { connection, streamId: 1, messages: [text], error: failure });
        report(log, 'overload', { connection, limit: 'output', reason: 'x' });
      }
      note();
      vi.advanceTimersByTime(100);
      note();
    }
    for (const { at } of written) {
      const second = written.filter((line) => line.at >= at && line.at < at + 1_000);
      expect(second.length).toBeLessThanOrEqual(100);
      expect(second.reduce((sum, { bytes }) => sum + bytes, 0)).toBeLessThanOrEqual(65_536);
    }
    // Every event was written, or is counted in a line.
    for (let i = 0; i < 3; i++) vi.advanceTimersByTime(10_000);
    const told = lines.map(([, details]) => details as { event: string; suppressed?: number });
    const counted = told.reduce((sum, { event, suppressed = 0 }) => sum + (event === 'repeated' ? suppressed : 1), 0);
    expect(counted).toBe(120 * 2 * (100 + errors.length + 3));
  });

  it('writes at most 80 short lines in a second, and keeps the rest of its room for the numbers of the others', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const codes = Object.keys(ErrorStatus) as SpopErrorCode[];
    for (let round = 0; round < 10; round++) {
      for (const code of codes) {
        const error = Object.assign(new SpopError(code, 'x'), { stack: 'short' });
        report(log, 'protocolError', { connection, error });
      }
    }
    expect(lines).toHaveLength(80);
    vi.advanceTimersByTime(30_000);
    const counted = lines.map(([, details]) => (details as { suppressed?: number }).suppressed ?? 1);
    expect(counted.reduce((sum, count) => sum + count, 0)).toBe(10 * codes.length);
  });

  it('names up to 16 messages, and says how many more there are', () => {
    const { logger, lines } = recorder();
    const messages = Array.from({ length: 20 }, (_, index) => `m${index}`);
    report(new EventLog(logger), 'unhandledNotify', { connection, streamId: 1, messages, declared: [] });
    expect(lines[0]?.[2]).toContain('"m15" and 4 more');
    expect(lines[0]?.[2]).not.toContain('m16');
  });

  it('makes neither the line nor the details of an event that is not written', () => {
    const { logger } = recorder();
    const log = new EventLog(logger);
    const make = vi.fn(() => ({ connection, streamId: 1, messages: ['a'], error: new Error('x') }));
    for (let i = 0; i < 1_000; i++) log.report('handlerError', make);
    expect(make).toHaveBeenCalledTimes(10);
  });

  it('cuts and escapes texts of a peer', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const evil = '\u001b[2J\u009b\u202e\u2028\nforged';
    const peer = { ...connection, engineId: `${evil}${'x'.repeat(1_000)}` };
    report(log, 'connect', { connection: peer });
    report(log, 'disconnect', { connection: peer, status: 3, reason: evil, bytesRead: 0, bytesWritten: 0, frames: 0 });
    report(log, 'unhandledNotify', { connection: peer, streamId: 1, messages: [evil], declared: ['ask'] });
    report(log, 'handlerTimeout', { connection: peer, streamId: 1, messages: [evil] });
    report(log, 'handlerError', { connection: peer, streamId: 1, messages: [evil], error: evil });
    expect(lines).toHaveLength(5);
    for (const [, details, message] of lines) {
      const values: unknown[] = Object.values(details);
      const texts = [message, ...values].flat().map(String);
      for (const each of texts) expect(each).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
      expect(Reflect.get(details, 'engineId')).toHaveLength(String.raw`\u001b[2J\u009b\u202e\u2028\u000a`.length + 121);
    }
  });

  it('gives the logger a shorter error instead of a very long one', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    const short = new RangeError('short');
    const long = new RangeError(`header ${'x'.repeat(100_000)}`);
    report(log, 'handlerError', { connection, streamId: 1, messages: [], error: short });
    report(log, 'handlerError', { connection, streamId: 1, messages: [], error: long });
    const errors = lines.map(([, details]) => Reflect.get(details, 'err') as Error);
    expect(errors[0]).toBe(short);
    expect(errors[1]).toMatchObject({ name: 'RangeError', message: `header ${'x'.repeat(1_017)}…` });
    expect(errors[1]?.stack).toMatch(/^RangeError: header x+…\n {4}at .*event-log\.test\.ts/);
  });

  it('writes an error without a stack', () => {
    const { logger, lines } = recorder();
    const error = Object.assign(new Error('cut cable'), { stack: undefined });
    report(new EventLog(logger), 'transportError', { connection, error });
    expect(lines).toMatchObject([
      ['error', { event: 'transportError', err: { message: 'cut cable' } }, expect.anything()],
    ]);
  });

  it('has no timer left once its window has ended, or was ended', () => {
    const log = new EventLog(recorder().logger);
    report(log, 'connect', { connection });
    expect(vi.getTimerCount()).toBe(1);
    vi.advanceTimersByTime(10_000);
    expect(vi.getTimerCount()).toBe(0);
    report(log, 'connect', { connection });
    log.flush();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('goes on if an event cannot be formatted, with a warning of the process', () => {
    const emitted = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const { logger, lines } = recorder();
    const error = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no message');
      },
    });
    report(new EventLog(logger), 'transportError', { connection: undefined, error });
    expect(lines).toEqual([]);
    expect(emitted).toHaveBeenCalledWith("The event 'transportError' could not be logged: Error: no message", {
      code: 'SPOP_LOGGER_THREW',
    });
    emitted.mockRestore();
  });

  it('goes on if the logger throws, with a warning of the process', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const broken = (): void => {
      throw new Error('disk full');
    };
    report(new EventLog({ ...recorder().logger, info: broken }), 'connect', { connection });
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
    report(new EventLog(logger), 'handlerError', {
      connection,
      error: new RangeError('too far'),
      streamId: 5,
      messages: ['ask'],
    });
    const line: unknown = JSON.parse(written.join(''));
    expect(line).toMatchObject({
      level: 50,
      event: 'handlerError',
      connection: 7,
      streamId: 5,
      err: { type: 'RangeError', message: 'too far', stack: expect.stringContaining('event-log.test.ts') as string },
      msg: 'a handler of "ask" failed, and its NOTIFY got the fallback: RangeError: too far',
    });
  });

  it('takes the console', () => {
    expect(createAgent({ logger: console }).options.logger).toBe(console);
  });

  it.each([
    [null, /found one without debug, info, warn, error$/],
    ['pino', /found one without debug, info, warn, error$/],
    [{ info: () => {}, error: () => {} }, /found one without debug, warn$/],
  ])('refuses %o', (logger, reason) => {
    const untyped = { logger } as object;
    const error = thrownBy(() => createAgent(untyped));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(reason);
  });
});
