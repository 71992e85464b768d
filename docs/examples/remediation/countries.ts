/** The country of an address, from an MMDB file. */
import { readFileSync } from 'node:fs';
import { Reader } from 'mmdb-lib';
import { messageOf } from '../shared/message-of.ts';
import { isRecord } from './decision.ts';

/** A database of countries or cities, of MaxMind's shape (`country.iso_code`) or that of ip-location-db (`country_code`). */
export class Countries {
  readonly path: string;
  #reader: Reader<Readonly<Record<string, unknown>>>;

  /** @throws Error that names the file, if it cannot be read or is not such a database. */
  constructor(path: string) {
    this.path = path;
    this.#reader = open(path);
  }

  /** The code of two capital letters; undefined if the file has none. @throws Error if the file is damaged there. */
  find(address: string): string | undefined {
    const record = this.#reader.get(address);
    if (!isRecord(record)) return undefined;
    for (const name of ['country', 'registered_country', 'represented_country']) {
      const country = record[name];
      if (isRecord(country) && typeof country['iso_code'] === 'string') return country['iso_code'];
    }
    const { country_code: code } = record;
    return typeof code === 'string' && code !== '' ? code : undefined;
  }

  /** Reads it again on each SIGHUP; if that fails, the last good file stays in use. */
  reloadOnHangUp(): void {
    process.on('SIGHUP', () => {
      try {
        this.#reader = open(this.path);
        console.log(`read ${this.path} again on SIGHUP`);
      } catch (error) {
        console.error(`${messageOf(error)}; the last good content stays in use`);
      }
    });
  }
}

function open(path: string): Reader<Readonly<Record<string, unknown>>> {
  try {
    return new Reader(readFileSync(path));
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}
