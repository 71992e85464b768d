import { globSync, statSync } from 'node:fs';
import { join } from 'node:path';
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

/** The files of tests to run against changes of a package. Properties of the codec run a part of their usual number. */
const TESTS = {
  codec: ['packages/codec/test/**/*.test.ts', 'fuzz/targets.test.ts', 'fuzz/codec/*.test.ts'],
  agent: ['packages/agent/test/*.test.ts', 'packages/agent/test/{connection,notify,observe,session}/*.test.ts'],
  builder: [
    'packages/builder/test/**/*.test.ts',
    'packages/agent/test/{scripted-haproxy,cli/*,attack/conformance}.test.ts',
  ],
} as const;

/** Tests that measure memory, start processes or say nothing about behaviour. */
const WITHOUT = [
  '**/*.e2e.test.ts',
  '**/*.program.test.ts',
  '**/{memory,readme,types,busy-listener,left-behind,documented-defaults}.test.ts',
];

export const LAST_ROUND = 3;

/** Tests of much at a time: they come last, with what the others did not notice. */
const LAST = /^fuzz|\/(?:captures|round-trip|arbitraries|arbitraries-reach|arbitrary-bytes|large-input)\.test\.ts$/;

export type PackageName = (typeof PACKAGES)[number];

export function packageOf(file: string): PackageName {
  const name = PACKAGES.find((each) => file.startsWith(`packages/${each}/`));
  if (name === undefined) throw new Error(`expected a file of ${PACKAGES.join(', ')}; found ${file}`);
  return name;
}

/**
 * The files of tests to run against changes of a package in a round, as paths from `folder`: short ones first in the first round,
 * then long ones, which that round came to last; {@link LAST} in the last round alone. All of them without a round.
 */
export function testsOf(name: PackageName, folder: string = root, round: number = LAST_ROUND): string[] {
  const all = globSync([...TESTS[name]], { cwd: folder, exclude: WITHOUT });
  const files = round < LAST_ROUND ? all.filter((file) => !LAST.test(file)) : all;
  const size = (file: string): number => statSync(join(folder, file)).size * (round > 1 ? -1 : 1);
  const place = (file: string): number => size(file) + (LAST.test(file) ? 1e9 : 0);
  return files.toSorted((a, b) => place(a) - place(b));
}

/** Every source file of codec, agent and builder, but for names and numbers. */
export function mutatedFiles(): string[] {
  const files = PACKAGES.flatMap((name) => sourceFiles(name));
  const unknown = NOT_MUTATED.filter((file) => !files.includes(file));
  if (unknown.length > 0) throw new Error(`expected source files to leave out; found no ${unknown.join(', ')}`);
  return files.filter((file) => !NOT_MUTATED.includes(file));
}
