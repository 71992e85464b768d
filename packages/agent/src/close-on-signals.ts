import { constants } from 'node:os';
import type { Agent } from './agent.ts';
import { check, checkFunction, checkInteger, checkOptions, isObject, MAX_TIMER_MS } from './checks.ts';

/** A second signal within 500 ms counts as the first: npm passes on a Ctrl-C that has reached the process already. */
const REPETITION_MS = 500;

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** Which signals; SIGTERM and SIGINT by default. */
  readonly signals?: readonly NodeJS.Signals[] | undefined;
  /** As for {@link Agent.close}: 5,000 ms by default. */
  readonly graceMs?: number | undefined;
  /** Called with the signal before the agent is closed, for instance to log it. A promise is not waited for. */
  readonly onSignal?: ((signal: NodeJS.Signals) => void) | undefined;
  /** Called after the agent has closed, for instance to close a store. A promise is waited for. */
  readonly afterClose?: (() => void | PromiseLike<void>) | undefined;
}

/**
 * Closes the agent on the first signal and then ends the process with exit code 0; or with 1 when `onSignal` or
 * `afterClose` fails, with the error on stderr. A second signal, 500 ms later or more, ends the process at once with exit
 * code 128 plus the signal's number.
 *
 * @returns A function that removes the signal handlers.
 * @throws {TypeError} for an unknown option, a signal that does not exist or cannot be handled, and a callback that is not
 * a function; {RangeError} when `graceMs` is not an integer from 0 to 2^31 - 1.
 */
export function closeOnSignals(agent: Agent, options: CloseOnSignalsOptions = {}): () => void {
  checkArguments(agent, options);
  const { signals = ['SIGTERM', 'SIGINT'], graceMs, onSignal, afterClose } = options;
  let closingSince: number | undefined;
  let exitCode = 0;
  const attempt = async (action: () => unknown): Promise<void> => {
    try {
      await action();
    } catch (error) {
      console.error(error);
      exitCode = 1;
    }
  };
  const close = async (): Promise<void> => {
    await agent.close(graceMs === undefined ? {} : { graceMs });
    await afterClose?.();
  };
  const listener = (signal: NodeJS.Signals): void => {
    if (closingSince !== undefined) {
      if (performance.now() - closingSince > REPETITION_MS) process.exit(128 + constants.signals[signal]);
      return;
    }
    closingSince = performance.now();
    void attempt(() => onSignal?.(signal));
    void attempt(close).then(() => process.exit(exitCode));
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}

function checkArguments(agent: unknown, options: CloseOnSignalsOptions): void {
  check(isObject(agent) && 'close' in agent, 'an agent made by createAgent()', agent);
  checkOptions('closeOnSignals()', options, ['signals', 'graceMs', 'onSignal', 'afterClose']);
  const { signals = [], graceMs, onSignal, afterClose } = options;
  const expected = "signals to be an array of signals that can be handled, such as 'SIGTERM'";
  check(Array.isArray(signals), expected, signals);
  for (const signal of signals as readonly unknown[]) {
    const isHandled =
      Object.keys(constants.signals).some((name) => name === signal) && signal !== 'SIGKILL' && signal !== 'SIGSTOP';
    check(isHandled, expected, signal);
  }
  if (graceMs !== undefined) checkInteger('graceMs', graceMs, 0, MAX_TIMER_MS);
  if (onSignal !== undefined) checkFunction('onSignal', onSignal);
  if (afterClose !== undefined) checkFunction('afterClose', afterClose);
}
