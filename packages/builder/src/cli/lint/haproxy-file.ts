import {
  isLine,
  linesOf,
  linesWith,
  sectionsOf,
  valueOf,
  type ConfigurationLine,
  type Section,
} from './configuration-text.ts';

/** Words that open a section (configuration manual of HAProxy 2.6 to 3.4). */
const SECTIONS: ReadonlySet<string> = new Set([
  'global',
  'defaults',
  'frontend',
  'backend',
  'listen',
  'peers',
  'resolvers',
  'userlist',
  'mailers',
  'program',
  'cache',
  'http-errors',
  'ring',
  'log-forward',
  'log-profile',
  'fcgi-app',
  'traces',
  'crt-store',
  'acme',
]);

/** A frontend, backend or listen section, with the `defaults` that apply to it. */
export interface Proxy extends Section {
  readonly defaults: Section | undefined;
}

/** A line `filter spoe`. */
export interface SpoeFilter {
  readonly proxy: Proxy;
  readonly line: ConfigurationLine;
  /** The name of the engine; undefined if the line has none. */
  readonly engine: string | undefined;
  /** The path of the SPOE configuration as it is written. */
  readonly config: string;
}

/** The parts of HAProxy's configuration that concern agents. */
export interface HaproxyFile {
  readonly lines: readonly ConfigurationLine[];
  readonly global: Pick<Section, 'lines'>;
  readonly proxies: readonly Proxy[];
  readonly filters: readonly SpoeFilter[];
  /** Whether Lua, or a filter of another kind, may set and read variables that this reader does not know. */
  readonly hasPrograms: boolean;
  /** Whether all named sections are in this file; HAProxy may get more files, which this reader does not know. */
  readonly isWhole: boolean;
}

/** Filters that set no variables. */
const KNOWN_FILTERS: ReadonlySet<string> = new Set([
  'spoe',
  'compression',
  'comp-req',
  'comp-res',
  'cache',
  'trace',
  'bwlim-in',
  'bwlim-out',
  'fcgi-app',
]);

/** The defaults that a section names, after its own name; `defaults` may have no other (HAProxy, src/cfgparse-listen.c). */
function defaultsNameOf({ kind, head: { words } }: Section): string | undefined {
  const index = kind === 'defaults' && words.length === 3 ? 1 : 2;
  return words[index] === 'from' ? words[index + 1] : undefined;
}

/** Parses HAProxy's configuration. Takes any text, and skips unknown lines. */
export function parseHaproxyFile(text: string): HaproxyFile {
  const lines = linesOf(text);
  const sections = sectionsOf(lines, SECTIONS);
  const named = new Map<string, Section>();
  const proxies: Proxy[] = [];
  let latest: Section | undefined;
  for (const section of sections) {
    const from = defaultsNameOf(section);
    const defaults = from === undefined ? latest : named.get(from);
    if (section.kind === 'defaults') {
      // Only those with a name are inherited here: no setting of the latest ones.
      const inherited = from === undefined ? [] : (defaults?.lines ?? []);
      latest = { ...section, lines: [...inherited, ...section.lines] };
      named.set(section.name, latest);
    } else if (['frontend', 'backend', 'listen'].includes(section.kind)) proxies.push({ ...section, defaults });
  }
  return {
    lines,
    global: { lines: sections.filter(({ kind }) => kind === 'global').flatMap((section) => section.lines) },
    proxies,
    filters: proxies.flatMap((proxy) => linesWith(proxy, 'filter', 'spoe').map((line) => filterOf(proxy, line))),
    isWhole: isWhole(lines, proxies),
    hasPrograms: lines.some(
      (line) =>
        line.words.some((word) => /^lua[-.]/.test(word)) ||
        (isLine(line, 'filter') && !KNOWN_FILTERS.has(line.words[1] ?? '')),
    ),
  };
}

function isWhole(lines: readonly ConfigurationLine[], proxies: readonly Proxy[]): boolean {
  const names = new Set(proxies.map(({ name }) => name));
  const named = lines
    .filter(({ words }) => words[0] === 'use_backend' || words[0] === 'default_backend')
    .map(({ words }) => words[1] ?? '');
  const hasEntry = proxies.some(({ kind }) => kind !== 'backend');
  return hasEntry && named.every((name) => names.has(name) || /[%$]/.test(name));
}

function filterOf(proxy: Proxy, line: ConfigurationLine): SpoeFilter {
  return { proxy, line, engine: wordAfter(line, 'engine'), config: wordAfter(line, 'config') ?? '' };
}

/** The word after another one. */
export function wordAfter({ words }: ConfigurationLine, word: string): string | undefined {
  const index = words.indexOf(word);
  return index < 0 ? undefined : words[index + 1];
}

/** A setting of a proxy or, if it has none, of its `defaults`. */
export function settingOf(proxy: Proxy, ...words: readonly string[]): string | undefined {
  return valueOf(proxy, ...words) ?? (proxy.defaults === undefined ? undefined : valueOf(proxy.defaults, ...words));
}

/** Whether a proxy has an option: `true` or `false` if it or its `defaults` say so, else undefined. */
export function optionOf(proxy: Proxy, option: string): boolean | undefined {
  for (const section of [proxy, proxy.defaults]) {
    const line = section?.lines.findLast(
      (each) => isLine(each, 'option', option) || isLine(each, 'no', 'option', option),
    );
    if (line !== undefined) return line.words[0] === 'option';
  }
  return undefined;
}

/** `http`, `tcp` and so on; `tcp` is HAProxy's default. */
export function modeOf(proxy: Proxy): string {
  return settingOf(proxy, 'mode') ?? 'tcp';
}
