/** The text form of a list: an address or a CIDR range a line, and comments after `#`. */
import { Entry } from '../shared/entry.ts';
import { RangeCollector, type Ranges } from './ranges.ts';

const LINE_FEED = 0x0a;
const HASH = 0x23;
const SPACE = 0x20;
const TAB = 0x09;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf];
/** The number of bad lines named with their text, and of those named by their numbers only. */
const SHOWN_LINES = 10;
const SHOWN_NUMBERS = 1_000;
const SHOWN_CHARACTERS = 40;

/** The content of a list. */
export interface ParsedList {
  readonly ranges: Ranges;
  /** The number of lines with an entry. */
  readonly entries: number;
  readonly badLines: number;
  /**
   * The bad lines with their numbers: `line 3 "1.2.3", line 7 "/8"`; empty if there is none. Control characters
   * are kept in it.
   */
  readonly badLinesText: string;
}

/** Reads a whole list. Bad lines are skipped and named. */
export function parseList(bytes: Uint8Array): ParsedList {
  const entry = new Entry();
  const ranges = new RangeCollector();
  const bad = new BadLines();
  let entries = 0;
  let line = 0;
  for (let at = BYTE_ORDER_MARK.every((byte, i) => bytes[i] === byte) ? 3 : 0; at < bytes.length; line++) {
    let from = at;
    let to = at;
    while (to < bytes.length && bytes[to] !== LINE_FEED && bytes[to] !== HASH) to++;
    at = to;
    while (at < bytes.length && bytes[at] !== LINE_FEED) at++;
    at++;
    while (from < to && isBlank(bytes[from]!)) from++;
    while (to > from && isBlank(bytes[to - 1]!)) to--;
    if (from === to) continue;
    if (entry.read(bytes, from, to)) {
      entries++;
      ranges.add(entry);
    } else bad.add(line + 1, bytes, from, to);
  }
  return { ranges: ranges.merge(), entries, badLines: bad.count, badLinesText: bad.toString() };
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB || byte === CARRIAGE_RETURN;
}

class BadLines {
  count = 0;
  readonly #shown: string[] = [];

  add(line: number, bytes: Uint8Array, from: number, to: number): void {
    this.count++;
    if (this.count <= SHOWN_LINES) {
      const text = Buffer.from(bytes.subarray(from, Math.min(to, from + SHOWN_CHARACTERS * 4))).toString();
      this.#shown.push(`line ${line} "${text.slice(0, SHOWN_CHARACTERS)}"`);
    } else if (this.count <= SHOWN_NUMBERS) this.#shown.push(String(line));
  }

  toString(): string {
    const more = this.count - SHOWN_NUMBERS;
    return [...this.#shown, ...(more > 0 ? [`and ${more} more`] : [])].join(', ');
  }
}
