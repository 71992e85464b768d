/** The list beside each page of the site: the guides, or beside pages of the API reference its contents. */
import { globSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { DefaultTheme } from 'vitepress';

type Item = DefaultTheme.SidebarItem;

/** Written with the reference. */
const reference = JSON.parse(
  readFileSync(new URL('../reference/typedoc-sidebar.json', import.meta.url), 'utf8'),
) as Item[];

function group(text: string, pages: Readonly<Record<string, string>>): Item {
  return { text, items: Object.entries(pages).map(([text, link]) => ({ text, link })) };
}

/** The examples by the headings of their READMEs. */
const folder = new URL('../examples/', import.meta.url);
const examples = Object.fromEntries(
  globSync('*/README.md', { cwd: fileURLToPath(folder) })
    .toSorted()
    .map((file) => {
      const heading = /^# (.+)$/m.exec(readFileSync(new URL(file, folder), 'utf8'))?.[1] ?? file;
      return [heading, `/docs/examples/${file.replace('README.md', '')}`];
    }),
);

const guides: Item[] = [
  group('Start', {
    'What it is': '/',
    'Your first agent': '/docs/tutorials/first-agent',
    'Your first test': '/docs/tutorials/first-test',
    'Your first fuzz': '/docs/tutorials/first-fuzz',
  }),
  group('The three packages', {
    'Write an agent': '/packages/agent/',
    'Test an agent': '/packages/builder/',
    'Build on the codec': '/packages/codec/',
  }),
  group('Guides', {
    "HAProxy's configuration": '/docs/guides/haproxy',
    'Arguments: a cookbook': '/docs/guides/arguments',
    'The command line': '/docs/guides/command-line',
    'Zero allocation': '/docs/guides/zero-allocation',
    'The wire format': '/docs/guides/wire-format',
    'Coming from elsewhere': '/docs/guides/migration',
  }),
  group('In production', {
    Deployment: '/docs/guides/deployment',
    'Running an agent': '/docs/guides/running',
    Operations: '/docs/guides/operations',
    Limits: '/docs/guides/limits',
    Observability: '/docs/observability',
    Troubleshooting: '/docs/guides/troubleshooting',
    Errors: '/docs/errors',
  }),
  group('Examples', examples),
  group('Figures', { Benchmarks: '/docs/benchmarks', Conformance: '/docs/conformance', Soak: '/docs/soak' }),
  group('Working on it', { Architecture: '/ARCHITECTURE', Contributing: '/CONTRIBUTING' }),
];

/** By the beginning of a page's address; the longest that fits is taken. */
export const sidebar: DefaultTheme.SidebarMulti = { '/': guides, '/docs/reference/': reference };
