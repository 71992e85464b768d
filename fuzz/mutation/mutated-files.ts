import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourceFiles } from '../support/source-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Pure parts of the agent; sockets and timers are left to the end-to-end tests. */
const AGENT_PARTS = ['handshake', 'state', 'fragments', 'handlers', 'options'];
/** Nothing but names and numbers. */
const NOT_MUTATED = ['packages/codec/src/index.ts', 'packages/codec/src/constants.ts'];

/** Everything that takes bytes and returns values, as patterns of files to mutate; those with ! are left out. */
export const PURE: readonly string[] = [
  'packages/codec/src/**/*.ts',
  ...NOT_MUTATED.map((file) => `!${file}`),
  ...AGENT_PARTS.map((name) => `packages/agent/src/**/${name}.ts`),
];

/** Their tests, and some properties. */
export const TESTS: readonly string[] = [
  'packages/codec/test/**/*.test.ts',
  ...AGENT_PARTS.map((name) => `packages/agent/test/**/${name}.test.ts`),
  'fuzz/corpus.test.ts',
  ...['pool', 'frame-reader', 'text', 'notify'].map((name) => `fuzz/codec/${name}.test.ts`),
];

/**
 * The files that the patterns of {@link PURE} name.
 *
 * @throws {Error} where a pattern, there or in {@link TESTS}, names none, or a file of the codec is named by none.
 */
export function mutatedFiles(): string[] {
  const filesOf = (pattern: string): string[] => {
    const files = globSync(pattern, { cwd: root });
    if (files.length === 0) throw new Error(`expected files at ${pattern}; found none`);
    return files;
  };
  TESTS.forEach(filesOf);
  const files = PURE.filter((pattern) => !pattern.startsWith('!')).flatMap(filesOf);
  const forgotten = sourceFiles('codec').filter((file) => !files.includes(file));
  if (forgotten.length > 0)
    throw new Error(`expected all files of the codec; ${forgotten.join(', ')} would be left out`);
  return files.filter((file) => !NOT_MUTATED.includes(file));
}
