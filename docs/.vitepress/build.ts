/** Builds the site: `pnpm run docs`. The reference comes first, as the site is made of it as well. */
import { resolve } from 'node:path';
import { build } from 'vitepress';
import { writeReference } from './reference.ts';

await writeReference();
await build(resolve(import.meta.dirname, '..'));
