import { readFileSync } from 'node:fs';
import path from 'node:path';

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

/** The files of each folder that a frame passes through. */
const HOT = {
  ack: ['ack-writer'],
  frames: ['frame', 'frame-reader', 'frame-writer', 'kv-list'],
  notify: ['message-reader', 'message-view', 'name-pattern', 'name-table', 'notify', 'view-class'],
  text: ['address-reader', 'cookie-reader', 'forwarded', 'header-reader', 'text-address', 'text-place'],
  values: ['text-cache', 'typed-data-writer', 'value', 'value-slot', 'view-source'],
  wire: ['address', 'address-bytes', 'cursor', 'typed-data', 'utf8', 'varint'],
  '.': ['pool'],
};

/** The codec's hot files, as paths from {@link sourceFolder}. */
export const hotFiles: readonly string[] = Object.entries(HOT).flatMap(([folder, names]) =>
  names.map((name) => path.join(folder, `${name}.ts`)),
);

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
