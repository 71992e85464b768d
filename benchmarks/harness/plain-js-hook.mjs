// Loads the JavaScript that plain-js.ts made in place of TypeScript, and `@spop/*` from the folder that it names.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const packages = new URL(import.meta.url).searchParams.get('packages');
/** The builder makes frames and counts bytes: it is always this repository's, with its own codec. */
const BUILDER = new URL('../../packages/builder/', import.meta.url).href;

registerHooks({
  resolve(specifier, context, nextResolve) {
    const isMeasured = /^@spop\/(codec|agent)/.test(specifier) && !context.parentURL?.startsWith(BUILDER);
    if (packages === null || !isMeasured) return nextResolve(specifier, context);
    return nextResolve(specifier, { ...context, parentURL: packages });
  },
  load(url, context, nextLoad) {
    if (!url.endsWith('.ts')) return nextLoad(url, context);
    const hash = createHash('sha256')
      .update(readFileSync(fileURLToPath(url)))
      .digest('hex');
    const made = new URL(`../../node_modules/.cache/plain-js/${hash}.js`, import.meta.url);
    if (!existsSync(made)) throw new Error(`expected ${url} among the sources that plain-js.ts made JavaScript of`);
    return { format: 'module', shortCircuit: true, source: readFileSync(made) };
  },
});
