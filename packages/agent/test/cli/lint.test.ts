import { writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { HAPROXY, SPOE } from '../../../builder/test/cli/lint/configurations.ts';
import { jsonLines, spop } from './run-spop.ts';

/** An agent's declarations, written by hand, and a port that the module opens when it is imported. */
const MODULE = `import { createServer } from 'node:net';
createServer().listen(0, '127.0.0.1');
const type = (kind, optional = false) => ({ kind, optional });
export const ip = { name: 'check-ip', args: { ip: type('address'), port: type('integer', true) } };
export const login = { name: 'login', args: { user: type('string', true), body: type('binary'), size: type('int32') } };
export const score = { scope: 'sess', name: 'score', kind: 'int32' };
`;

/** A folder with these files. */
async function folderWith(haproxy: string, spoe: string): Promise<TemporaryFolder> {
  const folder = stopAfterTest(await TemporaryFolder.make());
  writeFileSync(folder.file('haproxy.cfg'), haproxy);
  writeFileSync(folder.file('spoe.conf'), spoe);
  writeFileSync(folder.file('agent.mjs'), MODULE);
  return folder;
}

const WORDS = ['lint', 'haproxy.cfg', 'spoe.conf'] as const;

describe('spop lint', () => {
  it('prints nothing for configurations without a fault, and ends even if the module opens a port', async () => {
    const { path: cwd } = await folderWith(HAPROXY, SPOE);
    const good = { code: 0, stdout: '', stderr: '' };
    expect(await spop(WORDS, { cwd })).toEqual(good);
    const all = [...WORDS, 'agent.mjs', '--haproxy', '3.4', '--deadline', '100ms', '--json'];
    expect(await spop(all, { cwd })).toEqual(good);
  });

  it('prints one line for each fault, and exits with 1', async () => {
    const { path: cwd } = await folderWith(HAPROXY.replace('option spop-check', ''), SPOE.replace('ip=src', 'ip=path'));
    expect(await spop([...WORDS, 'agent.mjs'], { cwd })).toEqual({
      code: 1,
      stdout: `haproxy.cfg:24: warning: spop-check: the backend "agents" has no "option spop-check": its checks only show that something accepts connections there (docs/guides/troubleshooting.md, No answer in time). What to write: option spop-check.
spoe.conf:11: error: argument-type: "path" gives string, and the agent declares the argument "ip" of "check-ip" as address: the handler fails (SPOE.txt §3.1). What to write: ip: string in the agent, or a sample that gives address.
`,
      stderr: '',
    });
  });

  it('exits with 0 if it found only notes', async () => {
    const { path: cwd } = await folderWith(HAPROXY, SPOE.replace(' size=req.body_size', ''));
    const outcome = await spop([...WORDS, '--json'], { cwd });
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
    expect(jsonLines(outcome)).toMatchObject([
      {
        file: 'spoe.conf',
        line: 15,
        severity: 'note',
        rule: 'body-size',
        source: 'docs/guides/limits.md, How large a question may be',
        advice: 'size=req.body_size beside it, to compare with the length',
      },
    ]);
  });

  it('skips the rules that an option names', async () => {
    const { path: cwd } = await folderWith(HAPROXY.replace('option spop-check', ''), SPOE.replace('ip=src', 'ip=path'));
    const { code, stdout } = await spop([...WORDS, 'agent.mjs', '--ignore', 'spop-check,prefix'], { cwd });
    expect(code).toBe(1);
    expect(stdout).toMatch(/^spoe\.conf:11: error: argument-type: [^\n]*\n$/);
  });

  it("takes the agent's deadline from its module if no option gives one", async () => {
    const folder = await folderWith(HAPROXY, SPOE);
    writeFileSync(folder.file('agent.mjs'), `${MODULE}\nexport const options = { processingTimeoutMs: 300 };\n`);
    const cwd = folder.path;
    const late = await spop([...WORDS, 'agent.mjs'], { cwd });
    expect(late).toMatchObject({ code: 1, stderr: '' });
    expect(late.stdout).toMatch(/^spoe\.conf:7: warning: deadline: .* the agent's own deadline is 300 ms/);
    expect(await spop([...WORDS, 'agent.mjs', '--deadline', '100ms'], { cwd })).toMatchObject({ code: 0, stdout: '' });
  });

  it('prints no control sequences of a terminal', async () => {
    const { path: cwd } = await folderWith(HAPROXY, SPOE.replace('messages check-ip', 'messages \u001b[31m check-ip'));
    const { code, stdout } = await spop(WORDS, { cwd });
    expect(code).toBe(1);
    expect(stdout).toContain(String.raw`no message "\x1b[31m"`);
  });

  it.each([
    [[], "expected HAProxy's configuration and that of SPOE"],
    [['haproxy.cfg'], "expected HAProxy's configuration and that of SPOE"],
    [['haproxy.cfg', 'none.conf'], 'could not read none.conf: ENOENT'],
    [['haproxy.cfg', '.'], 'could not read .: EISDIR'],
    [['haproxy.cfg', 'spoe.conf', 'none.mjs'], 'could not import none.mjs'],
    [['haproxy.cfg', 'spoe.conf', 'agent.mjs', 'more'], 'expected nothing after "agent.mjs"; found "more"'],
    [['haproxy.cfg', 'spoe.conf', '--deadline', 'soon'], 'expected a duration from 1ms'],
    [['haproxy.cfg', 'spoe.conf', '--haproxy', '1.8'], 'expected one of 2.6'],
    [['haproxy.cfg', 'spoe.conf', '--ignore', 'spop-chek'], 'there is no rule "spop-chek"'],
  ])('refuses the words %j', async (words, sentence) => {
    const { path: cwd } = await folderWith(HAPROXY, SPOE);
    const outcome = await spop(['lint', ...words], { cwd });
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
  });
});
