import { SpopError } from '../errors.ts';
import { quoteText } from '../quote.ts';
import type { StringValue, TextValue } from '../values/value-views.ts';
import type { ViewSource } from '../values/view-source.ts';
import { utf8PrefixLength } from '../wire/utf8.ts';
import { NO_SOURCE, skipSpace, TextPlace, type TextView, toTextView, trimSpace } from './text-place.ts';

const SEMICOLON = 0x3b;
const EQUALS = 0x3d;
const QUOTE = 0x22;

/** All visible characters of ASCII but those that end a name. Browsers take more than the token of RFC 6265 §4.1.1. */
const COOKIE_NAME = /^[!-:<>-~]+$/;

/**
 * Looks for one cookie in the text of a Cookie header (RFC 6265 §4.2.1), without making objects. Made once for its name:
 *
 *     const session = new CookieReader('session');
 *
 *     session.read(message.cookie);
 *     if (session.count === 1) session.value;
 *
 * Pairs are separated by `;` wherever one stands, in quotes too, as browsers and current servers have it. The name is what
 * stands before the first `=` of a pair, and has to be the very same letters; a pair without `=` has none. Spaces and tabs
 * around name and value are not theirs, nor are the quotes of a value that has one at each end.
 *
 * The value is always the same object, valid until the next `read()`, and as long as the argument. Handlers that await before
 * they use it need a reader each.
 */
export class CookieReader {
  /** What is looked for. */
  readonly name: string;
  /**
   * How many cookies of that name the text has that was read last. More than one come of other paths and domains, or of somebody
   * who wants another one to be read.
   */
  count: number = 0;
  readonly #value: TextView = toTextView(NO_SOURCE);
  readonly #place: TextPlace = new TextPlace();

  /** @throws {SpopError} SPOP_INVALID_NAME for a name that no cookie can have: empty, or with spaces, `=` or `;`. */
  constructor(name: string) {
    if (typeof name !== 'string' || !COOKIE_NAME.test(name)) {
      throw new SpopError('SPOP_INVALID_NAME', `expected a cookie's name; found ${quoteText(name)}`);
    }
    this.name = name;
  }

  /** The value of the first cookie of that name; undefined where there is none. It may be empty. */
  get value(): StringValue | undefined {
    return this.count === 0 ? undefined : this.#value;
  }

  /**
   * Reads the value of a Cookie header: of `req.fhdr(cookie)`, or of a `HeaderReader`.
   *
   * @throws {SpopError} SPOP_VIEW_CLOSED, SPOP_WRONG_TYPE for what is no STRING or BINARY. Whatever stands in the text is no error.
   */
  read(cookies: TextValue): void {
    this.count = 0;
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

  /** Stands on the value from `from` to `to`, without what is around it. */
  #placeValue(source: ViewSource, from: number, to: number): void {
    const { bytes, origin } = source;
    let start = skipSpace(bytes, from, to);
    let end = trimSpace(bytes, start, to);
    if (end - start > 1 && bytes[start] === QUOTE && bytes[end - 1] === QUOTE) {
      start++;
      end--;
    }
    this.#value.placeText(source, start - origin, end - start);
  }
}
