/** Of one field that came from elsewhere so many UTF-16 units are shown. */
const MAX_SHOWN = 128;

/**
 * What begins a line, moves a terminal's cursor or turns the direction of the text after it: C0 and C1 controls with DEL,
 * controls of bidirectional text, U+2028 and U+2029.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Text of a peer as it may stand in a log line or an error's text: at most `maxLength` UTF-16 units of it (128 by default) and
 * `…` for the rest, with control characters, controls of bidirectional text, U+2028 and U+2029 written as `\u001b`.
 */
export function escapeText(text: string, maxLength: number = MAX_SHOWN): string {
  return cut(text, maxLength).replaceAll(UNPRINTABLE, toEscape);
}

/** The same between quotation marks, where `"` and `\` are escaped as well: 128 units of `text`, or of what String() makes of it. */
export function quoteText(text: unknown): string {
  return JSON.stringify(cut(String(text), MAX_SHOWN)).replaceAll(UNPRINTABLE, toEscape);
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  // Half a surrogate pair is not shown.
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength)}…`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
