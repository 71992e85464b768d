/** One line on standard error that says what is being done: rewritten in a terminal, one per case elsewhere. */
export class Progress {
  readonly #total: number;
  readonly #startedAt: number = Date.now();
  #done: number = 0;
  #name: string = '';

  constructor(total: number) {
    this.#total = total;
  }

  begin(name: string): void {
    this.#done++;
    this.#name = name;
    if (!process.stderr.isTTY) process.stderr.write(`${this.#head()}\n`);
  }

  step(what: string): void {
    if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${this.#head()}: ${what}`);
  }

  end(): void {
    if (process.stderr.isTTY) process.stderr.write('\r\u001B[K');
  }

  #head(): string {
    const seconds = Math.round((Date.now() - this.#startedAt) / 1000);
    return `[${this.#done}/${this.#total}, ${seconds} s] ${this.#name}`;
  }
}
