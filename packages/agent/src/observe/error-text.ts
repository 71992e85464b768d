import { escapeText } from '@spop/codec';

const MAX_TEXT = 512;
/** How many causes behind an error are told: `fetch failed` has the reason in its cause. */
const MAX_CAUSES = 2;

/** What was thrown, as one line of text, whatever it is; an error with its causes. At most 512 characters. */
export function textOf(thrown: unknown): string {
  try {
    let text = String(thrown);
    let error = thrown;
    for (let i = 0; i < MAX_CAUSES && error instanceof Error && error.cause !== undefined; i++) {
      error = error.cause;
      text += ` (cause: ${String(error)})`;
    }
    return escapeText(text, MAX_TEXT);
  } catch {
    return `${typeof thrown} without a text`;
  }
}

/** Where an error was made: up to `count` lines of its stack, without those within Node; none where it has none. */
export function placesOf(thrown: unknown, count: number): string[] {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return [];
    const { stack } = thrown;
    const head = String(thrown);
    // A text may have lines that look like places.
    const lines = (stack.startsWith(head) ? stack.slice(head.length) : stack).matchAll(/^ +at (.+)$/gm);
    const places = [...lines].map(([, place = '']) => escapeText(place, MAX_TEXT));
    return places.filter((place) => !place.includes('node:internal')).slice(0, count);
  } catch {
    return [];
  }
}
