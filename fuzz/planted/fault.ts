import { readFileSync } from 'node:fs';

/** A realistic mistake, as the replacement of one place in one source file. */
export interface Fault {
  readonly name: string;
  /** The mistake in a few words. */
  readonly mistake: string;
  /** Path from the repository's root. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly search: string;
  readonly replace: string;
  /** The test files, from the repository's root, of which at least one fails. */
  readonly noticedBy: readonly string[];
}

/** The file's text with the fault in it. @throws {Error} if the source has changed, so that the fault has to be adapted. */
export function withFault(root: string, { name, file, search, replace }: Fault): string {
  const text = readFileSync(`${root}/${file}`, 'utf8');
  const places = text.split(search).length - 1;
  if (places !== 1) throw new Error(`expected one place for the fault '${name}' in ${file}; found ${places}`);
  return text.replace(search, () => replace);
}

/** `count` of `items`, evenly spread from the first to the last, in their order; all if there are no more. */
export function spread<Item>(items: readonly Item[], count: number): Item[] {
  if (count >= items.length) return [...items];
  return Array.from({ length: count }, (_, i) => items[Math.floor(((i + 0.5) * items.length) / count)]!);
}

/** Names test files under `folder`/test by their paths there, without `.test.ts`. */
export function testsOf(folder: string): (...names: readonly string[]) => string[] {
  return (...names) => names.map((name) => `${folder}/test/${name}.test.ts`);
}
