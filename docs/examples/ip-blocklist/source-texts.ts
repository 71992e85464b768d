/** The sources of lists in `BLOCKLIST`. */
import { accessSync, constants } from 'node:fs';
import { messageOf } from '../shared/message-of.ts';

/** The kinds of sources. */
export type SourceKind = 'file' | 'url' | 'set';

const KINDS: Readonly<Record<string, SourceKind>> = {
  'http:': 'url',
  'https:': 'url',
  'redis:': 'set',
  'rediss:': 'set',
};

/**
 * Sources separated by commas: paths of files, URLs, and sets as `redis://host:port/KEY`.
 *
 * @throws Error for any other text, and for a file that cannot be read.
 */
export function parseSources(text: string): readonly string[] {
  const sources = text.split(',').map((source) => source.trim());
  for (const source of sources) checkSource(source);
  if (new Set(sources).size < sources.length) throw new Error('expected each source once');
  return sources;
}

/** The kind of a source. @throws Error if it is none. */
export function kindOf(source: string): SourceKind {
  if (!/^[a-z][a-z0-9+.-]*:\/\//i.test(source)) return 'file';
  const kind = URL.canParse(source) ? KINDS[new URL(source).protocol] : undefined;
  if (kind === undefined) throw new Error('expected files, http:// or https:// URLs, or sets as redis://host:port/KEY');
  return kind;
}

function checkSource(source: string): void {
  if (source === '') throw new Error('expected a source before and after each comma');
  const kind = kindOf(source);
  if (kind === 'set' && keyOf(new URL(source)) === '')
    throw new Error('expected the key of a set, as in redis://host:port/KEY');
  if (kind !== 'file') return;
  try {
    accessSync(source, constants.R_OK);
  } catch (error) {
    throw new Error(`expected a file that can be read: ${messageOf(error)}`, { cause: error });
  }
}

/** The key in the URL of a set. */
export function keyOf(url: URL): string {
  return decodeURIComponent(url.pathname.slice(1));
}

/** The text of a source for people: without the password of a URL. */
export function withoutPassword(text: string): string {
  return text.replace(/(:\/\/[^/@]*:)[^/@]*@/, '$1…@');
}
