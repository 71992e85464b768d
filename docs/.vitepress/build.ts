/** Builds the site: `pnpm run docs`. The reference comes first, since the site includes it. */
import { resolve } from 'node:path';
import { build } from 'vitepress';
import { writeReference } from './reference.ts';

await writeReference();
await build(resolve(import.meta.dirname, '..'));
