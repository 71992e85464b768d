/**
 * Loaded before everything else (`--import`): puts statements into functions of the codec while their files are loaded.
 * `SPOP_PLANT` is a list of insertions, as JSON.
 */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';
import type { Insertion } from './proof.ts';
import { sourceFolder } from './sites.ts';

const insertions = JSON.parse(process.env['SPOP_PLANT'] ?? '[]') as Insertion[];

registerHooks({
  load(url, context, nextLoad) {
    const wanted = insertions.filter(({ file }) => url === new URL(file, sourceFolder).href);
    if (wanted.length === 0) return nextLoad(url, context);
    const lines = readFileSync(fileURLToPath(url), 'utf8').split('\n');
    for (const { line, statement } of wanted) lines[line] += ` ${statement}`;
    return { format: 'module-typescript', source: lines.join('\n'), shortCircuit: true };
  },
});
