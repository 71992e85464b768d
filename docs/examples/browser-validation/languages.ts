/** Chooses the page's language for a visitor. */

/** Those of texts.map, the first by default. */
export const LANGUAGES = ['en', 'de', 'es', 'fr', 'it', 'pt'] as const;

/** A language of the page. */
export type Language = (typeof LANGUAGES)[number];

/** More than a browser sends. */
const MAX_RANGES = 20;

/** The language that the field Accept-Language prefers: `de` for `de-CH, en;q=0.8`. */
export function chooseLanguage(field: string | undefined): Language {
  let best: Language = LANGUAGES[0];
  let bestWeight = 0;
  for (const range of (field ?? '').split(',', MAX_RANGES)) {
    const [, name, q = '1'] = /^\s*([a-z]{2})(?:-[\w-]*)?\s*(?:;\s*q=([01](?:\.\d{0,3})?))?\s*$/i.exec(range) ?? [];
    const found = LANGUAGES.find((each) => each === name?.toLowerCase());
    if (found === undefined || Number(q) <= bestWeight) continue;
    best = found;
    bestWeight = Number(q);
  }
  return best;
}
