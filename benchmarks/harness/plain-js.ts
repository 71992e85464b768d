import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const CACHE = path.join(ROOT, 'node_modules/.cache/plain-js');
const HOOK = new URL('plain-js-hook.mjs', import.meta.url);
const FOLDERS = ['packages/codec/src', 'packages/agent/src', 'packages/builder/src', 'benchmarks'];

/**
 * Flags for a Node that runs the sources of a checkout as the JavaScript that is published.
 *
 * Where Node strips the types of what it runs, it does so with WebAssembly, whose memory grows meanwhile. From then on
 * V8 looks at each access to a typed array whether that has lost its memory, and a tiny NOTIFY takes a sixth longer:
 * something that a benchmark must not measure, and a service should not do (docs/guides/running.md).
 */
export function plainJsFlags(root: string = ROOT): string[] {
  mkdirSync(CACHE, { recursive: true });
  for (const folder of FOLDERS) {
    for (const name of readdirSync(path.join(root, folder), { recursive: true, encoding: 'utf8' })) {
      if (name.endsWith('.ts') && !name.includes('node_modules')) make(path.join(root, folder, name));
    }
  }
  return ['--conditions=@spop/source', `--import=${HOOK.href}`];
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
