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

/** The links of a Markdown file that lead into the repository, without their `#fragment`. */
function localLinks(text: string): string[] {
  const prose = text.replaceAll(/^ *```.*?^ *```$/gms, '').replaceAll(/`[^`\n]*`/g, '``');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target = '']) => target.replace(/#.*/, ''));
  return links.filter((target) => target !== '' && !/^[a-z]+:/.test(target));
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
    const broken = localLinks(readFileSync(join(root, file), 'utf8')).filter(
      (target) => !existsSync(join(root, dirname(file), target)),
    );
    expect(broken).toEqual([]);
  });
});
