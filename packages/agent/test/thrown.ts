import { SpopError } from '@spop/codec';

/** The error that `action` throws. */
export function thrownBy(action: () => unknown): Error {
  try {
    action();
  } catch (error) {
    if (error instanceof Error) return error;
    throw new Error(`expected an Error to be thrown; found ${String(error)}`, { cause: error });
  }
  throw new Error('expected an error to be thrown; found none');
}

/** The SpopError that `action` throws. */
export function spopErrorOf(action: () => unknown): SpopError {
  const error = thrownBy(action);
  if (error instanceof SpopError) return error;
  throw error;
}
