import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type CloseOnSignalsOptions, closeOnSignals, createAgent } from '../src/index.ts';
import { thrownBy } from './thrown.ts';

/** Two signals that no other code of a test process listens to. */
const SIGNALS = ['SIGUSR2', 'SIGHUP'] as const;

let exits: unknown[] = [];
beforeEach(() => {
  exits = [];
  const exit = vi.spyOn(process, 'exit').mockImplementation(((code: unknown) => exits.push(code)) as never);
  onTestFinished(() => exit.mockRestore());
});

/** An agent whose close() ends when the test says so, and the calls of it. */
function watch(options: CloseOnSignalsOptions = {}): {
  off: () => void;
  closedWith: unknown[];
  finishClose: () => Promise<void>;
} {
  const agent = createAgent();
  const closedWith: unknown[] = [];
  const { promise, resolve } = Promise.withResolvers<void>();
  vi.spyOn(agent, 'close').mockImplementation((given) => {
    closedWith.push(given);
    return promise;
  });
  const off = closeOnSignals(agent, { signals: SIGNALS, ...options });
  onTestFinished(off);
  return {
    off,
    closedWith,
    finishClose: async () => {
      resolve();
      await nextTurn();
    },
  };
}

const listeners = (): number[] => SIGNALS.map((signal) => process.listenerCount(signal));

describe('the function that closeOnSignals returns', () => {
  it('removes its own handlers of all signals, and no others', () => {
    const before = listeners();
    const { off } = watch();
    const { off: offOther } = watch();
    expect(listeners()).toEqual(before.map((count) => count + 2));
    off();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    off();
    expect(listeners()).toEqual(before.map((count) => count + 1));
    offOther();
    expect(listeners()).toEqual(before);
  });

  it('is for SIGTERM and SIGINT by default', () => {
    const count = (): number[] =>
      (['SIGTERM', 'SIGINT', ...SIGNALS] as const).map((name) => process.listenerCount(name));
    const before = count();
    const off = closeOnSignals(createAgent());
    expect(count()).toEqual([before[0]! + 1, before[1]! + 1, ...before.slice(2)]);
    off();
    expect(count()).toEqual(before);
  });
});

describe('a signal', () => {
  it('closes the agent within graceMs, and ends the process when afterClose is done', async () => {
    const told: string[] = [];
    const after = Promise.withResolvers<void>();
    const { closedWith, finishClose } = watch({
      graceMs: 1_234,
      onSignal: (signal) => told.push(signal),
      afterClose: () => after.promise,
    });
    process.emit('SIGHUP', 'SIGHUP');
    expect(told).toEqual(['SIGHUP']);
    expect(closedWith).toEqual([{ graceMs: 1_234 }]);
    await finishClose();
    expect(exits).toEqual([]);
    after.resolve();
    await nextTurn();
    expect(exits).toEqual([0]);
  });

  it('leaves graceMs to the agent if none is given', () => {
    const { closedWith } = watch();
    process.emit('SIGUSR2', 'SIGUSR2');
    expect(closedWith).toEqual([{}]);
  });

  it('ends the process with 0 when the agent has closed, without onSignal and afterClose', async () => {
    const { finishClose } = watch();
    process.emit('SIGHUP', 'SIGHUP');
    await finishClose();
    await nextTurn();
    expect(exits).toEqual([0]);
  });

  it('is passed to onSignal before the agent is closed', () => {
    const order: string[] = [];
    const agent = createAgent();
    vi.spyOn(agent, 'close').mockImplementation(() => {
      order.push('close');
      return Promise.resolve();
    });
    onTestFinished(closeOnSignals(agent, { signals: SIGNALS, onSignal: () => void order.push('onSignal') }));
    process.emit('SIGUSR2', 'SIGUSR2');
    expect(order).toEqual(['onSignal', 'close']);
  });

  it('ends the process with 1 if afterClose fails and onSignal did not', async () => {
    const error = vi.spyOn(console, 'error').mockImplementation(() => {});
    onTestFinished(() => error.mockRestore());
    const failure = new Error('no database to close');
    const { finishClose } = watch({ afterClose: () => Promise.reject(failure) });
    process.emit('SIGHUP', 'SIGHUP');
    await finishClose();
    await nextTurn();
    expect(exits).toEqual([1]);
    expect(error.mock.calls).toEqual([[failure]]);
  });
});

describe('a second signal', () => {
  it.each([
    [0, []],
    [500, []],
    [501, [129]],
    [60_000, [129]],
  ])('%i ms after the first ends the process only if that is more than half a second', (ms, expected) => {
    let now = 1_000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    const { closedWith } = watch();
    process.emit('SIGUSR2', 'SIGUSR2');
    now += ms;
    // SIGHUP is 1.
    process.emit('SIGHUP', 'SIGHUP');
    expect(exits).toEqual(expected);
    expect(closedWith).toHaveLength(1);
  });

  it('is timed from the first, with any signals in between', () => {
    let now = 1_000;
    const clock = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clock.mockRestore());
    watch();
    process.emit('SIGHUP', 'SIGHUP');
    now += 400;
    process.emit('SIGHUP', 'SIGHUP');
    now += 400;
    process.emit('SIGHUP', 'SIGHUP');
    expect(exits).toEqual([129]);
  });
});

describe('closeOnSignals(agent, options)', () => {
  const signals = "signals to be an array of signals that can be handled, such as 'SIGTERM'";
  const names = 'signals, graceMs, onSignal, afterClose';

  it.each([
    [5, TypeError, 'the options of closeOnSignals() to be an object; found 5'],
    [null, TypeError, 'the options of closeOnSignals() to be an object; found null'],
    ['SIGTERM', TypeError, 'the options of closeOnSignals() to be an object; found "SIGTERM"'],
    [{ grace: 5 }, TypeError, `one of the options ${names} of closeOnSignals(); found 'grace'`],
    [{ graceMs: -1 }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found -1'],
    [{ graceMs: Number.NaN }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found NaN'],
    [{ graceMs: '5' }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found "5"'],
    [{ signals: 'SIGTERM' }, TypeError, `${signals}; found "SIGTERM"`],
    [{ signals: null }, TypeError, `${signals}; found null`],
    [{ signals: ['SIGUSR2', 'SIGTREM'] }, TypeError, `${signals}; found "SIGTREM"`],
    [{ signals: ['SIGUSR2', 'SIGKILL'] }, TypeError, `${signals}; found "SIGKILL"`],
    [{ signals: ['SIGUSR2', 'SIGSTOP'] }, TypeError, `${signals}; found "SIGSTOP"`],
    [{ signals: [15] }, TypeError, `${signals}; found 15`],
    [{ onSignal: 'log' }, TypeError, 'onSignal to be a function; found "log"'],
    [{ afterClose: null }, TypeError, 'afterClose to be a function; found null'],
  ])('refuses %o when it is called', (options, ErrorType, reason) => {
    const before = process.listenerCount('SIGUSR2');
    const error = thrownBy(() => Reflect.apply(closeOnSignals, undefined, [createAgent(), options]));
    expect(error).toBeInstanceOf(ErrorType);
    expect(error.message).toBe(`expected ${reason}`);
    expect(process.listenerCount('SIGUSR2')).toBe(before);
  });

  it.each([
    [undefined, 'undefined'],
    [{ signals: [] }, '[Object]'],
  ])('refuses %o as an agent', (agent, found) => {
    const error = thrownBy(() => Reflect.apply(closeOnSignals, undefined, [agent]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected an agent made by createAgent(); found ${found}`);
  });
});
