import { SpopError } from '@spop/codec';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { textLogger, type TextLoggerOptions } from '../../src/index.ts';
import { EventLog } from '../../src/observe/event-log.ts';
import { thrownBy } from '../thrown.ts';

const connection = { id: 7, remote: '127.0.0.1:4711', engineId: 'engine' };

function recorder(options: TextLoggerOptions = {}) {
  const lines: string[] = [];
  return { lines, logger: textLogger({ write: (line) => void lines.push(line), ...options }) };
}

afterEach(() => void vi.restoreAllMocks());

describe('textLogger', () => {
  it('writes one line for an event: the sentence, the level, the details', () => {
    const { logger, lines } = recorder();
    const log = new EventLog(logger);
    log.report('unhandledNotify', () => ({ connection, streamId: 3, messages: ['aks', 'tell'], declared: ['ask me'] }));
    log.report('disconnect', () => ({
      connection,
      status: 2,
      reason: 'late',
      bytesRead: 1,
      bytesWritten: 2,
      frames: 3,
    }));
    log.report('connect', () => ({ connection: { ...connection, remote: undefined } }));
    expect(lines).toEqual([
      'no handler for "aks", "tell"; there are handlers for "ask me" ' +
        '(warn event=unhandledNotify connection=7 remote=127.0.0.1:4711 engineId=engine streamId=3 messages=aks,tell declared="ask me")',
      'connection ended with status 2: late ' +
        '(warn event=disconnect connection=7 remote=127.0.0.1:4711 engineId=engine status=2 reason=late bytesRead=1 bytesWritten=2 frames=3)',
      'HAProxy connected (info event=connect connection=7 engineId=engine)',
    ]);
  });

  it('names the error of a handler, its causes, and its place', () => {
    const { logger, lines } = recorder();
    const error = new TypeError('fetch failed', { cause: new Error('connect ECONNREFUSED') });
    new EventLog(logger).report('handlerError', () => ({ connection, error, streamId: 3, messages: ['ask'] }));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(
      /^a handler of "ask" failed, and its NOTIFY got the fallback: TypeError: fetch failed \(cause: Error: connect ECONNREFUSED\) \(error event=handlerError .* messages=ask at="[^"]*text-logger\.test\.ts:\d+:\d+\)?"/,
    );
    expect(lines[0]).not.toContain('node:internal');
  });

  it('names no place in the agent for an error of a peer', () => {
    const { logger, lines } = recorder();
    new EventLog(logger).report('protocolError', () => ({
      connection,
      error: new SpopError('SPOP_TRUNCATED', 'x', 3),
    }));
    expect(lines[0]).toMatch(/^connection closed for the peer's error: SPOP_TRUNCATED: x/);
    expect(lines[0]).toMatch(/ code=SPOP_TRUNCATED status=4 offset=3\)$/);
  });

  it.each([
    ['of an HTTP client, with a status', Object.assign(new Error('no service'), { status: 503 })],
    ['of the codec that is not the peer’s', new SpopError('SPOP_MISSING_ARGUMENT', 'x', 3)],
  ])('names the place of an error of a handler: %s', (_, error) => {
    const { logger, lines } = recorder();
    new EventLog(logger).report('handlerError', () => ({ connection, error, streamId: 3, messages: ['ask'] }));
    expect(lines[0]).toMatch(/ messages=ask at="?[^ ]*text-logger\.test\.ts:\d+:\d+/);
  });

  it('writes details that are no JSON as Node shows them', () => {
    const { logger, lines } = recorder();
    const own: { name: string; self?: object } = { name: 'a b' };
    own.self = own;
    logger.info({ own, counts: { sent: 5n }, plain: { sent: 5 } }, 'started');
    expect(lines).toEqual([
      `started (info own="<ref *1> { name: 'a b', self: [Circular *1] }" counts="{ sent: 5n }" plain="{\\"sent\\":5}")`,
    ]);
  });

  it('writes one line for any details, without control characters', () => {
    const { logger, lines } = recorder();
    const error = new Error('\u001b[2J\nconnection ended with status 0\u2028\u202e');
    error.stack = `${String(error)}\n    at \u009b31m (x)`;
    logger.error({ err: error, note: 'a\nb', list: ['\u0085', 1], nested: { a: '\n' } }, `quoted: ${error.message}`);
    expect(lines).toHaveLength(1);
    expect(lines[0]).not.toMatch(/[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/u);
    expect(lines[0]).toMatch(/^quoted: \\u001b\[2J\\u000aconnection ended/);
    expect(lines[0]).toContain(String.raw`note="a\u000ab" list="\u0085",1 nested="{\"a\":\"\n\"}"`);
  });

  it('writes no text twice', () => {
    const { logger, lines } = recorder();
    const reason = 'nothing came within 400 ms';
    new EventLog(logger).report('disconnect', () => ({
      connection,
      status: 2,
      reason,
      bytesRead: 1,
      bytesWritten: 2,
      frames: 3,
    }));
    expect(lines).toEqual([
      `connection ended with status 2: ${reason} (warn event=disconnect connection=7 remote=127.0.0.1:4711 ` +
        'engineId=engine status=2 bytesRead=1 bytesWritten=2 frames=3)',
    ]);
  });

  it('cuts a line to 4,096 characters', () => {
    const { logger, lines } = recorder();
    logger.warn({}, 'x'.repeat(10_000));
    expect(lines[0]).toBe(`${'x'.repeat(4_096)}…`);
  });

  it.each([
    [{ level: 'debug' }, ['d', 'i', 'w', 'e']],
    [{}, ['i', 'w', 'e']],
    [{ level: 'warn' }, ['w', 'e']],
    [{ level: 'error' }, ['e']],
  ] as const)('with %o writes %j', (options, expected) => {
    const { logger, lines } = recorder(options);
    logger.debug({}, 'd');
    logger.info({}, 'i');
    logger.warn({}, 'w');
    logger.error({}, 'e');
    expect(lines.map((line) => line[0])).toEqual(expected);
  });

  it('writes to stderr by default', () => {
    const written = vi.spyOn(console, 'error').mockReturnValue();
    textLogger().info({ event: 'listening' }, 'listening 100%s');
    expect(written).toHaveBeenCalledExactlyOnceWith('listening 100%s (info event=listening)');
  });

  it.each([
    [{ level: 'loud' }, 'expected level to be one of debug, info, warn, error; found "loud"'],
    [{ write: 1 }, 'expected write to be a function; found 1'],
    [{ lvl: 'info' }, "expected one of the options level, write of textLogger(); found 'lvl'"],
  ])('refuses %o', (options, message) => {
    expect(thrownBy(() => textLogger(options as object)).message).toBe(message);
  });
});
