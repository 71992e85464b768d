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
 * Node itself strips types with WebAssembly, whose memory grows while it does. From then on V8 checks at each access to a
 * typed array whether the array has lost its memory, and tiny NOTIFYs take noticeably longer. A benchmark must not measure
 * that, and a service should avoid it (docs/guides/running.md).
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

/** An early commit lacks some folders, such as the agent's. */
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
  // Another process may write the same file at this moment. After a rename the file is there as a whole.
  const mine = `${made}.${process.pid}`;
  writeFileSync(mine, stripTypeScriptTypes(source.toString()));
  renameSync(mine, made);
}
