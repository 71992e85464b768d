import { spawn } from 'node:child_process';
import { cpSync, existsSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { copySources } from '../support/copy-sources.ts';
import { mutatedFiles, PURE, TESTS } from './mutated-files.ts';

const HELP = `Usage: pnpm run mutate [file …] [--concurrency N]

Changes the codec and the agent's pure parts in thousands of small ways (Stryker), in a copy of the sources, and runs the
unit tests, the corpora and some properties against each. Files are named as packages/codec/src/wire/varint.ts; all by default.
The survivors end up in fuzz/mutation/report.html; fuzz/mutation.md says why those that are left are harmless.
`;

function configuration(mutate: readonly string[], concurrency: number): object {
  return {
    testRunner: 'vitest',
    // Stryker's sandbox does not work with vitest 5; this is a copy anyway.
    inPlace: true,
    plugins: [fileURLToPath(import.meta.resolve('@stryker-mutator/vitest-runner'))],
    vitest: { configFile: 'vitest.mutation.config.ts' },
    mutate,
    concurrency,
    coverageAnalysis: 'perTest',
    // Texts of errors are for people, and worded anew without a test.
    mutator: { excludedMutations: ['StringLiteral'] },
    ignoreStatic: true,
    timeoutMS: 10_000,
    reporters: ['progress', 'clear-text', 'html', 'json'],
    clearTextReporter: { allowColor: false, logTests: false, reportTests: false },
    htmlReporter: { fileName: 'report.html' },
    jsonReporter: { fileName: 'report.json' },
    tempDirName: 'stryker-temporary',
  };
}

/** A part of the runs of each property. */
const FUZZ_RUNS = '0.1';

/** Tests that take a second and more, which is too long for thousands of mutants. */
const SLOW = ['arbitrary-bytes', 'readme', 'captures', 'round-trip'];

/** Only what says something about the mutated files and is quick: their own tests, corpora, some properties. */
const VITEST_CONFIG = `
import { defineConfig } from 'vitest/config';
export default defineConfig({
  ssr: { resolve: { conditions: ['@spop/source', 'module', 'node', 'development|production'] } },
  test: {
    include: ${JSON.stringify(TESTS)},
    exclude: ['**/{${SLOW.join(',')}}.test.ts'],
  },
});
`;

const root = fileURLToPath(new URL('../..', import.meta.url));

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean' }, concurrency: { type: 'string' } },
  });
  if (values.help === true) {
    console.log(HELP);
    return 0;
  }
  const concurrency = Number(values.concurrency ?? Math.max(1, availableParallelism() - 1));
  if (positionals.length === 0) mutatedFiles();
  const copy = copySources();
  writeFileSync(join(copy, 'vitest.mutation.config.ts'), VITEST_CONFIG);
  const config = configuration(positionals.length > 0 ? positionals : PURE, concurrency);
  writeFileSync(join(copy, 'stryker.config.json'), JSON.stringify(config, undefined, 2));
  const stryker = join(root, 'fuzz/node_modules/@stryker-mutator/core/bin/stryker.js');
  const child = spawn(process.execPath, [stryker, 'run', 'stryker.config.json'], {
    cwd: copy,
    stdio: 'inherit',
    env: { ...process.env, FUZZ_RUNS },
  });
  const { promise, resolve } = Promise.withResolvers<number>();
  child.once('exit', (code) => resolve(code ?? 1));
  const code = await promise;
  for (const name of ['report.html', 'report.json']) {
    if (existsSync(join(copy, name))) cpSync(join(copy, name), join(root, 'fuzz/mutation', name));
  }
  rmSync(copy, { recursive: true, force: true });
  return code;
}

process.exitCode = await main();
