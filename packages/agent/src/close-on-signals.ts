import { constants } from 'node:os';
import type { Agent } from './agent.ts';

/** A second signal so soon is taken for the first: npm passes on a Ctrl-C that has reached the process already. */
const REPETITION_MS = 500;

/** Options of {@link closeOnSignals}. */
export interface CloseOnSignalsOptions {
  /** Which signals; SIGTERM and SIGINT by default. */
  readonly signals?: readonly NodeJS.Signals[];
  /** As for {@link Agent.close}: 5,000 ms by default. */
  readonly graceMs?: number;
  /** Called with the signal before the agent is closed; for the last words in a log. */
  readonly onSignal?: (signal: NodeJS.Signals) => void;
  /** Called after the agent has closed, and waited for: for what else there is to close. */
  readonly afterClose?: () => void | PromiseLike<void>;
}

/**
 * Closes the agent on the first signal and ends the process with exit code 0 afterwards, or 1 where `afterClose` fails.
 * A second signal, half a second later or more, ends it at once, with 128 and the signal's number as its exit code.
 *
 * @returns A function that takes the signal handlers off again.
 */
export function closeOnSignals(agent: Agent, options: CloseOnSignalsOptions = {}): () => void {
  const { signals = ['SIGTERM', 'SIGINT'], graceMs, onSignal, afterClose } = options;
  let closingSince: number | undefined;
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
    onSignal?.(signal);
    close().then(
      () => process.exit(0),
      (error: unknown) => {
        console.error(error);
        process.exit(1);
      },
    );
  };
  for (const signal of signals) process.on(signal, listener);
  return () => {
    for (const signal of signals) process.off(signal, listener);
  };
}
