import { PeerFailure } from './peer-failure.ts';

/** The beginning of a place in a stack. */
const PLACE = '\n    at ';

/**
 * Runs a step for a function that a test called. The stack of its failure begins where the test called that function, and not
 * in the timer or stream that ended the step.
 */
export async function runStep<T>(run: () => Promise<T>): Promise<T> {
  const call = new Error('called');
  Error.captureStackTrace(call, runStep);
  try {
    return await run();
  } catch (error) {
    throw error instanceof PeerFailure ? calledFrom(error, call) : error;
  }
}

/** A new failure for each call, since several steps can fail for the same reason. */
function calledFrom({ kind, message, statusCode }: PeerFailure, call: Error): PeerFailure {
  const failure = new PeerFailure(kind, message, statusCode);
  const stack = call.stack ?? '';
  // The first place is the step itself.
  const start = stack.indexOf(PLACE, stack.indexOf(PLACE) + 1);
  if (start >= 0) failure.stack = `${failure.name}: ${message}${stack.slice(start)}`;
  return failure;
}
