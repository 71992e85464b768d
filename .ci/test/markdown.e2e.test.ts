/** HAProxy accepts every part of a configuration in the Markdown files, once it is completed. */
import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { promisify } from 'node:util';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { type CompleteConfiguration, completeHaproxy, completeSpoe, engineOf } from './complete-haproxy.ts';
import { type Block, blocks, blocksOf } from './markdown-blocks.ts';

const parts = blocksOf('haproxy', 'spoe');

/** The first SPOE configuration of each engine on a page that has an agent. */
function enginesOf(page: string): Record<string, string> {
  const spoe = parts.filter(({ file, kind, text }) => file === page && kind === 'spoe' && text.includes('spoe-agent '));
  return Object.fromEntries(spoe.toReversed().map(({ text }) => [engineOf(text), completeSpoe(text)]));
}

function complete({ file, kind, text }: Block): CompleteConfiguration {
  if (kind === 'haproxy') return completeHaproxy(text, enginesOf(file));
  const engine = engineOf(text);
  return completeHaproxy(`frontend part\n  filter spoe engine ${engine} config spoe.conf\n`, {
    [engine]: completeSpoe(text),
  });
}

/** The Lua files of a page, by the names in their first comments. */
function luaOf(page: string): [name: string, text: string][] {
  const lua = blocks.filter(({ file, language }) => file === page && language === 'lua');
  return lua.map(({ text }) => [/^-- (\S+)/.exec(text)?.[1] ?? '', text]);
}

describeHaproxies('HAProxy blocks of the Markdown files', ({ program }) => {
  it('pass haproxy -c', async () => {
    expect(parts.length).toBeGreaterThan(20);
    const folder = stopAfterTest(await TemporaryFolder.make());
    const refused: string[] = [];
    for (const part of parts) {
      const { haproxy, spoe } = complete(part);
      for (const [name, text] of [['haproxy.cfg', haproxy] as const, ...Object.entries(spoe), ...luaOf(part.file)]) {
        writeFileSync(folder.file(name), text);
      }
      await promisify(execFile)(program, ['-c', '-f', 'haproxy.cfg'], { cwd: folder.path }).catch((error: unknown) => {
        refused.push(`${part.place}: ${String(error)}\nof\n${haproxy}\n${Object.values(spoe).join('\n')}`);
      });
    }
    expect(refused.join('\n')).toBe('');
  });
});
