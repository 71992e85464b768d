/** The parsed value of a file, read again on SIGHUP. */
import { readFileSync } from 'node:fs';
import { messageOf } from './message-of.ts';

/** A file's parsed value; the last good one stays while the file is wrong. */
export class Reloadable<T> {
  readonly path: string;
  readonly #parse: (text: string) => T;
  #value: T;

  /** @throws Error that names the file, if it cannot be read or `parse` throws. */
  constructor(path: string, parse: (text: string) => T) {
    this.path = path;
    this.#parse = parse;
    this.#value = this.#read();
  }

  /** The present value: a new one replaces it in one assignment. */
  get value(): T {
    return this.#value;
  }

  /** Reads it again on each SIGHUP, and logs the result. */
  reloadOnHangUp(): void {
    process.on('SIGHUP', () => {
      try {
        this.#value = this.#read();
        console.log(`read ${this.path} again on SIGHUP`);
      } catch (error) {
        console.error(`${messageOf(error)}; the last good content stays in use`);
      }
    });
  }

  #read(): T {
    try {
      return this.#parse(readFileSync(this.path, 'utf8'));
    } catch (error) {
      throw new Error(`${this.path}: ${messageOf(error)}`, { cause: error });
    }
  }
}

/**
 * The words of each line that has some, with the number of the line; comments begin with `#`.
 *
 * @throws Error that names the line, if `read` throws.
 */
export function readLines<T>(text: string, read: (words: readonly string[]) => T): T[] {
  return text.split('\n').flatMap((line, index) => {
    const words = line
      .replace(/#.*/, '')
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) return [];
    try {
      return [read(words)];
    } catch (error) {
      throw new Error(`line ${index + 1}: ${messageOf(error)}`, { cause: error });
    }
  });
}
