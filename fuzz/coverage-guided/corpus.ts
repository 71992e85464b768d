import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Inputs on disk: `corpus` for those that reach something, `crashers` for those that once failed. */
export type Collection = 'corpus' | 'crashers';

function folderOf(collection: Collection, target: string): string {
  return `${root}${collection}/${target}`;
}

/** A name that depends on the bytes alone. */
export function nameOf(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 16);
}

/** All inputs of a target, the smallest first. */
export function readInputs(collection: Collection, target: string): Buffer[] {
  const folder = folderOf(collection, target);
  if (!existsSync(folder)) return [];
  const inputs = readdirSync(folder).map((name) => readFileSync(`${folder}/${name}`));
  return inputs.toSorted((a, b) => a.length - b.length || a.compare(b));
}

/** Adds one input and returns its path, relative to the repository. */
export function saveInput(collection: Collection, target: string, bytes: Uint8Array): string {
  const folder = folderOf(collection, target);
  mkdirSync(folder, { recursive: true });
  const name = nameOf(bytes);
  writeFileSync(`${folder}/${name}`, bytes);
  return `fuzz/${collection}/${target}/${name}`;
}

/** Makes the corpus of a target exactly these inputs. */
export function replaceCorpus(target: string, inputs: readonly Uint8Array[]): void {
  const folder = folderOf('corpus', target);
  rmSync(folder, { recursive: true, force: true });
  for (const input of inputs) saveInput('corpus', target, input);
}
