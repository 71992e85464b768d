/** The most lines of a transcript in a failure. */
const MAX_LINES = 40;

/** The frames of a connection as text for failures: the last 40 lines, and the number of those before. */
export class Transcript {
  readonly #lines: string[] = [];
  #omitted: number = 0;

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
