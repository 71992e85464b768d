import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = path.join(ROOT, 'node_modules/.cache/plain-js');
const HOOK = new URL('plain-js-hook.mjs', import.meta.url);
const SOURCES = ['codec', 'agent', 'builder'].map((name) => `packages/${name}/src`);

/**
 * Flags for a Node that runs the benchmarks and the packages as the JavaScript that is published. With `packages`,
 * imports of `@spop/*` lead to the packages of that folder's `node_modules`, wherever they are imported.
 *
 * Where Node strips the types of what it runs, it does so with WebAssembly, whose memory grows meanwhile. From then on
 * V8 looks at each access to a typed array whether that has lost its memory, and tiny NOTIFYs take noticeably longer:
 * something that a benchmark must not measure, and a service should not do (docs/guides/running.md).
 */
export function plainJsFlags(packages?: string): string[] {
  mkdirSync(CACHE, { recursive: true });
  for (const folder of ['benchmarks', 'docs/examples']) makeAll(path.join(ROOT, folder));
  for (const root of new Set([ROOT, packages ?? ROOT])) {
    for (const folder of SOURCES) makeAll(path.join(root, folder));
  }
  const hook = new URL(HOOK);
  if (packages !== undefined) hook.searchParams.set('packages', pathToFileURL(`${packages}/`).href);
  return ['--conditions=@spop/source', `--import=${hook.href}`];
}

/** A folder that is not there has nothing to make: an early commit has no agent. */
function makeAll(folder: string): void {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts') && !name.includes('node_modules')) make(path.join(folder, name));
  }
}

function make(file: string): void {
  const source = readFileSync(file);
  const made = path.join(CACHE, `${createHash('sha256').update(source).digest('hex')}.js`);
  if (existsSync(made)) return;
  // Others may do the same at this moment: a file is there whole or not at all.
  const mine = `${made}.${process.pid}`;
  writeFileSync(mine, stripTypeScriptTypes(source.toString()));
  renameSync(mine, made);
}
