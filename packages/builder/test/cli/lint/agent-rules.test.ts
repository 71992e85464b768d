import { describe, expect, it } from 'vitest';
import { bufferSizeOf, frameSizeOf } from '../../../src/cli/lint/agent-rules.ts';
import { linesOf } from '../../../src/cli/lint/configuration-text.ts';
import { subjectOf } from '../../../src/cli/lint/subject.ts';
import { engine, faultsOf } from './faults.ts';

/** An engine without an agent, which only another rule finds. */
const NO_AGENT = '\n[f]\nspoe-message m';

describe('the prefix of variables', () => {
  it('is wrong in its option, or in the name of the agent', () => {
    const refused = 'a prefix of variables has no characters but ".", "_", letters and digits';
    const spoeText = `${engine('option var-prefix a', 'option var-prefix a-b!.c_1')}\n[f]\nspoe-agent a-b${NO_AGENT}`;
    expect(faultsOf('prefix', { spoeText })).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence: `HAProxy refuses "a-b!.c_1": ${refused}`,
        advice: 'option var-prefix a_b_.c_1',
      },
      {
        file: 'spoe',
        line: 6,
        sentence: `HAProxy refuses "a-b", the name of the "spoe-agent" section, as the prefix: ${refused}`,
        advice: 'option var-prefix a_b',
      },
    ]);
  });

  it.each(['spoe-agent a.b_C1', 'spoe-agent', 'spoe-agent a-$B', 'spoe-message m'])('is right with %j', (spoeText) => {
    expect(faultsOf('prefix', { spoeText })).toEqual([]);
  });
});

describe('a keyword of HAProxy 3.0', () => {
  const spoeText = engine(
    'maxconnrate 1',
    'maxerrrate 1',
    'max-waiting-frames 1',
    'option async',
    'no option async',
    'option send-frag-payload',
    'no option send-frag-payload',
    'option pipelining',
    'timeout hello 1s',
    'timeout idle 1s',
    'timeout processing 1s',
  );
  const fault = (line: number, keyword: string, advice: string) => ({
    file: 'spoe',
    line,
    sentence: `HAProxy 3.1 and later read "${keyword}" and do nothing with it`,
    advice,
  });
  const ignored = (advice: string) => [
    fault(3, 'maxconnrate', advice),
    fault(4, 'maxerrrate', advice),
    fault(5, 'max-waiting-frames', advice),
    fault(6, 'option async', advice),
    fault(7, 'no option async', advice),
    fault(8, 'option send-frag-payload', advice),
    fault(9, 'no option send-frag-payload', advice),
  ];

  it('is taken out for HAProxy 3.1', () => {
    expect(faultsOf('keyword-ignored', { spoeText, release: '3.1' })).toEqual(ignored('nothing: take the line out'));
    expect(faultsOf('keyword-ignored', { spoeText, release: '3.0' })).toEqual([]);
    expect(faultsOf('keyword-ignored', { spoeText })).toEqual([]);
  });

  it('may be meant for HAProxy 3.0', () => {
    expect(faultsOf('keyword-of-old-releases', { spoeText })).toEqual(
      ignored('nothing, unless HAProxy 3.0 or older reads it too: take the line out'),
    );
    expect(faultsOf('keyword-of-old-releases', { spoeText, release: '3.0' })).toEqual([]);
  });

  it('is a timeout of the backend since', () => {
    expect(faultsOf('keyword-of-old-releases', { spoeText: spoeText + NO_AGENT, release: '3.1' })).toEqual([
      fault(11, 'timeout hello', 'timeout connect, in the backend of the agents'),
      fault(12, 'timeout idle', 'timeout server, in the backend of the agents'),
    ]);
  });
});

