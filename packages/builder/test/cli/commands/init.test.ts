import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { command as init } from '../../../src/cli/commands/init.ts';
import { file, run } from '../run-command.ts';
import { endWaits } from './end.ts';

const MESSAGE = `export const m = { name: 'm', args: { src: { kind: 'address' } } };\n`;

describe('spop init', () => {
  endWaits();

  /** The files that are written for a module, and what is said. */
  async function written(text: string, ...words: readonly string[]) {
    const module = await file(text, 'agent.mjs');
    const folder = join(dirname(module), 'new');
    const { code, stdout, stderr } = await run(init, [module, '--output', folder, ...words]);
    const paths = stdout.trimEnd().split('\n');
    expect(code).toBe(0);
    expect(paths.map((path) => dirname(path))).toEqual([folder, folder]);
    return { paths, stderr, texts: paths.map((path) => readFileSync(path, 'utf8')) };
  }

  it('ends the program, for a module that keeps it alive', async () => {
    await written(MESSAGE);
    expect(() => vi.runAllTimers()).toThrow('exit 0');
  });

  it.each([
    [[], 'HAProxy 3.4', false],
    [['--haproxy', '3.2'], 'HAProxy 3.2', false],
    [['--haproxy', '3.1'], 'HAProxy 3.1', false],
    [['--haproxy', '3.0'], 'HAProxy 3.0', true],
    [['--haproxy', '2.6'], 'HAProxy 2.6', true],
  ])('names the release of %j, and gives the applet its timeouts', async (words, release, isApplet) => {
    const { texts } = await written(MESSAGE, ...words);
    expect(texts.map((text) => /HAProxy \d\.\d/.exec(text)?.[0])).toEqual([release, release]);
    expect(texts[0]?.includes('timeout hello')).toBe(isApplet);
  });

  it('takes names of variables of up to 63 bytes', async () => {
    const variable = (length: number): string =>
      `${MESSAGE}export const v = { scope: 'txn', name: '${'v'.repeat(length - 'txn.agent.'.length)}', kind: 'bool' };`;
    const { texts } = await written(variable(63));
    expect(texts[1]).toContain(`txn.agent.${'v'.repeat(53)}`);
    await expect(written(variable(64))).rejects.toThrow('HAProxy takes at most 63 bytes for the name txn.agent.vvv');
  });

  it('names the files and the variables after the module, or as it is told', async () => {
    const { paths, texts } = await written(MESSAGE);
    expect(paths.map((path) => path.split('/').at(-1))).toEqual(['spoe-agent.conf', 'haproxy.cfg']);
    expect(texts[0]).toContain('option var-prefix agent\n');
    const named = await written(MESSAGE, '--name', 'my-checks');
    expect(named.paths[0]).toMatch(/\/spoe-my-checks\.conf$/);
    expect(named.texts[0]).toContain('option var-prefix my_checks\n');
    expect((await written(MESSAGE, '--var-prefix', 'p')).texts[0]).toContain('option var-prefix p\n');
  });

  it.each([
    [[], 'server agent1 127.0.0.1:9000 '],
    [['--agent', 'unix:/run/unix:a.sock'], 'server agent1 unix@/run/unix:a.sock '],
    [['--agent', 'agent.internal:9001'], 'server agent1 agent.internal:9001 '],
  ])('writes the address of %j', async (words, line) => {
    expect((await written(MESSAGE, ...words)).texts[1]).toContain(line);
  });
});
