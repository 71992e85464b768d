/** The most UTF-16 units that are shown of a peer's text. */
const MAX_SHOWN = 128;

/**
 * Characters that end a line, move a terminal's cursor or change the direction of text: C0 and C1 controls with DEL, controls
 * of bidirectional text, U+2028 and U+2029.
 */
const UNPRINTABLE = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;

/**
 * Makes text of a peer safe for a log line or an error's text: at most `maxLength` UTF-16 units (128 by default) with `…` for
 * the rest, and control characters, controls of bidirectional text, U+2028 and U+2029 as escapes such as `\u001b`.
 */
export function escapeText(text: string, maxLength: number = MAX_SHOWN): string {
  return cut(text, maxLength).replaceAll(UNPRINTABLE, toEscape);
}

/** As `escapeText`, in quotation marks and with `"` and `\` escaped too: 128 units of `String(text)`. */
export function quoteText(text: unknown): string {
  return JSON.stringify(cut(String(text), MAX_SHOWN)).replaceAll(UNPRINTABLE, toEscape);
}

function cut(text: string, maxLength: number): string {
  if (text.length <= maxLength) return text;
  const last = text.charCodeAt(maxLength - 1);
  // Do not show half a surrogate pair.
  return `${text.slice(0, last >= 0xd800 && last <= 0xdbff ? maxLength - 1 : maxLength)}…`;
}

function toEscape(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
