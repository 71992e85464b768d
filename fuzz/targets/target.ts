import { readCaptures } from '@spop-internal/testbed/captures';
import type { Arbitrary } from 'fast-check';

/** A statement about any bytes: a property, what the coverage-guided fuzzer runs, and what corpora are repeated with. */
export interface Target {
  readonly name: string;
  /** The statement in one line. */
  readonly checks: string;
  /** The longest input that the fuzzer makes, in bytes. */
  readonly maxBytes: number;
  /** Inputs that the fuzzer starts with. */
  seeds(): Iterable<Uint8Array>;
  /** The inputs of the property; any bytes by default. */
  inputs?(): Arbitrary<Uint8Array>;
  /** Fails unless the statement holds for the input, within as many steps as its length allows. */
  run(input: Buffer): void | Promise<void>;
}

/** Connections of real HAProxy, up to `maxBytes` each. */
export function capturedStreams(maxBytes: number): Uint8Array[] {
  return readCaptures().flatMap(({ bytes }) => (bytes.length <= maxBytes ? [bytes] : []));
}

/** Frames of these types that real HAProxy sent, up to `maxBytes` each. */
export function capturedFrames(types: readonly number[], maxBytes: number): Buffer[] {
  return readCaptures().flatMap(({ bytes, frames }) =>
    frames
      .filter(({ type, length }) => types.includes(type) && length + 4 <= maxBytes)
      .map(({ offset, length }) => Buffer.from(bytes.subarray(offset, offset + 4 + length))),
  );
}
