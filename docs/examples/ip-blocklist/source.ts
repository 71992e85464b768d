/** One source with its last good list. */
import { hash } from 'node:crypto';
import { messageOf } from '../shared/message-of.ts';
import { parseList, type ParsedList } from './parse-list.ts';
import { readSource, type Validators } from './read-source.ts';
import { kindOf, withoutPassword } from './source-texts.ts';

/** The state of a source; times are of Date.now(). */
export interface SourceStatus {
  /** Its text without the password. */
  readonly name: string;
  /** Entries of the list in force; 0 before the first. */
  readonly entries: number;
  readonly badLines: number;
  /** Time when its list was last read, or found unchanged; undefined before the first. */
  readonly goodAt: number | undefined;
  readonly failures: number;
}

/** Keeps the last good list of one source. */
export class Source {
  readonly name: string;
  readonly #text: string;
  readonly #log: (line: string) => void;
  #list: ParsedList | undefined;
  #goodAt: number | undefined;
  #failures = 0;
  #validators: Validators | undefined;
  /** Hash of the bytes that the list was read from. */
  #hash = '';
  #running: Promise<boolean> | undefined;

  constructor(text: string, log: (line: string) => void) {
    this.name = withoutPassword(text);
    this.#text = text;
    this.#log = log;
  }

  get isFile(): boolean {
    return kindOf(this.#text) === 'file';
  }

  get list(): ParsedList | undefined {
    return this.#list;
  }

  get status(): SourceStatus {
    const { entries = 0, badLines = 0 } = this.#list ?? {};
    return { name: this.name, entries, badLines, goodAt: this.#goodAt, failures: this.#failures };
  }

  /** Reads it again; after the present reading, if there is one. @returns whether it has a new list. */
  refresh(): Promise<boolean> {
    const running = (this.#running ?? Promise.resolve()).then(() => this.#read());
    this.#running = running;
    return running;
  }

  async #read(): Promise<boolean> {
    try {
      const read = await readSource(this.#text, this.#validators);
      const isChanged = read !== undefined && this.#take(read.bytes);
      if (read !== undefined) this.#validators = read.validators;
      this.#goodAt = Date.now();
      return isChanged;
    } catch (error) {
      this.#failures++;
      this.#log(`${this.name} has failed: ${reasonOf(error)}; ${this.#whatStays()}`);
      return false;
    }
  }

  #take(bytes: Uint8Array): boolean {
    const digest = hash('sha256', bytes);
    if (digest === this.#hash) return false;
    const list = parseList(bytes);
    const bad = list.badLines === 0 ? '' : `${list.badLines} bad lines: ${list.badLinesText}`;
    if (list.entries === 0) throw new Error(`expected an address or a range; found none${bad && `, and ${bad}`}`);
    if (bad !== '') this.#log(`${this.name}: skipped ${bad}`);
    this.#list = list;
    this.#hash = digest;
    return true;
  }

  #whatStays(): string {
    if (this.#goodAt === undefined) return 'it has no list yet, and is tried again';
    const age = Math.round((Date.now() - this.#goodAt) / 1_000);
    return `its list of ${this.#list?.entries} entries, ${age} s old, stays in force`;
  }
}

/** The text of an error and of its cause: `fetch failed` alone has no reason. */
function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause !== undefined ? reasonOf(error.cause) : '';
  return [messageOf(error), cause].filter((part) => part !== '').join(': ');
}
