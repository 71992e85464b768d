/** One line of a configuration that is not empty. */
export interface ConfigurationLine {
  /** The number of the line, from 1. */
  readonly number: number;
  /** The words without quotes and escapes; environment variables are not replaced. */
  readonly words: readonly string[];
}

/** A section: the line that opens it, and the lines up to the next. */
export interface Section {
  /** The kind, such as `frontend` or `spoe-message`. */
  readonly kind: string;
  /** The name; empty if it has none. */
  readonly name: string;
  readonly head: ConfigurationLine;
  readonly lines: readonly ConfigurationLine[];
}

/**
 * What a backslash outside single quotes makes of the next character, besides hexadecimal digits and `$`; before another one it stays
 * (HAProxy, src/tools.c, parse_line).
 */
const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  ' ': ' ',
  '\\': '\\',
  '#': '#',
  "'": "'",
  '"': '"',
};
const BLANK = /\s/;

/**
 * The lines of a configuration that are not empty, with their words. Quotes, escapes and comments are read as by HAProxy
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
      word = (word ?? '') + (ESCAPES[next] ?? `\\${next}`);
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

/** Splits lines into sections; lines before the first section are left out. */
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

/** The names on all lines that begin with a word, each with its line: three for `messages a b` and `messages c`. */
export function namesOn(section: Section | undefined, word: string): { name: string; line: ConfigurationLine }[] {
  if (section === undefined) return [];
  return linesWith(section, word).flatMap((line) => line.words.slice(1).map((name) => ({ name, line })));
}

/** Whether a word contains an environment variable. */
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

/** A time of a configuration in milliseconds; undefined if it is not a time, or comes from the environment. */
export function millisecondsOf(word: string | undefined): number | undefined {
  const [, digits, unit = ''] = /^(\d{1,15})(us|ms|s|m|h|d|)$/.exec(word ?? '') ?? [];
  const factor = UNITS[unit];
  return digits === undefined || factor === undefined ? undefined : Number(digits) * factor;
}

/** The value of the last line that begins with these words. */
export function valueOf(section: Pick<Section, 'lines'>, ...words: readonly string[]): string | undefined {
  return linesWith(section, ...words).at(-1)?.words[words.length];
}
