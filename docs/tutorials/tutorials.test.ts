/** The tutorials show the files of their agent as they are, which the tests beside those and the e2e test run. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const folder = fileURLToPath(new URL('./', import.meta.url));
const pages = globSync('*.md', { cwd: folder })
  .map((page) => readFileSync(folder + page, 'utf8'))
  .join('\n');

it.each(globSync('*', { cwd: `${folder}admin` }))('show admin/%s', (name) => {
  const blocks = [...pages.matchAll(/^```(?:ts|haproxy)\n(.*?)^```$/gms)].map(([, code]) => code);
  expect(blocks).toContain(readFileSync(`${folder}admin/${name}`, 'utf8'));
});
