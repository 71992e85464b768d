/** The most lines and bytes of a log in any second, of all kinds together. */
const MAX_LINES = 100;
const MAX_BYTES = 65_536;
const SECOND_MS = 1_000;

/** The part of these that is reserved for lines on what was left out. */
const RESERVED_LINES = 20;
const RESERVED_BYTES = 8_192;

/** Limits the lines and the bytes that a log writes in any second. */
export class LineBudget {
  /** The lines of the last second, the oldest first. */
  readonly #written: { readonly at: number; readonly bytes: number }[] = [];
  #bytes: number = 0;

  /** Whether one more line of `bytes` may be written now. */
  hasRoom(bytes: number = 0): boolean {
    this.#forgetOld();
    return this.#written.length < MAX_LINES - RESERVED_LINES && this.#bytes + bytes <= MAX_BYTES - RESERVED_BYTES;
  }

  /** As `hasRoom`, for a line on what was left out. */
  hasReservedRoom(bytes: number): boolean {
    this.#forgetOld();
    return this.#written.length < MAX_LINES && this.#bytes + bytes <= MAX_BYTES;
  }

  /** A line was written. */
  spend(bytes: number): void {
    this.#written.push({ at: performance.now(), bytes });
    this.#bytes += bytes;
  }

  #forgetOld(): void {
    const since = performance.now() - SECOND_MS;
    while (this.#written.length > 0 && this.#written[0]!.at <= since) this.#bytes -= this.#written.shift()!.bytes;
  }
}
