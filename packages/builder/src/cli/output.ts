import { styleText } from 'node:util';
import { toHex } from '../data/text.ts';

/** Characters that a terminal would act upon, and characters that change the direction of text. */
// oxlint-disable-next-line eslint/no-control-regex -- these are what is looked for
const UNPRINTABLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/** Makes text from the wire safe for a terminal: characters that would act upon it become escapes such as `\x1b`. */
export function printable(text: string): string {
  return text.replaceAll(UNPRINTABLE, (character) => {
    const code = character.charCodeAt(0);
    return code < 0x100 ? String.raw`\x${code.toString(16).padStart(2, '0')}` : String.raw`\u${code.toString(16)}`;
  });
}

/** {@link printable} in one line: names on the wire may have line breaks, which would look like other lines. */
export function oneLine(text: string): string {
  return printable(text)
    .replaceAll('\n', String.raw`\n`)
    .replaceAll('\t', String.raw`\t`);
}

/** The two streams of the program: data on stdout, messages on stderr. It uses colours on a terminal, unless `NO_COLOR` is set. */
export class Output {
  readonly isJson: boolean;
  readonly isQuiet: boolean;
  #hasProgress: boolean = false;

  constructor({ isJson = false, isQuiet = false }: { readonly isJson?: boolean; readonly isQuiet?: boolean } = {}) {
    this.isJson = isJson;
    this.isQuiet = isQuiet;
  }

  /** Prints a line of data for people; nothing with `--json` or `--quiet`. */
  print(line: string): void {
    if (!this.isJson && !this.isQuiet) this.#write(process.stdout, printable(line));
  }

  /**
   * Prints an object of data in one line; only with `--json`. Bytes become hexadecimal digits; 64-bit integers become numbers
   * if these are exact, else text.
   */
  json(object: unknown): void {
    if (this.isJson) this.#write(process.stdout, JSON.stringify(object, toJson));
  }

  /** Prints rows of data for people, in columns under their titles, without an empty last column. */
  table(titles: readonly string[], rows: readonly (readonly string[])[]): void {
    if (this.isJson || this.isQuiet) return;
    const hasLast = rows.some((row) => (row[titles.length - 1] ?? '') !== '');
    const shown = hasLast ? titles : titles.slice(0, -1);
    const cells = [shown, ...rows].map((row) => row.slice(0, shown.length).map(oneLine));
    const widths = shown.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
    for (const [index, row] of cells.entries()) {
      const line = row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd();
      this.#write(process.stdout, index === 0 ? styleText('dim', line) : line);
    }
  }

  /** Writes a message to stderr. */
  say(text: string): void {
    if (!this.isQuiet) this.#write(process.stderr, printable(text));
  }

  /** Writes a warning to stderr. */
  warn(text: string): void {
    if (!this.isQuiet) this.#write(process.stderr, `${styleText('yellow', 'warning:', ON_STDERR)} ${printable(text)}`);
  }

  /** Writes the error that ends the program to stderr, also with `--quiet`. */
  fail(text: string, hint?: string): void {
    this.#write(process.stderr, `${styleText('red', 'spop:', ON_STDERR)} ${printable(text)}`);
    if (hint !== undefined) this.#write(process.stderr, styleText('dim', `  ${printable(hint)}`, ON_STDERR));
  }

  /** Writes a line that the next one replaces, if stderr is a terminal. */
  progress(text: string): void {
    if (!process.stderr.isTTY || this.isQuiet) return;
    process.stderr.write(`\r\u001b[K${printable(text)}`);
    this.#hasProgress = true;
  }

  #write(stream: NodeJS.WriteStream, line: string): void {
    if (this.#hasProgress) process.stderr.write('\r\u001b[K');
    this.#hasProgress = false;
    stream.write(`${line}\n`);
  }
}

const ON_STDERR = { stream: process.stderr } as const;

function toJson(_: string, value: unknown): unknown {
  if (value instanceof Uint8Array) return toHex(value);
  if (typeof value !== 'bigint') return value;
  return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
}
