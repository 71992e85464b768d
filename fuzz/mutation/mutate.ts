import { spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { mutatedFiles, testsFor } from './mutated-files.ts';
import { type FileReport, type FileResult, readResult, toResult, toTable, writeResult } from './results.ts';

const HELP = `Usage: pnpm run mutate [part of a file's name …] [--again] [--concurrency N]

Changes every source file of codec, agent and builder in thousands of small ways (Stryker), in a copy of the sources, and
runs the unit tests that say something about the file against each; in the codec, corpora and some properties too. The result
of each file is kept in fuzz/mutation/results.json, and a file whose code has not changed since is not run again: a run that was
stopped goes on where it was. fuzz/mutation.md says why those that survived are harmless.

  --again          runs also what has a result
  --concurrency N  as many test processes at a time; one less than there are processors by default
`;

function configuration(file: string, concurrency: number): object {
  return {
    testRunner: 'vitest',
    // Stryker's sandbox does not work with vitest 5; this is a copy anyway.
    inPlace: true,
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
    vitest: { configFile: 'vitest.mutation.config.ts' },
    mutate: [file],
    concurrency,
    coverageAnalysis: 'perTest',
    // Texts of errors are for people, and reworded without a test.
    mutator: { excludedMutations: ['StringLiteral'] },
    ignoreStatic: true,
    timeoutMS: 10_000,
    dryRunTimeoutMinutes: 30,
    reporters: ['progress', 'json'],
    jsonReporter: { fileName: 'report.json' },
    tempDirName: 'stryker-temporary',
  };
}

/** A part of the runs of each property. */
const FUZZ_RUNS = '0.1';

/** Tests that take a second and more, which is too long for thousands of mutants. */
const SLOW = [
  'arbitrary-bytes',
  'readme',
  'captures',
  'round-trip',
  'arbitraries*',
  'large-input',
  'schema',
  'memory',
  'close-on-signals',
  'left-behind',
  'busy-listener',
];

/** Only what says something about the mutated file and is quick. */
function vitestConfig(file: string): string {
  return `
import { defineConfig } from 'vitest/config';
export default defineConfig({
  ssr: { resolve: { conditions: ['@spop/source', 'module', 'node', 'development|production'] } },
  test: {
    include: ${JSON.stringify(testsFor(file))},
    exclude: ['**/{${SLOW.join(',')}}.test.ts', '**/*.e2e.test.ts', '**/node_modules/**'],
  },
});
`;
}

const root = fileURLToPath(new URL('../..', import.meta.url));

/** @throws {Error} where Stryker ends without a report: tests fail without any change, or it was stopped. */
async function mutate(file: string, concurrency: number): Promise<FileResult> {
  const copy = copySources();
  try {
    writeFileSync(join(copy, 'vitest.mutation.config.ts'), vitestConfig(file));
    writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(configuration(file, concurrency), undefined, 2));
    const stryker = join(root, 'fuzz/node_modules/@stryker-mutator/core/bin/stryker.js');
    const child = spawn(process.execPath, [stryker, 'run', 'stryker.config.json'], {
      cwd: copy,
      stdio: 'inherit',
      env: { ...process.env, FUZZ_RUNS },
    });
    const { promise, resolve } = Promise.withResolvers<number>();
    child.once('exit', (code) => resolve(code ?? 1));
    const code = await promise;
    const report = join(copy, 'report.json');
    if (!existsSync(report)) throw new Error(`expected a report of Stryker on ${file}; it ended with ${code}`);
    // The report's shape is Stryker's own.
    const { files } = JSON.parse(readFileSync(report, 'utf8')) as { files: Record<string, FileReport> };
    const found = files[file];
    if (found === undefined)
      throw new Error(`expected ${file} in Stryker's report; found ${Object.keys(files).join()}`);
    return toResult(file, found);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      help: { type: 'boolean' },
      again: { type: 'boolean', default: false },
      concurrency: { type: 'string' },
    },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const concurrency = Number(values.concurrency ?? Math.max(1, availableParallelism() - 1));
  const files = mutatedFiles().filter(
    (file) => positionals.length === 0 || positionals.some((part) => file.includes(part)),
  );
  if (files.length === 0) throw new Error(`expected a part of a source file's name; found ${positionals.join(', ')}`);
  const failed: string[] = [];
  const results = new Map<string, FileResult>();
  for (const [index, file] of files.entries()) {
    const before = values.again ? undefined : readResult(file);
    console.log(`${index + 1} of ${files.length}: ${file}${before === undefined ? '' : ' has a result'}`);
    try {
      const result = before ?? (await mutate(file, concurrency));
      if (before === undefined) writeResult(file, result);
      results.set(file, result);
    } catch (error) {
      console.error(error);
      failed.push(file);
    }
  }
  for (const [file, { survivors }] of results) for (const survivor of survivors) console.log(`${file}:${survivor}`);
  console.log(`\n${toTable(results)}`);
  for (const file of failed) console.log(`no result: ${file}`);
  return failed.length === 0 ? 0 : 1;
}

process.exitCode = await main();
