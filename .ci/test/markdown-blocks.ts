/** The fenced blocks of the Markdown files, by the check for them. */
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

export const root: string = resolve(import.meta.dirname, '../..');

/** All Markdown files, by their paths in the repository. */
export const files: readonly string[] = globSync(
  ['*.md', '.{changeset,github}/*.md', '{packages,docs,benchmarks,fuzz}/**/*.md'],
  {
    cwd: root,
    // The build of the site writes docs/reference from docstrings.
    exclude: ['**/node_modules', '**/CHANGELOG.md', '**/*.api.md', 'docs/reference'],
  },
).toSorted();

/** `program` has imports, `fragment` is other TypeScript, `haproxy` and `spoe` are parts of HAProxy's two files. */
export type BlockKind = 'program' | 'fragment' | 'haproxy' | 'spoe' | 'shell' | 'other';

export interface Block {
  /** The place where the block begins: `docs/errors.md:12`. */
  readonly place: string;
  readonly file: string;
  readonly kind: BlockKind;
  /** The word after the backticks; `''` if there is none. */
  readonly language: string;
  readonly text: string;
}

const SPOE = /^(\[[\w-]+\]|spoe-(agent|message|group)\b)/;
const HAPROXY =
  /^(global|defaults|frontend|backend|listen)\b|^(http-request|tcp-request|server|no option|use_backend) /;

function kindOf(language: string, text: string): BlockKind {
  if (language === 'ts') return /^ *import /m.test(text) ? 'program' : 'fragment';
  if (language === 'sh' || language === 'console') return 'shell';
  if (language !== '' && language !== 'haproxy') return 'other';
  const first = text.split('\n').find((line) => !/^\s*(#.*)?$/.test(line)) ?? '';
  if (SPOE.test(first)) return 'spoe';
  return HAPROXY.test(first) ? 'haproxy' : 'other';
}

/** Blocks in lists are indented; here they begin at the left. */
function unindented(text: string, indent: string): string {
  return text.replaceAll(new RegExp(`^${indent}`, 'gm'), '');
}

export const blocks: readonly Block[] = files.flatMap((file) => {
  const page = readFileSync(join(root, file), 'utf8');
  return [...page.matchAll(/^( *)```(\w*)[^\n]*\n(.*?)^ *```$/gms)].map(
    ({ index, 1: indent = '', 2: language = '', 3: code = '' }) => {
      const text = unindented(code, indent);
      const line = page.slice(0, index).split('\n').length;
      return { place: `${file}:${line}`, file, kind: kindOf(language, text), language, text };
    },
  );
});

/** The blocks of this kind. */
export function blocksOf(...kinds: readonly BlockKind[]): Block[] {
  return blocks.filter(({ kind }) => kinds.includes(kind));
}
