import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { SpopError } from '@spop/codec';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { AgentEvents, Hooks } from '../../src/index.ts';
import { Counters } from '../../src/observe/counters.ts';
import { EventReporter } from '../../src/observe/event-reporter.ts';
import { EVENT_NAMES } from '../../src/observe/events.ts';

const connection = { id: 7, remote: '127.0.0.1:4711', engineId: undefined };
const silent = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

const INFOS: AgentEvents = {
  connect: { connection },
  disconnect: { connection, status: 2, reason: 'late', bytesRead: 0, bytesWritten: 0, frames: 0 },
  protocolError: { connection, error: new SpopError('SPOP_FRAME_TOO_BIG', 'x') },
  handlerError: { connection, error: new TypeError('boom'), streamId: 1, messages: ['ask'] },
  unhandledNotify: { connection, streamId: 1, messages: ['aks'], declared: ['ask'] },
  handlerTimeout: { connection, streamId: 1, messages: ['ask'] },
  overload: { connection, limit: 'maxConnections', reason: 'too many' },
  transportError: { connection, error: new Error('cut') },
  eventLoopBlocked: { blockedMs: 100 },
};
const WARNED = ['protocolError', 'handlerError', 'unhandledNotify', 'handlerTimeout', 'overload'] as const;

function emitted(reporter: EventReporter, name: keyof AgentEvents, times: number = 1): string[] {
  const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
  for (let i = 0; i < times; i++) reporter.emit(name, INFOS[name]);
  const texts = warn.mock.calls.map(([text]) => String(text));
  warn.mockRestore();
  return texts;
}

function reporterWith(hooks: Hooks = {}, logger?: typeof silent): EventReporter {
  return new EventReporter({ hooks, logger }, new Counters());
}

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
  vi.restoreAllMocks();
});

describe('an event without a listener', () => {
  it.each(WARNED)('%s is a process warning', (name) => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    reporterWith().emit(name, INFOS[name]);
    expect(warn).toHaveBeenCalledTimes(1);
    const [text, options] = warn.mock.calls[0] as unknown as [string, { code: string }];
    expect(text).toMatch(new RegExp(`To see every one, give createAgent\\(\\) a logger, .* or the hook '${name}'$`));
    expect(options.code).toMatch(/^SPOP_[A-Z_]+$/);
  });

  it.each(EVENT_NAMES.filter((name) => !(WARNED as readonly string[]).includes(name)))('%s is no warning', (name) => {
    expect(emitted(reporterWith(), name)).toEqual([]);
  });

  it('says in its warning what failed, why and where', () => {
    expect(emitted(reporterWith(), 'handlerError')[0]).toMatch(
      /^a handler of "ask" failed, and its NOTIFY got the fallback: TypeError: boom at .*event-reporter\.test\.ts:\d+:\d+\)?\. To/,
    );
  });

  it.each(['protocolError', 'transportError'] as const)('names no place in the agent for %s', (name) => {
    for (const text of emitted(reporterWith(), name)) expect(text).not.toMatch(/ at |\.ts:/);
  });

  it('is reported by a warning that it cannot be, if its information cannot be read', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    reporterWith().emitLazily('handlerTimeout', () => {
      throw new Error('no names');
    });
    expect(warn.mock.calls).toEqual([
      ["The event 'handlerTimeout' could not be reported: Error: no names", { code: 'SPOP_LOGGER_THREW' }],
    ]);
  });

  it('is reported once in 60 s, however long the process has run', () => {
    vi.advanceTimersByTime(3_600_000);
    const reporter = reporterWith();
    expect(emitted(reporter, 'handlerTimeout')).toHaveLength(1);
    vi.advanceTimersByTime(59_999);
    expect(emitted(reporter, 'handlerTimeout')).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(emitted(reporter, 'handlerTimeout')[0]).toContain('fallback; 1 more since the last of these warnings. To');
  });

  it('is reported the first time, and then at most once in 60 s, with its count', () => {
    const reporter = reporterWith();
    expect(emitted(reporter, 'handlerTimeout', 5_000)).toHaveLength(1);
    vi.advanceTimersByTime(59_999);
    expect(emitted(reporter, 'handlerTimeout')).toEqual([]);
    expect(emitted(reporter, 'unhandledNotify')).toHaveLength(1);
    vi.advanceTimersByTime(1);
    const again = emitted(reporter, 'handlerTimeout', 2);
    expect(again).toHaveLength(1);
    expect(again[0]).toContain('fallback; 5000 more since the last of these warnings. To see every one');
    vi.advanceTimersByTime(60_000);
    expect(emitted(reporter, 'handlerTimeout')[0]).toContain('; 1 more since');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is no warning if it is a limit that costs no answer', () => {
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const reporter = reporterWith();
    reporter.emit('overload', { connection, limit: 'maxInFlight', reason: 'x' });
    expect(warn).not.toHaveBeenCalled();
    expect(emitted(reporter, 'overload')).toHaveLength(1);
  });
});

