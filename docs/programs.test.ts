/** Runs the programs of the docs that are followed by what they print. */
import { execFile } from 'node:child_process';
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';

const docs = fileURLToPath(new URL('./', import.meta.url));
// Node strips no types below node_modules.
const folder = `${docs}.cache/programs/`;

const programs = globSync(['guides/*.md', 'tutorials/*.md'], { cwd: docs }).flatMap((page) =>
  [...readFileSync(docs + page, 'utf8').matchAll(/```ts\n((?:(?!```).)*?)```\n\n```text\n(.*?)```/gs)].map(
    ([, code = '', output = ''], index) => ({ name: `${page.replaceAll('/', '_')}.${index}.ts`, code, output }),
  ),
);

it('holds programs that print what the docs say', async () => {
  expect(programs.length).toBeGreaterThan(5);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const { name, code } of programs) writeFileSync(folder + name, code);
  // One process for all of them, since each start takes a third of a second.
  const runner = programs.map(({ name }) => `console.log('== ${name}'); await import('./${name}');`).join('\n');
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--conditions=@spop/source', '--expose-gc', '--input-type=module', '--eval', runner],
    { cwd: folder, env: { ...process.env, NO_COLOR: '1' }, timeout: 25_000 },
  );
  const printed = new Map(
    [...stdout.matchAll(/^== (.*)\n((?:(?!== ).*\n)*)/gm)].map(([, name = '', text = '']) => [name, text]),
  );
  const expected = programs.map(({ name, output }) => [name, output]);
  expect(programs.map(({ name }) => [name, printed.get(name)])).toEqual(expected);
});