describe('timeout processing', () => {
  it('is missing', () => {
    expect(faultsOf('processing-timeout', { spoeText: engine('timeout hello 1s') + NO_AGENT })).toEqual([
      {
        file: 'spoe',
        line: 2,
        sentence: '"spoe-agent e" has no "timeout processing": if the agent does not answer, the client waits for ever',
        advice: 'timeout processing 250ms, or what your clients can bear',
      },
    ]);
    expect(faultsOf('processing-timeout', { spoeText: engine('timeout processing 1s') })).toEqual([]);
  });

  it.each([
    [100, 100, 200, 50],
    [3, 5, 10, 1],
    [1, 1, 2, 1],
  ])('of %i ms is too short for a deadline of %i ms', (limit, deadlineMs, longer, shorter) => {
    const spoeText = engine('timeout processing 9s', `timeout processing ${limit}ms`);
    expect(faultsOf('deadline', { spoeText, deadlineMs })).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence: `HAProxy gives up after ${limit} ms, and the agent's own deadline is ${deadlineMs} ms: the fallback actions come too late, and nobody counts the timeout`,
        advice: `timeout processing ${longer}ms, or processingTimeoutMs: ${shorter} in the agent`,
      },
    ]);
  });

  it.each([
    ['a longer one', 'timeout processing 101ms', 100],
    ['one of the environment', 'timeout processing $T', 100],
    ['one without a time', 'timeout processing', 100],
    ['none', '', 100],
    ['no deadline', 'timeout processing 1ms', undefined],
  ])('is long enough with %s', (_, line, deadlineMs) => {
    expect(faultsOf('deadline', { spoeText: engine(line) + NO_AGENT, deadlineMs })).toEqual([]);
  });
});

describe('max-frame-size', () => {
  const found = (spoeText: string, ...global: readonly string[]) =>
    faultsOf('frame-size', { haproxyText: ['global', ...global].join('\n'), spoeText });
  const fault = (bytes: number, most: number | string) => ({
    file: 'spoe',
    line: 3,
    sentence: `max-frame-size is ${bytes}, and has to be from 256 to ${most}, which is tune.bufsize less 4: HAProxy does not start`,
    advice: 'no max-frame-size, which gives the largest; or a larger tune.bufsize in "global"',
  });

  it('has 256 bytes at least, and 4 less than a buffer at most', () => {
    expect(found(engine('max-frame-size 255'))).toEqual([fault(255, 16_380)]);
    expect(found(engine('max-frame-size 16381'))).toEqual([fault(16_381, 16_380)]);
    expect(found(engine('max-frame-size 32765'), 'tune.bufsize 32k')).toEqual([fault(32_765, 32_764)]);
    expect(found(engine('max-frame-size 256') + NO_AGENT)).toEqual([]);
    expect(found(engine('max-frame-size 16380') + NO_AGENT)).toEqual([]);
  });

  it('has no known limit with a buffer of the environment', () => {
    expect(found(engine('max-frame-size 99999999'), 'tune.bufsize $B')).toEqual([]);
  });

  it.each([
    ['max-frame-size 300', 300],
    ['max-frame-size 999999999999', 999_999_999_999],
    ['max-frame-size 300\nmax-frame-size 400', 400],
    ['max-frame-size 9999999999999', undefined],
    ['max-frame-size 300k', undefined],
    ['max-frame-size -300', undefined],
    ['max-frame-size $F', undefined],
    ['max-frame-size', undefined],
    ['', undefined],
  ])('of %j has %s bytes', (text, bytes) => {
    expect(frameSizeOf({ lines: linesOf(text) })?.bytes).toBe(bytes);
  });

  it('is none without an agent', () => {
    expect(frameSizeOf(undefined)).toBeUndefined();
  });
});

describe('bufferSizeOf', () => {
  it.each([
    ['', 16_384],
    ['tune.bufsize 32768', 32_768],
    ['tune.bufsize 999999999999', 999_999_999_999],
    ['tune.bufsize 32k', 32_768],
    ['tune.bufsize 32K', 32_768],
    ['tune.bufsize 1m', 1_048_576],
    ['tune.bufsize 2M', 2_097_152],
    ['tune.bufsize 1g', undefined],
    ['tune.bufsize 1kb', undefined],
    ['tune.bufsize -1', undefined],
    ['tune.bufsize 9999999999999', undefined],
    ['tune.bufsize $B', undefined],
  ])('reads %j as %s', (line, bytes) => {
    const sources = { haproxyText: `global\n${line}`, spoeText: '', spoePath: 'spoe.conf' };
    expect(bufferSizeOf(subjectOf(sources))).toBe(bytes);
  });
});
