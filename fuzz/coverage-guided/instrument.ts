import { readFileSync } from 'node:fs';
import { registerHooks, stripTypeScriptTypes } from 'node:module';
import { fileURLToPath } from 'node:url';
import { createInstrumenter } from 'istanbul-lib-instrument';
import { sourceFiles } from '../support/source-files.ts';

/*
 * Counts how often each statement, branch and function of the packages runs. istanbul puts a counter before each of them when the
 * module is loaded. Here each counter is one element of a typed array, which a fuzzer reads and clears for every input.
 */

const INSTRUMENTED = /\/packages\/(codec|agent)\/src\/.+\.ts$/;
const MAX_COUNTERS = 1 << 16;

/** One counter for each statement, branch and function, in the order in which modules are loaded. */
export const counters: Uint32Array = new Uint32Array(MAX_COUNTERS);

let count = 0;

declare global {
  // A declaration of a global needs `var`.
  var spopCounters: Uint32Array | undefined;
}

/** The number of counters so far. */
export function counterCount(): number {
  return count;
}

/** The sum of all counters: the steps since they were cleared. */
export function countSteps(): number {
  let steps = 0;
  for (let index = 0; index < count; index++) steps += counters[index]!;
  return steps;
}

/** Source files of the codec and the agent that would be loaded without counters: none, unless they have moved. */
export function uncountedFiles(): string[] {
  return [...sourceFiles('codec'), ...sourceFiles('agent')].filter((file) => !INSTRUMENTED.test(`/${file}`));
}

/**
 * Instruments each module of the codec and the agent that is loaded from now on.
 *
 * @throws {Error} if a file of theirs would be left out.
 */
export function instrumentPackages(): void {
  const uncounted = uncountedFiles();
  if (uncounted.length > 0)
    throw new Error(`expected every source file to be instrumented; found ${uncounted.join(', ')}`);
  globalThis.spopCounters = counters;
  registerHooks({
    load(url, context, nextLoad) {
      if (!INSTRUMENTED.test(url)) return nextLoad(url, context);
      const path = fileURLToPath(url);
      const plain = stripTypeScriptTypes(readFileSync(path, 'utf8'));
      return { format: 'module', source: instrument(plain, path), shortCircuit: true };
    },
  });
}

function instrument(source: string, path: string): string {
  const instrumenter = createInstrumenter({ esModules: true, compact: false, coverageVariable: 'unusedCoverage' });
  const instrumented = instrumenter.instrumentSync(source, path);
  const { statementMap, fnMap, branchMap } = instrumenter.lastFileCoverage();
  const keys = [
    ...Object.keys(statementMap).map((id) => `.s[${id}]`),
    ...Object.keys(fnMap).map((id) => `.f[${id}]`),
    ...Object.entries(branchMap).flatMap(([id, { locations }]) => locations.map((_, index) => `.b[${id}][${index}]`)),
  ];
  const places = new Map(keys.map((key, index) => [key, count + index]));
  count += keys.length;
  if (count > MAX_COUNTERS) throw new Error(`expected at most ${MAX_COUNTERS} counters`);
  const counted = instrumented.replaceAll(
    /cov_\w+\(\)((?:\.[sf]\[\d+\])|(?:\.b\[\d+\]\[\d+\]))\+\+/g,
    (_, key: string) => {
      const index = places.get(key);
      if (index === undefined) throw new Error(`expected a counter for ${key} of ${path}`);
      return `spopCounters[${index}]++`;
    },
  );
  return `const spopCounters = globalThis.spopCounters; ${counted}`;
}
