import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

/**
 * `node link-to-repository.ts <folder> <commit>`, with an unpacked package: makes the relative links of its README lead
 * to the repository at that commit. On a registry's page, and in node_modules, there is no `../../docs`.
 */
const [folder = '.', commit = 'HEAD'] = process.argv.slice(2);

interface Manifest {
  readonly repository: { readonly url: string; readonly directory: string };
}

const { repository } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as Manifest;
const root = `${repository.url.replace(/^git\+(.*)\.git$/, '$1')}/blob/${commit}/`;
const file = join(folder, 'README.md');

const readme = readFileSync(file, 'utf8').replaceAll(/\]\((?!#|[a-z]+:)([^)\s]+)\)/g, (_, target: string) => {
  const { href } = new URL(target, `${root}${repository.directory}/`);
  if (!href.startsWith(root)) throw new Error(`${file}: ${target} leads out of the repository`);
  return `](${href})`;
});
writeFileSync(file, readme);
