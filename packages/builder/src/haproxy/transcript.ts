/** Lines that a failure repeats at most. */
const MAX_LINES = 40;

/** What was said on a connection, as text for failures: the last 40 lines, and how many came before. */
export class Transcript {
  readonly #lines: string[] = [];
  #omitted = 0;

  add(line: string): void {
    this.#lines.push(line);
    if (this.#lines.length <= MAX_LINES) return;
    this.#lines.shift();
    this.#omitted++;
  }

  toString(): string {
    const head = this.#omitted > 0 ? [`(${this.#omitted} earlier lines)`] : [];
    const body = this.#lines.length === 0 ? ['(nothing was sent)'] : this.#lines;
    return [...head, ...body].map((line) => `  ${line}`).join('\n');
  }
}
