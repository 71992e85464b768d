/** Prints as JSON which functions of the codec each case runs: statements that plant-hook.ts inserts add them to `covered`. */
import { findCases } from '../codec/catalogue.ts';
import { run } from '../harness/operation.ts';
import type { Covered } from './planting.ts';

declare global {
  var covered: Set<string>;
}

const OPERATIONS = 40;
globalThis.covered = new Set();

const found: Covered[] = [];
for (const { file, definition } of await findCases(undefined)) {
  const operation = definition.subjects.spop?.();
  if (operation === undefined || definition.throws === true) continue;
  run(operation, OPERATIONS);
  globalThis.covered.clear();
  const start = performance.now();
  run(operation, OPERATIONS);
  const milliseconds = performance.now() - start;
  found.push({ file, name: definition.name, milliseconds, sites: [...globalThis.covered] });
}
process.stdout.write(JSON.stringify(found));
