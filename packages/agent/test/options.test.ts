import { describe, expect, it } from 'vitest';
import { createAgent } from '../src/index.ts';
import { type AgentOptions, resolveOptions } from '../src/options.ts';
import { thrownBy } from './thrown.ts';

type NumericOption = Exclude<keyof AgentOptions, 'pipelining' | 'fallback' | 'hooks' | 'logger' | 'name'>;

const MAX_UINT32 = 4_294_967_295;
const MAX_TIMER_MS = 2_147_483_647;

const ranges: readonly (readonly [NumericOption, number, number])[] = [
  ['maxFrameSize', 256, MAX_UINT32],
  ['maxReassembledBytes', 256, MAX_UINT32],
  ['maxConnections', 1, MAX_UINT32],
  ['maxInFlightBytes', 1, MAX_UINT32],
  ['maxInFlightPerConnection', 1, MAX_UINT32],
  ['maxInFlight', 1, MAX_UINT32],
  ['maxIncompleteBytes', 256, MAX_UINT32],
  ['processingTimeoutMs', 0, MAX_TIMER_MS],
  ['helloTimeoutMs', 0, MAX_TIMER_MS],
  ['idleTimeoutMs', 0, MAX_TIMER_MS],
  ['partialFrameTimeoutMs', 0, MAX_TIMER_MS],
  ['writeTimeoutMs', 0, MAX_TIMER_MS],
  ['lingerTimeoutMs', 1, MAX_TIMER_MS],
  ['eventLoopBlockedMs', 0, MAX_TIMER_MS],
];

/** Options as a caller without types gives them. */
function untyped(name: string, value: unknown): AgentOptions {
  return { [name]: value };
}

describe('resolveOptions', () => {
  it('has a default within its range for every option', () => {
    const defaults = resolveOptions({});
    const outside = ranges.filter(([name, minimum, maximum]) => defaults[name] < minimum || defaults[name] > maximum);
    expect(outside).toEqual([]);
    expect(defaults.pipelining).toBe(true);
  });

  it.each(ranges)('takes %s from %i to %i', (name, minimum, maximum) => {
    expect(resolveOptions(untyped(name, minimum))[name]).toBe(minimum);
    expect(resolveOptions(untyped(name, maximum))[name]).toBe(maximum);
  });

  it.each(
    ranges.flatMap(([name, minimum, maximum]) =>
      [minimum - 1, maximum + 1, minimum + 0.5, Number.NaN, Number.POSITIVE_INFINITY, '300', null, 300n, {}].map(
        (value) => [name, value, minimum, maximum] as const,
      ),
    ),
  )('refuses %s: %o', (name, value, minimum, maximum) => {
    const error = thrownBy(() => resolveOptions(untyped(name, value)));
    expect(error).toBeInstanceOf(RangeError);
    expect(error.message).toContain(`expected ${name} to be an integer from ${minimum} to ${maximum}; found `);
  });

  it('replaces undefined by the default', () => {
    expect(resolveOptions(untyped('maxFrameSize', undefined)).maxFrameSize).toBe(1_048_576);
    expect(resolveOptions(untyped('fallback', undefined)).fallback).toBeTypeOf('function');
  });

  it.each(['maxFramesize', 'port', '__proto__x', 'constructor', 'toString'])(
    'refuses the unknown option %s',
    (name) => {
      const error = thrownBy(() => resolveOptions(untyped(name, 1)));
      expect(error).toBeInstanceOf(TypeError);
      expect(error.message).toMatch(/^expected one of the options maxFrameSize, /);
      expect(error.message).toContain(`; found '${name}'`);
    },
  );

  it.each([
    ['pipelining', 'no', /expected pipelining to be a boolean; found "no"/],
    ['pipelining', 0, /expected pipelining to be a boolean; found 0/],
    ['fallback', 'deny', /expected fallback to be a function; found "deny"/],
    ['name', '', /expected name to be a non-empty string; found ""/],
    ['name', 5, /expected name to be a non-empty string; found 5/],
    ['name', null, /expected name to be a non-empty string; found null/],
    ['hooks', null, /expected hooks to be an object of functions; found null/],
    ['hooks', 1, /expected hooks to be an object of functions; found 1/],
    ['hooks', [], /expected hooks to be an object of functions; found \[\]/],
    ['hooks', { disconect: () => {} }, /expected one of the hooks .*; found 'disconect'/],
    ['hooks', { disconnect: 'x' }, /expected the hook disconnect to be a function; found "x"/],
  ])('refuses %s: %o', (name, value, reason) => {
    const error = thrownBy(() => resolveOptions(untyped(name, value)));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toMatch(reason);
  });

  it('does not change the given options', () => {
    const given = Object.freeze({ maxFrameSize: 300 });
    expect(resolveOptions(given)).not.toBe(given);
    expect(given).toEqual({ maxFrameSize: 300 });
  });
});

describe('createAgent', () => {
  it('refuses a bad option before anything else', () => {
    expect(() => createAgent({ maxInFlight: 0 })).toThrow(RangeError);
  });

  it('shows strings in quotes', () => {
    const error = thrownBy(() => createAgent(untyped('maxInFlight', '9')));
    expect(error.message).toBe('expected maxInFlight to be an integer from 1 to 4294967295; found "9"');
  });

  it.each([
    [5, '5'],
    [null, 'null'],
    ['x', '"x"'],
    [[], '[]'],
    [() => {}, '[Function (anonymous)]'],
  ])('refuses %o as its options', (options, found) => {
    const error = thrownBy(() => Reflect.apply(createAgent, undefined, [options]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected the options of createAgent() to be an object; found ${found}`);
  });
});

describe('close', () => {
  it.each([
    [5, TypeError, 'expected the options of close() to be an object; found 5'],
    [null, TypeError, 'expected the options of close() to be an object; found null'],
    [{ grace: 5 }, TypeError, "expected one of the options graceMs of close(); found 'grace'"],
    [{ graceMs: '5' }, RangeError, 'expected graceMs to be an integer from 0 to 2147483647; found "5"'],
    [
      { graceMs: Number.POSITIVE_INFINITY },
      RangeError,
      'expected graceMs to be an integer from 0 to 2147483647; found Infinity',
    ],
  ])('refuses %o, and the agent stays open', async (options, ErrorType, message) => {
    const agent = createAgent();
    const closing: unknown = Reflect.apply(agent.close, agent, [options]);
    await expect(closing).rejects.toThrow(new ErrorType(message));
    await expect(closing).rejects.toBeInstanceOf(ErrorType);
    await agent.listen({ port: 0 });
    await agent.close();
  });
});
