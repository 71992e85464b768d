import { SpopError } from '@spop/codec';

/** Throws `error` again unless it is a {@link SpopError}: any other is a mistake in this package, and says nothing about the input. */
export function expectSpopError(error: unknown): asserts error is SpopError {
  if (!(error instanceof SpopError)) throw error;
}
