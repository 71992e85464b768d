/** Checks what was built: every link within the site leads to a file, and every anchor to an element. */
import { existsSync, globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

function all(html: string, attribute: 'id' | 'href'): string[] {
  return [...html.matchAll(new RegExp(`\\s${attribute}="([^"]*)"`, 'g'))].map(([, value = '']) =>
    decodeURI(value.replaceAll('&amp;', '&')),
  );
}

/** @throws Error with every link that leads nowhere. */
export function checkSite(folder: string): void {
  const pages = globSync('**/*.html', { cwd: folder });
  const html = new Map(pages.map((page) => [`/${page}`, readFileSync(join(folder, page), 'utf8')]));
  const ids = new Map([...html].map(([page, text]) => [page, new Set(all(text, 'id'))]));
  const broken: string[] = [];
  for (const [page, text] of html) {
    for (const link of new Set(all(text, 'href'))) {
      const { pathname, hash, host } = new URL(link, `http://site${page}`);
      if (host !== 'site') continue;
      const path = decodeURI(pathname).replace(/\/$/, '/index.html');
      const target = ids.get(path);
      const leads = hash === '' ? existsSync(join(folder, path)) : target?.has(decodeURIComponent(hash.slice(1)));
      if (leads !== true) broken.push(`${page}: ${link}`);
    }
  }
  if (broken.length > 0) throw new Error(`${broken.length} links lead nowhere:\n${broken.join('\n')}`);
}
