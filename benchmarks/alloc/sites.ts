import { globSync, readFileSync } from 'node:fs';
import { basename } from 'node:path';

/** A function of the codec, as a place where an allocation can be planted. */
export interface Site {
  /** From {@link sourceFolder}. */
  readonly file: string;
  readonly name: string;
  /** Index of the line that opens the function's body. */
  readonly line: number;
}

/** The sources of the codec. */
export const sourceFolder: URL = new URL('../../packages/codec/src/', import.meta.url);

const sources = globSync('**/*.ts', { cwd: sourceFolder });

/** The codec's hot files, which a frame passes through, as paths from {@link sourceFolder}. */
export const hotFiles: readonly string[] = [
  'ack-writer.ts',
  'address-bytes.ts',
  'address-reader.ts',
  'address.ts',
  'cookie-reader.ts',
  'cursor.ts',
  'forwarded.ts',
  'frame-reader.ts',
  'frame-writer.ts',
  'frame.ts',
  'header-reader.ts',
  'kv-list.ts',
  'message-reader.ts',
  'message-view.ts',
  'name-pattern.ts',
  'name-table.ts',
  'notify.ts',
  'pool.ts',
  'text-address.ts',
  'text-cache.ts',
  'text-place.ts',
  'utf8.ts',
  'typed-data-writer.ts',
  'typed-data.ts',
  'value-slot.ts',
  'value.ts',
  'varint.ts',
  'view-class.ts',
  'view-source.ts',
].map(locate);

/** @throws {Error} unless exactly one file of the codec has that name: it may have been renamed. */
function locate(name: string): string {
  const found = sources.filter((file) => basename(file) === name);
  if (found.length !== 1)
    throw new Error(`expected one file ${name} in the codec; found ${found.join(', ') || 'none'}`);
  return found[0]!;
}

const DECLARATION =
  /^(?:export )?function (\w+)|^ {6}return function (\w+)\(|^ {2}(?:(?:private|protected|get|set|override) )*(#?\w+)(?:<[^>]*>)?\(/;
const NO_DECLARATION = /^ {2}(?:if|for|while|switch|throw|return|super)\b/;

/**
 * The functions and methods of a source file as the formatter lays it out, without those that may allocate:
 * constructors, `to…`, and makers of errors.
 *
 * @throws {Error} if there is none: the formatter may lay functions out differently.
 */
export function sitesOf(file: string): Site[] {
  const lines = readFileSync(new URL(file, sourceFolder), 'utf8').split('\n');
  const sites: Site[] = [];
  for (const [index, text] of lines.entries()) {
    const name = NO_DECLARATION.test(text) ? undefined : DECLARATION.exec(text)?.slice(1).find(Boolean);
    if (name === undefined || name === 'constructor' || /^to[A-Z]/.test(name)) continue;
    const line = lines.findIndex((each, at) => at >= index && /(?:\{|;)$/.test(each));
    const head = lines.slice(index, line + 1).join(' ');
    // What ends in a semicolon is an interface's method; `undefined {` and `SpopError {` end in throwing or allocating.
    if (head.endsWith(';') || head.endsWith(': SpopError {')) continue;
    sites.push({ file, name, line });
  }
  if (sites.length === 0) throw new Error(`expected functions in ${file}; found none`);
  return sites;
}
