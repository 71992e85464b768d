import { describe, expect, it, vi } from 'vitest';
import { command as lint } from '../../../src/cli/commands/lint.ts';
import { lint as findingsIn } from '../../../src/cli/lint/lint.ts';
import { HAPROXY, SPOE } from '../lint/configurations.ts';
import { file, jsonOf, run } from '../run-command.ts';
import { endWaits } from './end.ts';

const MODULE = `export const ip = { name: 'check-ip', args: { ip: { kind: 'address' }, port: { kind: 'int32' } } };
export const login = { name: 'login', args: { user: { kind: 'string', optional: true }, body: { kind: 'binary' }, size: { kind: 'int32' } } };
export const score = { scope: 'sess', name: 'score', kind: 'int32' };
`;

describe('spop lint', () => {
  endWaits();

  const WRONG_HAPROXY = HAPROXY.replace('  option spop-check\n', '');
  const WRONG_SPOE = SPOE.replace('messages check-ip', 'messages check-ip other');
  const files = (haproxy: string, spoe: string): Promise<string[]> =>
    Promise.all([file(haproxy, 'haproxy.cfg'), file(spoe, 'spoe.conf')]);

  it('writes nothing if nothing is wrong, and leaves the end to the program', async () => {
    expect(await run(lint, await files(HAPROXY, SPOE))).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(vi.getTimerCount()).toBe(0);
  });

  it.each([
    [0, SPOE],
    [1, WRONG_SPOE],
  ])('ends the program with %i, for a module that keeps it alive', async (code, spoe) => {
    const module = await file(MODULE, 'agent.mjs');
    expect(await run(lint, [...(await files(HAPROXY, spoe)), module])).toMatchObject({ code });
    expect(() => vi.runAllTimers()).toThrow(`exit ${code}`);
  });

  it('writes each finding with its file, its place and what to write', async () => {
    const words = await files(WRONG_HAPROXY, WRONG_SPOE);
    const findings = findingsIn({ haproxyText: WRONG_HAPROXY, spoeText: WRONG_SPOE, spoePath: 'spoe.conf' });
    const found = findings.map((finding) => ({ ...finding, file: words[finding.file === 'haproxy' ? 0 : 1] }));
    expect(findings.map(({ rule, file: at }) => `${at} ${rule}`)).toEqual([
      'haproxy spop-check',
      'spoe message-missing',
    ]);
    const lines = found.map(
      (one) =>
        `${one.file}:${one.line}: ${one.severity}: ${one.rule}: ${one.sentence} (${one.source}). What to write: ${one.advice}.\n`,
    );
    expect(await run(lint, words)).toEqual({ code: 1, stdout: lines.join(''), stderr: '' });
    expect(jsonOf(await run(lint, [...words, '--json']))).toEqual(found);
    const ignoring = await run(lint, [...words, '--ignore', 'message-missing']);
    expect(ignoring).toEqual({ code: 1, stdout: lines[0], stderr: '' });
    const all = await run(lint, [...words, '--ignore', 'message-missing,spop-check']);
    expect(all).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it.each([[[]], [['haproxy.cfg']]])('needs two files, and not only %j', async (words) => {
    await expect(run(lint, words)).rejects.toMatchObject({
      name: 'UsageError',
      message: "expected HAProxy's configuration and that of SPOE",
    });
  });
});
