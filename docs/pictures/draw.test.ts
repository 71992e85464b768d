/** Each example has a picture, which the README shows. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { draw, SCENES } from './draw.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const examples = globSync('*/agent.ts', { cwd: fileURLToPath(new URL('../examples/', import.meta.url)) });

it('draws each example', () => {
  expect(new Set(Object.keys(SCENES))).toEqual(new Set(examples.map((path) => path.split('/')[0])));
});

it.each(Object.entries(SCENES))('draws %s as its file has it, and the README shows it', async (name, scene) => {
  await expect(draw(scene)).toMatchFileSnapshot(`${name}.svg`);
  expect(read('../../README.md')).toContain(`](docs/pictures/${name}.svg)](docs/examples/${name}/README.md)`);
});
