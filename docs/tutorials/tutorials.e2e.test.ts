/** The agent of the tutorials behind HAProxy, with the files, the requests and the commands that the first one shows. */
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { connectAs, startAgent, startHaproxy } from '@spop-internal/testbed/example';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const page = readFileSync(new URL('first-agent.md', import.meta.url), 'utf8');
const folder = new URL('admin/', import.meta.url);
const spop = fileURLToPath(new URL('../../packages/builder/src/spop.ts', import.meta.url));

/** Runs a line of the page that begins with `npx spop`. */
async function runSpop(line: string): Promise<string> {
  const args = ['--conditions=@spop/source', spop, ...line.split(' ').slice(2)];
  return (await promisify(execFile)(process.execPath, args, { cwd: folder, timeout: 25_000 })).stdout;
}

it('shows what spop prints', async () => {
  const { spoeAddress } = await startAgent(new URL('main.ts', folder));
  const session = /```console\n(.*?)```/s.exec(page)?.[1] ?? '';
  const [, ping = '', send = ''] = /^\$ (.*)\n.*\n\$ (.*)\n/.exec(session) ?? [];
  const printed = await Promise.all([ping, send].map((line) => runSpop(line.replace('127.0.0.1:9000', spoeAddress))));
  const [up = '', answer] = printed;
  const inTime = (text: string): string => text.replace(/[\d.]+ ms/, '1.37 ms').replace(spoeAddress, '127.0.0.1:9000');
  expect(`$ ${ping}\n${inTime(up)}$ ${send}\n${answer}`).toBe(session);
});

it('has configurations in which spop lint finds nothing but notes', async () => {
  const lint = /^npx spop lint .*$/m.exec(page)?.[0] ?? '';
  const found = (await runSpop(lint)).split('\n').filter((line) => line !== '' && !/: note: /.test(line));
  expect(found).toEqual([]);
});

describeHaproxies('the first agent', (release) => {
  it('keeps strangers out of /admin, and everybody out when it has ended', { timeout: 60_000 }, async () => {
    const { agent, spoeAddress } = await startAgent(new URL('main.ts', folder));
    const haproxy = await startHaproxy(release, new URL('haproxy.cfg', folder), spoeAddress);
    const stranger = connectAs('198.51.100.7', haproxy);
    const colleague = connectAs('192.0.2.7', haproxy);
    expect(await stranger.request({ path: '/' })).toMatchObject({ status: 200, body: 'welcome\n' });
    expect(await stranger.request({ path: '/admin' })).toMatchObject({ status: 403 });
    expect(await colleague.request({ path: '/admin' })).toMatchObject({ status: 200, body: 'welcome\n' });
    expect(await agent.stop()).toBe('exit code 0');
    expect(await colleague.request({ path: '/' })).toMatchObject({ status: 403 });
  });
});
