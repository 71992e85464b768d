/** Decodes a text, so that a rule needs to know only one spelling. */

/** The most decodings of %XX; the rest is kept unchanged. */
const ROUNDS = 5;
const ESCAPES = /((?:%u[0-9a-f]{4})+)|%([0-9a-f]{2})/gi;
const OVERLONG = /[\xc0\xc1]([\x80-\xbf])|\xe0([\x80\x81])([\x80-\xbf])/g;
// Control characters that are not white space, and characters without width.
const INVISIBLE = /\ufeff|(?!\s)[\p{Cc}\p{Cf}]/gu;
const WHITE_SPACE = /\s+/g;

/**
 * A text decoded once, and, if that differs, decoded until nothing changes. In each, percent signs are decoded (`%41`,
 * `%u0041`), then overlong UTF-8; the result is read as UTF-8, brought to the compatibility form NFKC and to lower case;
 * invisible characters are left out; white space becomes one space, and none at the ends.
 *
 * @param bytes each character is a byte. @param isForm whether `+` is a space, as in a query.
 */
export function plainTexts(bytes: string, isForm: boolean): readonly string[] {
  const once = decode(isForm ? bytes.replaceAll('+', ' ') : bytes);
  let last = once;
  for (let round = 1; round < ROUNDS; round++) {
    const next = decode(last);
    if (next === last) break;
    last = next;
  }
  const first = toPlain(once);
  const final = last === once ? first : toPlain(last);
  return final === first ? [first] : [first, final];
}

/**
 * {@link plainTexts} of a path, with `/` for `\`; and the same paths as a server resolves them: without empty segments, `.`,
 * `..`, the text after a `;` in a segment, and a slash at the end.
 */
export function plainPaths(bytes: string): {
  readonly asSent: readonly string[];
  readonly resolved: readonly string[];
} {
  const asSent = plainTexts(bytes, false).map((path) => path.replaceAll('\\', '/'));
  return { asSent, resolved: [...new Set(asSent.map(resolvePath))] };
}

/** UTF-8 as a text in which each character is a byte. */
export function toByteText(text: string): string {
  return Buffer.from(text).toString('latin1');
}

function decode(bytes: string): string {
  if (!bytes.includes('%')) return bytes;
  return bytes.replace(ESCAPES, (_, units: string | undefined, byte: string) => {
    if (units === undefined) return String.fromCharCode(Number.parseInt(byte, 16));
    return toByteText(
      units.replaceAll(/%u(....)/gi, (_, unit: string) => String.fromCharCode(Number.parseInt(unit, 16))),
    );
  });
}

function toPlain(bytes: string): string {
  const isAscii = /^[\0-\x7f]*$/.test(bytes);
  const text = isAscii ? bytes : Buffer.from(shorten(bytes), 'latin1').toString().normalize('NFKC');
  return text.toLowerCase().replace(INVISIBLE, '').replace(WHITE_SPACE, ' ').trim();
}

/** ASCII written in two or three bytes: no decoder should accept it, but some do. */
function shorten(bytes: string): string {
  return bytes.replace(OVERLONG, (sequence, low: string | undefined, middle: string, last: string) => {
    const high = low === undefined ? middle.charCodeAt(0) : sequence.charCodeAt(0);
    return String.fromCharCode(((high & 1) << 6) | ((low ?? last).charCodeAt(0) & 0x3f));
  });
}

function resolvePath(path: string): string {
  const segments: string[] = [];
  for (const each of path.split('/')) {
    const segment = each.replace(/;.*/, '');
    if (segment === '..') segments.pop();
    else if (segment !== '' && segment !== '.') segments.push(segment);
  }
  return `/${segments.join('/')}`;
}
