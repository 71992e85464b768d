/** A table read from a file, and read again when the file changes. */
import { unwatchFile, watchFile, type Stats } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { messageOf } from '../shared/message-of.ts';
import { parseTable } from './parse-table.ts';
import type { AddressBytes, ScoreTable } from './table.ts';

/** Hooks for the results of a change. */
export interface TableFileOptions {
  /** The file has changed and its new table is in use. */
  readonly onReload?: (file: TableFile) => void;
  /** The file has changed and cannot be used; the old table stays in use. */
  readonly onError?: (problem: string) => void;
  /** Milliseconds between two checks of the file. */
  readonly intervalMs?: number;
}

/** The table of a file. A new one replaces the old one in one assignment: a look-up sees either, never a mixture. */
export class TableFile {
  readonly path: string;
  #table: ScoreTable;
  readonly #options: TableFileOptions;
  readonly #changed = (now: Stats, before: Stats): void => {
    // The file may have been replaced by another one of the same age, as `cp -p` and `mv` do.
    if (now.mtimeMs === before.mtimeMs && now.ino === before.ino && now.size === before.size) return;
    void this.#reload();
  };

  private constructor(path: string, table: ScoreTable, options: TableFileOptions) {
    this.path = path;
    this.#table = table;
    this.#options = options;
    // Its status is polled instead of fs.watch: that also sees a file that is replaced, a symbolic link that
    // leads elsewhere, and a folder on a network.
    watchFile(path, { interval: options.intervalMs ?? 1000, persistent: false }, this.#changed);
  }

  /** Reads the file and begins to watch it. @throws Error that names the file, if it has no table. */
  static async open(path: string, options: TableFileOptions = {}): Promise<TableFile> {
    return new TableFile(path, await readTable(path), options);
  }

  /** The present number of listed addresses and ranges. */
  get size(): number {
    return this.#table.size;
  }

  /** The present score of an address, 0 to 100. */
  score(address: AddressBytes): number {
    return this.#table.score(address);
  }

  /** Ends the watching. */
  close(): void {
    unwatchFile(this.path, this.#changed);
  }

  async #reload(): Promise<void> {
    try {
      this.#table = await readTable(this.path);
      this.#options.onReload?.(this);
    } catch (error) {
      this.#options.onError?.(messageOf(error));
    }
  }
}

async function readTable(path: string): Promise<ScoreTable> {
  try {
    return parseTable(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`${path} is no table of scores:\n${messageOf(error)}`, { cause: error });
  }
}
