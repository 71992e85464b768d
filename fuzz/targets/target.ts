interface AnyInput<Result> {
  readonly name: string;
  /** What it checks, in one line. */
  readonly checks: string;
  /** The longest input that makes sense, in bytes. */
  readonly maxBytes: number;
  /** Inputs to start from. */
  seeds(): Iterable<Uint8Array>;
  /**
   * Runs on one input. Refusing it with the one error class is fine and stays inside; whatever is thrown is a bug, and
   * so is an input that takes more steps than its length allows.
   */
  run(input: Buffer): Result;
}

/** Something that is fed with bytes: by the coverage-guided fuzzer, by the corpora, and by properties. */
export type Target = AnyInput<void>;

/** A target that needs the event loop, such as one with streams. */
export type AsyncTarget = AnyInput<Promise<void>>;

export type AnyTarget = Target | AsyncTarget;