describe('an event with a listener', () => {
  it.each(WARNED)('%s is no warning: with a logger, its own hook, or a subscriber', (name) => {
    expect(emitted(reporterWith({}, silent), name)).toEqual([]);
    expect(emitted(reporterWith({ [name]: () => {} }), name)).toEqual([]);
    const listener = (): void => {};
    subscribe(`spop:${name}`, listener);
    expect(emitted(reporterWith(), name)).toEqual([]);
    unsubscribe(`spop:${name}`, listener);
    expect(emitted(reporterWith({ connect: () => {} }), name)).toHaveLength(1);
  });

  it('is made once, and only if it is read', () => {
    const make = vi.fn(() => INFOS.handlerTimeout);
    const counters = new Counters();
    const seen: unknown[] = [];
    const timeout = (info: unknown): void => void seen.push(info);
    new EventReporter({ hooks: { handlerTimeout: timeout }, logger: silent }, counters).emitLazily(
      'handlerTimeout',
      make,
    );
    expect(make).toHaveBeenCalledTimes(1);
    expect(seen).toEqual([INFOS.handlerTimeout]);
    const unheard = new EventReporter({ hooks: {}, logger: undefined }, counters);
    vi.spyOn(process, 'emitWarning').mockReturnValue();
    for (let i = 0; i < 100; i++) unheard.emitLazily('handlerTimeout', make);
    expect(make).toHaveBeenCalledTimes(2);
    expect(counters.events.handlerTimeout).toBe(101);
  });

  it('reaches hooks and counters each time, even if the log omits it', () => {
    const counters = new Counters();
    const timeout = vi.fn();
    const warn = vi.fn();
    const reporter = new EventReporter({ hooks: { handlerTimeout: timeout }, logger: { ...silent, warn } }, counters);
    for (let i = 0; i < 1_000; i++) reporter.emit('handlerTimeout', INFOS.handlerTimeout);
    expect([counters.events.handlerTimeout, timeout.mock.calls.length, warn.mock.calls.length]).toEqual([
      1_000, 1_000, 10,
    ]);
  });
});

describe('advice', () => {
  const advice = { level: 'info', details: { event: 'x' }, message: 'do this', warningCode: 'SPOP_X' } as const;

  it('goes to the logger, or else to the process if it is important enough', () => {
    const info = vi.fn();
    const warn = vi.spyOn(process, 'emitWarning').mockReturnValue();
    reporterWith({}, { ...silent, info }).advise(advice);
    expect(info).toHaveBeenCalledExactlyOnceWith({ event: 'x' }, 'do this');
    expect(warn).not.toHaveBeenCalled();
    reporterWith().advise({ ...advice, warningCode: undefined });
    expect(warn).not.toHaveBeenCalled();
    reporterWith().advise(advice);
    expect(warn).toHaveBeenCalledExactlyOnceWith('do this', { code: 'SPOP_X' });
  });
});
