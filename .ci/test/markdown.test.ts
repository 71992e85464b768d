import { spawnSync } from 'node:child_process';
import { existsSync, globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { describe, expect, it } from 'vitest';

const root = resolve(import.meta.dirname, '../..');
const files = globSync(['*.md', '.{changeset,github}/*.md', '{packages,docs,benchmarks,fuzz}/**/*.md'], {
  cwd: root,
  exclude: ['**/node_modules', '**/CHANGELOG.md', '**/*.api.md'],
}).toSorted();

/** The TypeScript blocks of a Markdown file that stand for themselves: those with imports. */
function programs(text: string): string[] {
  const blocks = [...text.matchAll(/^ *```ts\n(.*?)^ *```$/gms)].map(([, code = '']) => code);
  return blocks.filter((code) => /^ *import /m.test(code));
}

const withoutCode = (text: string): string => text.replaceAll(/^ *```.*?^ *```$/gms, '');

/** The links of a Markdown file that lead into the repository, or to its own headings. */
function localLinks(text: string): string[] {
  const prose = withoutCode(text).replaceAll(/`[^`\n]*`/g, '``');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target);
  return links.filter((target) => !/^[a-z]+:/.test(target));
}

/** The fragments that lead to the headings of a Markdown file, as GitHub makes them; it numbers headings that repeat. */
function fragments(text: string): string[] {
  const headings = [...withoutCode(text).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}_ -]/gu, '')
      .replaceAll(' ', '-'),
  );
  return headings.map((name, index) => {
    const before = headings.slice(0, index).filter((other) => other === name).length;
    return before === 0 ? name : `${name}-${before}`;
  });
}

/** Whether a link of a file leads to a file or folder and, where it has a fragment, to a heading of it. */
function leadsSomewhere(file: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? join(root, file) : join(root, dirname(file), path);
  if (!existsSync(target)) return false;
  return (
    fragment === undefined || !target.endsWith('.md') || fragments(readFileSync(target, 'utf8')).includes(fragment)
  );
}

describe('Markdown', () => {
  it('holds programs that the compiler takes', { timeout: 60_000 }, () => {
    // Below docs/, from where every package can be imported.
    const folder = join(root, 'docs/node_modules/.cache/markdown');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const compilerOptions = { noEmit: true, composite: false, isolatedDeclarations: false, noUnusedLocals: false };
    const tsconfig = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    let count = 0;
    for (const file of files) {
      for (const code of programs(readFileSync(join(root, file), 'utf8'))) {
        writeFileSync(join(folder, `${file.replaceAll('/', '_')}.${count++}.ts`), code);
      }
    }
    expect(count).toBeGreaterThan(0);
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  it.each(files)('%s links to what exists', (file) => {
    const links = localLinks(readFileSync(join(root, file), 'utf8'));
    const broken = links.filter((link) => !leadsSomewhere(file, link));
    expect(broken).toEqual([]);
  });
});
