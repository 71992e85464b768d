/** The documentation for language models: `llms.txt` lists the pages, `llms-full.txt` is all of their text. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';

const SUMMARY =
  'TypeScript packages for agents that HAProxy asks about requests over SPOP: a codec, an agent runtime, and test tools.';

/** A page's path in the repository, and its Markdown. */
type Page = readonly [path: string, text: string];

/** The heading of a page, and its first paragraph. */
function summary(text: string): { title: string; first: string } {
  const prose = text.replaceAll(/^```.*?^```$|^<!--.*?-->$/gms, '');
  const title = /^# (.+)$/m.exec(prose)?.[1] ?? '';
  const first = /^# .+\n+((?:[^\n#|<-].*\n)+)/m.exec(prose)?.[1] ?? '';
  return {
    title,
    first: first
      .replaceAll(/\[([^\]]+)\]\([^)]+\)/g, '$1')
      .replaceAll('\n', ' ')
      .trim()
      // Before code or a list that is not here.
      .replace(/:$/, '.'),
  };
}

function address(path: string): string {
  return `/${path.replace(/README\.md$/, '').replace(/\.md$/, '.html')}`;
}

/** Writes both files. The reference is in neither: its pages are many, and the docstrings are in the packages. */
export async function writeLlms(folder: string, pages: readonly Page[]): Promise<void> {
  const own = pages.filter(([path]) => !path.startsWith('docs/reference/'));
  const lines = own.map(([path, text]) => {
    const { title, first } = summary(text);
    return `- [${title}](${address(path)})${first === '' ? '' : `: ${first}`}`;
  });
  await writeFile(join(folder, 'llms.txt'), `# spop\n\n> ${SUMMARY}\n\n## Pages\n\n${lines.join('\n')}\n`);
  const whole = own.map(([path, text]) => `<page path="${path}">\n\n${text.trim()}\n\n</page>\n`);
  await writeFile(join(folder, 'llms-full.txt'), whole.join('\n'));
}
