// Loads the JavaScript that plain-js.ts made in place of TypeScript, and `@spop/*` from the folder that it names.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

const packages = new URL(import.meta.url).searchParams.get('packages');

registerHooks({
  resolve(specifier, context, nextResolve) {
    // The builder may be that of another commit than codec and agent, and has the codec beside it.
    const isOfBuilder = context.parentURL?.includes('/packages/builder/') === true;
    if (packages === null || isOfBuilder || !specifier.startsWith('@spop/')) return nextResolve(specifier, context);
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
