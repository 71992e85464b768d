import { escapeText } from '@spop/codec';

const MAX_TEXT = 512;
/** How many causes of an error are shown: `fetch failed` has the reason in its cause. */
const MAX_CAUSES = 2;

/** Any thrown value as one line of at most 512 characters; an error with up to two causes. */
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

/** Up to `count` places of an error's stack, without those within Node; none for a value without a stack. */
export function placesOf(thrown: unknown, count: number): string[] {
  try {
    if (!(thrown instanceof Error) || typeof thrown.stack !== 'string') return [];
    const { stack } = thrown;
    const head = String(thrown);
    // The error's text may have lines that look like places.
    const lines = (stack.startsWith(head) ? stack.slice(head.length) : stack).matchAll(/^ +at (.+)$/gm);
    const places = [...lines].map(([, place = '']) => escapeText(place, MAX_TEXT));
    return places.filter((place) => !place.includes('node:internal')).slice(0, count);
  } catch {
    return [];
  }
}
