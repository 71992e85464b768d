import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { blocks, blocksOf, files, root } from './markdown-blocks.ts';

/** Declarations that fragments of programs use without an import. */
const GLOBALS = `
import type * as spop from '@spop/agent';
import type * as http from 'node:http';
import type * as hooks from 'node:async_hooks';
import type * as channels from 'node:diagnostics_channel';
declare global {
  const agent: spop.Agent;
  const createAgent: typeof spop.createAgent;
  const PROMETHEUS_CONTENT_TYPE: typeof spop.PROMETHEUS_CONTENT_TYPE;
  const toPrometheusText: typeof spop.toPrometheusText;
  const Histogram: typeof spop.Histogram;
  const createServer: typeof http.createServer;
  const AsyncLocalStorage: typeof hooks.AsyncLocalStorage;
  const channel: typeof channels.channel;
  type NotifyTrace = spop.NotifyTrace;
  const ipScore: spop.Variable<number>;
  const alert: (text: string) => void;
  const keys: ReadonlyMap<string, number>;
  const denied: number;
  interface Span { readonly name: string }
  const tracer: { startSpan(name: string): Span };
}
`;

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

/** Whether a link of a file leads to a file or folder and, if it has a fragment, to a heading of that file. */
function leadsSomewhere(file: string, link: string): boolean {
  const [path = '', fragment] = link.split('#');
  const target = path === '' ? join(root, file) : join(root, dirname(file), path);
  if (!existsSync(target)) return false;
  return (
    fragment === undefined || !target.endsWith('.md') || fragments(readFileSync(target, 'utf8')).includes(fragment)
  );
}

describe('Markdown', () => {
  it('holds TypeScript that compiles', { timeout: 60_000 }, () => {
    // Below docs/, because every package can be imported from there.
    const folder = join(root, 'docs/node_modules/.cache/markdown');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const compilerOptions = { noEmit: true, composite: false, isolatedDeclarations: false, noUnusedLocals: false };
    const tsconfig = { extends: join(root, 'tsconfig.base.json'), compilerOptions, include: ['*.ts'] };
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(tsconfig));
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    writeFileSync(join(folder, 'globals.d.ts'), GLOBALS);
    // Programs of the tutorials import each other, and are files that the compiler checks anyway.
    const alone = blocksOf('program', 'fragment').filter(({ file }) => !file.startsWith('docs/tutorials/'));
    for (const { place, text } of alone) {
      // The compiler would leave out files whose names begin with a dot.
      writeFileSync(join(folder, `at_${place.replaceAll(/[/:]/g, '_')}.ts`), `${text}\nexport {};\n`);
    }
    expect(alone.length).toBeGreaterThan(30);
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    expect(stdout).toBe('');
  });

  it('has at least a third of its blocks checked, and the test prints the numbers', () => {
    const count = (kind: (typeof blocks)[number]['kind']): number => blocksOf(kind).length;
    const rest = Object.entries(Object.groupBy(blocksOf('other'), ({ language }) => language || 'unnamed'));
    // docs/guides/command-line.program.test.ts and docs/tutorials/tutorials.e2e.test.ts run these, and compare their output.
    const sessions = blocksOf('shell').filter(({ language }) => language === 'console').length;
    console.log(
      `${blocks.length} blocks in ${files.length} Markdown files. Compiled: ${count('program')} programs of TypeScript and ` +
        `${count('fragment')} fragments. Checked by haproxy -c: ${count('haproxy') + count('spoe')}. Run: ${sessions} of shell, ` +
        `labelled console. Not checked here: ${count('shell') - sessions} of shell, ` +
        `${rest.map(([language, some]) => `${some?.length} ${language}`).join(', ')}.`,
    );
    expect(blocksOf('program', 'fragment', 'haproxy', 'spoe').length).toBeGreaterThan(blocks.length / 3);
  });

  it.each(files)('%s links only to existing files and headings', (file) => {
    const links = localLinks(readFileSync(join(root, file), 'utf8'));
    const broken = links.filter((link) => !leadsSomewhere(file, link));
    expect(broken).toEqual([]);
  });
});
