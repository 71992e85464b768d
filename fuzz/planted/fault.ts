import { readFileSync } from 'node:fs';

/** A realistic mistake, as the replacement of one place in one source file. */
export interface Fault {
  readonly name: string;
  /** What a programmer would have overlooked. */
  readonly mistake: string;
  /** Path from the repository's root. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly search: string;
  readonly replace: string;
}

/**
 * The file's text with the fault in it.
 *
 * @throws {Error} where the place is not there exactly once: the source has changed, and the fault has to follow.
 */
export function withFault(root: string, { name, file, search, replace }: Fault): string {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const places = text.split(search).length - 1;
  if (places !== 1) throw new Error(`expected one place for the fault '${name}' in ${file}; found ${places}`);
  return text.replace(search, () => replace);
}
