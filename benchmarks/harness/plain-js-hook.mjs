// Loads TypeScript as the JavaScript that plain-js.ts made of it: see there.
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import { fileURLToPath } from 'node:url';

registerHooks({
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
