import { SpopError } from '../errors.ts';
import { quoteText } from '../quote.ts';
import type { StringValue, TextValue } from '../values/value-views.ts';
import type { ViewSource } from '../values/view-source.ts';
import { utf8PrefixLength } from '../wire/utf8.ts';
import { NO_SOURCE, skipSpace, TextPlace, type TextView, toTextView, trimSpace } from './text-place.ts';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/** All visible ASCII characters but `=` and `;`. Browsers accept more names than the tokens of RFC 6265 §4.1.1. */
const COOKIE_NAME = /^[!-:<>-~]+$/;

/**
 * Finds one cookie in the text of a Cookie header (RFC 6265 §4.2.1), and allocates nothing. Make one reader for each name:
 *
 *     const session = new CookieReader('session');
 *
 *     session.read(message.cookie);
 *     if (session.count === 1) session.value;
 *
 * Every `;` separates pairs, also one in quotes, as in browsers and current servers. The name of a pair is the text before its
 * first `=`, and is case-sensitive; a pair without `=` has no name. Spaces and tabs around name and value do not belong to them,
 * nor do the quotes around a value.
 *
 * The value is always the same object, valid until the next `read()`, and as long as the argument. Handlers that await before they
 * use it need a reader each.
 */
export class CookieReader {
  /** The name of the cookie. */
  readonly name: string;
  /**
   * The number of cookies of that name in the text that was read last. More than one come from other paths and domains, or from an
   * attacker who wants another one to be read.
   */
  count: number = 0;
  /** Whether quotes stood around the first cookie's value. Refuse them where a value must have one spelling. */
  isQuoted: boolean = false;
  readonly #value: TextView = toTextView(NO_SOURCE);
  readonly #place: TextPlace = new TextPlace();

  /** @throws {SpopError} SPOP_INVALID_NAME for a name that no cookie can have: empty, or with a space, `=` or `;`. */
  constructor(name: string) {
    if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
      throw new SpopError('SPOP_INVALID_NAME', `expected a cookie's name; found ${quoteText(name)}`);
    }
    this.name = name;
  }

  /** The value of the first cookie of that name, which may be empty; undefined if there is none. */
  get value(): StringValue | undefined {
    return this.count === 0 ? undefined : this.#value;
  }

  /**
   * Reads the value of a Cookie header, from `req.fhdr(cookie)` or a `HeaderReader`. Malformed text is not an error.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED; SPOP_WRONG_TYPE for a value that is not a STRING or BINARY.
   */
  read(cookies: TextValue): void {
    this.count = 0;
    this.isQuoted = false;
    this.#value.recall();
    this.#place.standOn(cookies);
    const { start, end, source } = this.#place;
    const { bytes, origin } = source;
    const textEnd = origin + end;
    for (let pairStart = origin + start; pairStart < textEnd;) {
      let equals = -1;
      let pairEnd = pairStart;
      for (; pairEnd < textEnd && bytes[pairEnd] !== SEMICOLON; pairEnd++) {
        if (equals < 0 && bytes[pairEnd] === EQUALS) equals = pairEnd;
      }
      if (equals >= 0 && this.#isNamed(bytes, pairStart, equals)) {
        if (this.count === 0) this.#placeValue(source, equals + 1, pairEnd);
        this.count++;
      }
      pairStart = pairEnd + 1;
    }
  }

  #isNamed(bytes: Buffer, pairStart: number, pairEnd: number): boolean {
    const start = skipSpace(bytes, pairStart, pairEnd);
    const length = trimSpace(bytes, start, pairEnd) - start;
    return utf8PrefixLength(bytes, start, length, this.name) === length;
  }

  /** Places the value that is from `from` to `to`, without spaces, tabs and quotes around it. */
  #placeValue(source: ViewSource, from: number, to: number): void {
    const { bytes, origin } = source;
    let start = skipSpace(bytes, from, to);
    let end = trimSpace(bytes, start, to);
    this.isQuoted = end - start > 1 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE;
    if (this.isQuoted) {
      start++;
      end--;
    }
    this.#value.placeText(source, start - origin, end - start);
  }
}
