import { globSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { sourceFiles } from '../support/source-files.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));

const PACKAGES = ['codec', 'agent', 'builder'] as const;

/** Nothing but names and numbers. */
const NOT_MUTATED = [
  'packages/codec/src/index.ts',
  'packages/codec/src/constants.ts',
  'packages/agent/src/index.ts',
  'packages/builder/src/index.ts',
  'packages/builder/src/arbitraries.ts',
];

/** Folders of the agent that are tested through each other. */
const AGENT_TOGETHER = ['notify', 'session', 'connection'];

function agentTests(folder: string): string[] {
  if (folder === '') return ['packages/agent/test/*.test.ts'];
  const folders = AGENT_TOGETHER.includes(folder) ? AGENT_TOGETHER : [folder];
  return folders.map((each) => `packages/agent/test/${each}/*.test.ts`);
}

/**
 * The tests to run against changes of a file, as patterns: those of its package, of its folder if they are many, and
 * the properties that are quick.
 *
 * @throws {Error} where a pattern names no file.
 */
export function testsFor(file: string): readonly string[] {
  const [, name, , folder = ''] = /^packages\/(\w+)\/src\/((\w+)\/)?[^/]+$/.exec(file) ?? [];
  const properties = ['fuzz/targets.test.ts', 'fuzz/codec/notify.test.ts'];
  const patterns =
    name === 'codec'
      ? ['packages/codec/test/**/*.test.ts', ...properties]
      : name === 'agent'
        ? agentTests(folder)
        : ['packages/builder/test/**/*.test.ts'];
  for (const pattern of patterns) {
    if (globSync(pattern, { cwd: root }).length === 0) throw new Error(`expected files at ${pattern}; found none`);
  }
  return patterns;
}

/** Every source file of codec, agent and builder, but for names and numbers. */
export function mutatedFiles(): string[] {
  const files = PACKAGES.flatMap((name) => sourceFiles(name));
  const unknown = NOT_MUTATED.filter((file) => !files.includes(file));
  if (unknown.length > 0) throw new Error(`expected source files to leave out; found no ${unknown.join(', ')}`);
  return files.filter((file) => !NOT_MUTATED.includes(file));
}
