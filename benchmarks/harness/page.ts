import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** Puts lines in place of what a page has between `<!-- NAME -->` and `<!-- end of NAME -->`, for each name. */
export function fillIn(page: string, parts: Readonly<Record<string, readonly string[]>>): string {
  let text = page;
  for (const [name, lines] of Object.entries(parts)) {
    const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
    const [from, to] = [text.indexOf(begin), text.indexOf(end)];
    if (from < 0 || to < from) throw new Error(`expected '${begin}' and then '${end}' in the page; found no such pair`);
    text = `${text.slice(0, from + begin.length)}\n\n${lines.join('\n').trim()}\n\n${text.slice(to)}`;
  }
  return text;
}

/** The same in a Markdown file of the repository, which is formatted afterwards. */
export function fillInFile(file: string, parts: Readonly<Record<string, readonly string[]>>): void {
  writeFileSync(`${ROOT}${file}`, fillIn(readFileSync(`${ROOT}${file}`, 'utf8'), parts));
  format(file);
}

/** Formats a file of the repository. */
export function format(file: string): void {
  execFileSync('pnpm', ['exec', 'oxfmt', file], { cwd: ROOT, stdio: 'ignore' });
}

/** A Markdown table: the first `texts` columns are aligned left, the others right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[], texts: number = 1): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`;
  return [line(head), line(head.map((_, index) => (index < texts ? '---' : '---:'))), ...rows.map(line), ''];
}
