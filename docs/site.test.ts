/** The project's own parts of the site's build: its checks, and its files for language models. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { checkSite } from './.vitepress/check-site.ts';
import { writeLlms } from './.vitepress/llms.ts';

async function siteOf(pages: Readonly<Record<string, string>>): Promise<TemporaryFolder> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  await mkdir(folder.file('docs'));
  for (const [name, html] of Object.entries(pages)) await writeFile(folder.file(name), html);
  return folder;
}

describe('checkSite', () => {
  const target = '<h2 id="how-long">How long</h2>';

  it('takes links to pages, files, anchors and other sites', async () => {
    const links = ['/', '/docs/a.html#how-long', './docs/a.html', 'agent.ts.txt', '#here', 'https://example.com/x#y'];
    const html = `<p id="here">${links.map((link) => `<a href="${link}">x</a>`).join('')}</p>`;
    const site = await siteOf({ 'index.html': html, 'agent.ts.txt': '', 'docs/a.html': target });
    expect(() => checkSite(site.path)).not.toThrow();
  });

  it.each(['/docs/b.html', '/docs/a.html#how-short', '#there', 'docs/'])('refuses %s', async (link) => {
    const site = await siteOf({ 'index.html': `<a href="${link}">x</a>`, 'docs/a.html': target });
    expect(() => checkSite(site.path)).toThrow(`1 links lead nowhere:\n/index.html: ${link}`);
  });
});

describe('writeLlms', () => {
  it('lists pages with their first paragraphs, and leaves the reference out', async () => {
    const { path } = await siteOf({});
    await writeLlms(path, [
      [
        'docs/guides/limits.md',
        '# Limits\n\n<!-- written by a program -->\n\nEverything [is](a.md)\nbounded:\n\n## Sizes\n',
      ],
      ['docs/reference/index.md', '# API reference\n'],
      ['packages/agent/README.md', '# @spop/agent\n\n| a | b |\n'],
    ]);
    const list = await readFile(`${path}/llms.txt`, 'utf8');
    expect(list).toContain(
      '- [Limits](/docs/guides/limits.html): Everything is bounded.\n- [@spop/agent](/packages/agent/)\n',
    );
    expect(list).not.toContain('API reference');
    expect(await readFile(`${path}/llms-full.txt`, 'utf8')).toContain(
      '<page path="docs/guides/limits.md">\n\n# Limits',
    );
  });
});
