import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { spop } from './run-spop.ts';

const MODULE = fileURLToPath(new URL('definitions.fixture.ts', import.meta.url));

async function temporaryFolder(): Promise<TemporaryFolder> {
  return stopAfterTest(await TemporaryFolder.make());
}

describe('spop init', () => {
  it('writes both configurations, and lists the samples that it chose by their type alone', async () => {
    const folder = await temporaryFolder();
    const words = ['init', MODULE, '--output', folder.path, '--name', 'checks', '--agent', 'unix:/run/agent.sock'];
    const { code, stdout, stderr } = await spop(words);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: chosen by its type alone: check-request: depth=int(0)\n',
    });
    expect(stdout).toBe(`${folder.file('spoe-checks.conf')}\n${folder.file('haproxy.cfg')}\n`);
    const spoe = readFileSync(folder.file('spoe-checks.conf'), 'utf8');
    expect(spoe).toContain(
      '  args ip=src port=src_port method=method path=path user-agent=req.hdr(user-agent) id=unique-id tls=ssl_fc body=req.body depth=int(0) client=src\n  event on-frontend-http-request\n',
    );
    expect(spoe).toContain(
      'spoe-message check-response\n  args status=status method=method\n  event on-http-response\n',
    );
    expect(spoe).not.toContain('timeout hello');
    const config = readFileSync(folder.file('haproxy.cfg'), 'utf8');
    expect(config).toContain('server agent1 unix@/run/agent.sock check inter 1s');
    expect(config).toContain(
      'http-response set-header x-status %[var(res.checks.status)] if { var(res.checks.status) -m found }',
    );
    expect(config).toContain('option http-buffer-request');
  });

  it('replaces existing files only with the option for it', async () => {
    const folder = await temporaryFolder();
    writeFileSync(folder.file('haproxy.cfg'), 'mine');
    const words = ['init', MODULE, '--output', folder.path, '--haproxy', '2.6'];
    const refused = await spop(words);
    expect(refused).toMatchObject({ code: 2, stdout: '' });
    expect(refused.stderr).toContain(`there is a file ${folder.file('haproxy.cfg')} already`);
    expect(readdirSync(folder.path)).toEqual(['haproxy.cfg']);
    expect(await spop([...words, '--force'])).toMatchObject({ code: 0 });
    expect(readFileSync(folder.file('spoe-definitions-fixture.conf'), 'utf8')).toContain('timeout hello 500ms');
  });

  it('ends even if the module opens a port, and takes declarations written by hand', async () => {
    const folder = await temporaryFolder();
    writeFileSync(
      folder.file('agent.mjs'),
      `import { createServer } from 'node:net';
      export default { name: 'm', args: { a: { kind: 'string', optional: false } } };
      createServer().listen(0);`,
    );
    expect(await spop(['init', folder.file('agent.mjs'), '-o', folder.path])).toMatchObject({ code: 0 });
  });

  it.each([
    ['export const a = 1;', 'exports no message of defineMessage()', 'export the definitions'],
    ['throw new Error("no");', 'could not import', 'opens no port'],
    [
      "export const m = { name: 'a b', args: {} };",
      'HAProxy does not take the name "a b" of the message',
      'letters, digits',
    ],
    ["export const m = { name: 'm', args: { 'x=y': { kind: 'bool' } } };", 'an argument of m', 'letters, digits'],
    [
      "export const m = { name: 'm', args: {} }; export const v = { scope: 'txn', name: 'a-b', kind: 'bool' };",
      'HAProxy does not take the name "a-b" of the variable',
      'letters, digits',
    ],
    [
      "export const m = { name: 'm', args: {} }; export const v = { scope: 'txn', name: 'a'.repeat(60), kind: 'bool' };",
      'HAProxy takes at most 63 bytes for the name txn.module.aaa',
      'shorter --var-prefix',
    ],
  ])('refuses a module with %s', async (code, sentence, hint) => {
    const folder = await temporaryFolder();
    writeFileSync(folder.file('module.mjs'), code);
    const outcome = await spop(['init', folder.file('module.mjs'), '-o', folder.file('out')]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain(sentence);
    expect(outcome.stderr).toContain(hint);
    expect(readdirSync(folder.path)).toEqual(['module.mjs']);
  });
});
