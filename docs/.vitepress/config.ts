/** The site of the documentation: the Markdown files of the repository where they are, and the API reference. */
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve } from 'node:path';
import { slug } from 'github-slugger';
import { defineConfig } from 'vitepress';
import { checkSite } from './check-site.ts';
import { writeLlms } from './llms.ts';
import { sidebar } from './sidebar.ts';

const root = resolve(import.meta.dirname, '../..');
/** Files that pages link to and that are not pages, such as the examples' configurations. They are published as text. */
const linked = new Set<string>();

/** What vitepress' own style leaves out. */
const STYLE = `
/* The names of languages in corners of code have too little contrast by default (WCAG 1.4.3). */
html:root { --vp-code-lang-color: var(--vp-c-text-2) }
/* Pictures stay large enough to read: on a phone those in tables stand above their texts, and plots scroll. */
.vp-doc td img { min-width: 300px }
.vp-doc p > img:only-child { min-width: 560px }
.vp-doc p:has(> img:only-child) { overflow-x: auto }
@media (max-width: 639px) {
  .vp-doc table:has(td img) thead { display: none }
  .vp-doc td:has(img), .vp-doc td:has(img) + td { display: block }
}
`;

/** A file's bytes, or the names in a folder. */
function asText(path: string): Uint8Array | string {
  return statSync(path).isDirectory() ? `${readdirSync(path).join('\n')}\n` : readFileSync(path);
}

/** A link as the site needs it, from one that works in the repository. */
function siteLink(link: string, page: string): string {
  if (/^([a-z]+:|#|\/)/.test(link)) return link;
  const [path = '', fragment] = link.split('#', 2);
  const file = resolve(dirname(page), decodeURI(path));
  const end = fragment === undefined ? '' : `#${fragment}`;
  // vitepress leaves out names that begin with a dot, such as .github.
  const isPage = file.endsWith('.md') && !relative(root, file).startsWith('.');
  if (isPage || !existsSync(file)) return path.replace(/README\.md$/, 'index.md') + end;
  if (existsSync(join(file, 'README.md'))) return `${path.replace(/\/$/, '')}/index.md${end}`;
  linked.add(relative(root, file));
  return `/${relative(root, file)}.txt`;
}

export default defineConfig({
  title: 'spop',
  description: 'Agents for HAProxy in TypeScript, over SPOP',
  lang: 'en',
  head: [
    // No icon: browsers would ask for /favicon.ico.
    ['link', { rel: 'icon', href: 'data:,' }],
    ['style', {}, STYLE],
  ],
  srcDir: root,
  outDir: join(import.meta.dirname, 'dist'),
  cacheDir: resolve(import.meta.dirname, '../node_modules/.cache/vitepress'),
  srcExclude: ['**/node_modules/**', '**/CHANGELOG.md', '**/*.api.md', '.changeset/**', '.ci/**', '**/corpus/**'],
  rewrites: (page) => page.replace(/(^|\/)README\.md$/, '$1index.md'),
  // vite's esbuild does not know es2024, which the tsconfig.json above the pages has.
  vite: { esbuild: { target: 'es2022' }, build: { chunkSizeWarningLimit: 4000 } },
  markdown: {
    anchor: { slugify: slug },
    languageAlias: { haproxy: 'ini' },
    // The default themes have too little contrast on the site's backgrounds (WCAG 1.4.3).
    theme: { light: 'github-light-high-contrast', dark: 'github-dark-high-contrast' },
    config(md) {
      md.core.ruler.push('site-links', ({ tokens, env }) => {
        const page = (env as { path: string }).path;
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type === 'link_open') token.attrSet('href', siteLink(token.attrGet('href') ?? '', page));
        }
      });
      // A plot scrolls on a phone: the keyboard has to reach it.
      md.core.ruler.push('plots', ({ tokens }) => {
        for (const [index, { children }] of tokens.entries()) {
          if (children?.length === 1 && children[0]?.type === 'image') tokens[index - 1]?.attrSet('tabindex', '0');
        }
      });
    },
  },
  themeConfig: {
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          // Besides words as usual, `set-on-error` and SPOP_WRONG_TYPE whole. The function is sent to browsers as text.
          options: {
            tokenize: (text) => [
              ...text.split(/[\n\r\p{Z}\p{P}]+/u),
              ...(text.match(/[\p{L}\p{N}]+(?:[-_][\p{L}\p{N}]+)+/gu) ?? []),
            ],
          },
          searchOptions: { combineWith: 'AND' },
        },
      },
    },
    outline: [2, 3],
    nav: [
      { text: 'Guide', link: '/docs/' },
      { text: 'Examples', link: '/docs/#examples' },
      { text: 'Reference', link: '/docs/reference/' },
    ],
    sidebar,
  },
  async buildEnd({ outDir, pages }) {
    for (const path of linked) {
      await mkdir(dirname(join(outDir, path)), { recursive: true });
      await writeFile(join(outDir, `${path}.txt`), asText(join(root, path)));
    }
    await writeLlms(
      outDir,
      pages.map((page) => [page, readFileSync(join(root, page), 'utf8')]),
    );
    checkSite(outDir);
  },
});
