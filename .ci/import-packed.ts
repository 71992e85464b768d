import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';

/**
 * `node import-packed.ts <folder>`, with packages unpacked below `<folder>/node_modules/@spop`: loads their entry points
 * as a program in that folder would, and with `require`, which also loads ES modules.
 */
const folder = resolve(process.argv[2] ?? '.');
const load: (specifier: string) => unknown = createRequire(join(folder, 'program.js'));

for (const name of readdirSync(join(folder, 'node_modules/@spop'))) {
  const text = readFileSync(join(folder, 'node_modules/@spop', name, 'package.json'), 'utf8');
  const manifest = JSON.parse(text) as { readonly exports: Readonly<Record<string, unknown>> };
  for (const path of Object.keys(manifest.exports)) {
    // Only a test run can load the module that extends vitest's expect.
    if (path === './vitest' || path === './package.json') continue;
    const specifier = `@spop/${name}${path.slice(1)}`;
    const count = Object.keys(load(specifier) ?? {}).length;
    if (count === 0) throw new Error(`${specifier} exports nothing`);
    console.log(`${specifier}: ${count} exports`);
  }
}
