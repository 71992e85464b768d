import { SpopError } from '../src/index.ts';

/** The SpopError that `run` throws. */
export function thrown(run: () => unknown): SpopError {
  try {
    run();
  } catch (error) {
    if (error instanceof SpopError) return error;
    throw error;
  }
  throw new Error('expected a SpopError');
}
