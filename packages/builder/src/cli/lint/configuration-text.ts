/** One line of a configuration that says something. */
export interface ConfigurationLine {
  /** From 1. */
  readonly number: number;
  /** What HAProxy tells apart, without quotes and escapes; environment variables stay as they are written. */
  readonly words: readonly string[];
}

/** A section: the line that opens it, and those up to the next. */
export interface Section {
  /** Such as `frontend` or `spoe-message`. */
  readonly kind: string;
  /** Empty where it has none. */
  readonly name: string;
  readonly head: ConfigurationLine;
  readonly lines: readonly ConfigurationLine[];
}

/** Outside of quotes; HAProxy takes a backslash for these and for hexadecimal digits (configuration manual, §2.2). */
const ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t' };
const BLANK = /\s/;

/**
 * The lines of a configuration that are not empty, with their words: quotes, escapes and comments as HAProxy reads them
 * (configuration manual, §2.2). A quote that is not closed ends with its line. Takes any text.
 */
export function linesOf(text: string): ConfigurationLine[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ number: index + 1, words: wordsOf(line) }))
    .filter(({ words }) => words.length > 0);
}

function wordsOf(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quote = '';
  for (let index = 0; index < line.length; index++) {
    const character = line.charAt(index);
    if (quote !== "'" && character === '\\') {
      const next = line.charAt(++index);
      word = (word ?? '') + (quote === '' ? (ESCAPES[next] ?? next) : next);
    } else if (quote === '' && character === '#') break;
    else if (quote === '' && BLANK.test(character)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else if (character === quote) quote = '';
    else if (quote === '' && (character === '"' || character === "'")) {
      quote = character;
      // An empty pair of quotes is a word too.
      word ??= '';
    } else word = (word ?? '') + character;
  }
  return word === undefined ? words : [...words, word];
}

/** Tells the sections of lines apart; lines before the first belong to none and are left out. */
export function sectionsOf(lines: readonly ConfigurationLine[], kinds: ReadonlySet<string>): Section[] {
  const sections: (Section & { readonly lines: ConfigurationLine[] })[] = [];
  for (const line of lines) {
    const [kind = '', name = ''] = line.words;
    if (kinds.has(kind)) sections.push({ kind, name, head: line, lines: [] });
    else sections.at(-1)?.lines.push(line);
  }
  return sections;
}

/** Whether a line begins with these words. */
export function isLine(line: ConfigurationLine, ...words: readonly string[]): boolean {
  return words.every((word, index) => line.words[index] === word);
}

/** The lines of a section that begin with these words. */
export function linesWith({ lines }: Pick<Section, 'lines'>, ...words: readonly string[]): ConfigurationLine[] {
  return lines.filter((line) => isLine(line, ...words));
}

/** The names on all lines that begin with a word, each with its line: of `messages a b` and `messages c` three. */
export function namesOn(section: Section | undefined, word: string): { name: string; line: ConfigurationLine }[] {
  if (section === undefined) return [];
  return linesWith(section, word).flatMap((line) => line.words.slice(1).map((name) => ({ name, line })));
}

/** Whether the environment decides what a word is. */
export function hasVariable(word: string): boolean {
  return word.includes('$');
}

const UNITS: Readonly<Record<string, number>> = {
  us: 0.001,
  ms: 1,
  '': 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A time of a configuration in milliseconds; undefined where it is none, or the environment has it. */
export function millisecondsOf(word: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15})(us|ms|s|m|h|d|)$/.exec(word ?? '') ?? [];
  const factor = UNITS[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** The value of the last of the lines that begin with these words. */
export function valueOf(section: Pick<Section, 'lines'>, ...words: readonly string[]): string | undefined {
  return linesWith(section, ...words).at(-1)?.words[words.length];
}
