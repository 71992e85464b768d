import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { unpackDebian } from '@spop-internal/testbed/debian/unpack';
import { accepts, freePortWithBus } from '@spop-internal/testbed/ports';
import { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeWith, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const SCRIPT = `${import.meta.dirname}/base/form-cluster.sh`;
const CONFIG = `${import.meta.dirname}/base/valkey.conf`;
const exec = promisify(execFile);

await describeWith({ packages: ['valkey-server'], suites: ['trixie'] }, 'three servers with valkey.conf', (servers) => {
  it('are one cluster after the job has run, and again after a restart on other ports, or of one without its disk', async () => {
    const tools = await unpackDebian({ packages: ['valkey-tools'], suites: ['trixie'] });
    const env = { ...process.env, PATH: `${tools}:${process.env['PATH']}` };
    const folders = await Promise.all([0, 1, 2].map(async () => stopAfterTest(await TemporaryFolder.make())));

    /** Starts the server with this folder, on a new port. */
    async function start({ path }: TemporaryFolder, index: number): Promise<{ server: Program; port: number }> {
      const port = await freePortWithBus();
      const where = ['--port', `${port}`, '--bind', '127.0.0.1', '--dir', path];
      const name = ['--cluster-announce-hostname', `valkey-${index}.valkey`];
      const server = stopAfterTest(new Program(`${servers}/valkey-server`, [CONFIG, ...where, ...name]));
      await server.until(async () => ((await accepts({ host: '127.0.0.1', port })) ? true : undefined));
      return { server, port };
    }

    async function run(mode: 'form' | 'meet', ports: readonly number[]): Promise<string> {
      const names = ports.map((port) => `127.0.0.1:${port}`);
      return (await exec('sh', [SCRIPT, mode, ...names], { env, timeout: 20_000 })).stdout;
    }

    const ask = async (port: number, ...command: readonly string[]): Promise<string> =>
      (await exec(`${tools}/valkey-cli`, ['-p', `${port}`, ...command])).stdout.trim();

    const first = await Promise.all(folders.map(start));
    const ports = first.map(({ port }) => port);
    const formed = await run('form', ports);
    expect(formed).toMatch(/slots 0 to 5460 now\n.*slots 5461 to 10921 now\n.*slots 10922 to 16383 now\nall slots/);
    expect(await run('form', ports)).toMatch(/^(?:\S+ has its slots\n){3}all slots are served\n$/);
    expect(await ask(ports[0]!, 'set', 'a', '1')).toBe(`MOVED 15495 valkey-2.valkey:${ports[2]}`);
    expect(await ask(ports[2]!, 'set', 'a', '1')).toBe('OK');
    for (const { server } of first) expect(await server.stop()).toBe('exit code 0');

    const again = await Promise.all(folders.map(start));
    const later = again.map(({ port }) => port);
    const [last = 0] = later.slice(-1);
    expect(await ask(last, 'cluster', 'info')).toContain('cluster_state:fail');
    // Each pod does this: the last to start finds all others.
    await run('meet', [last, ...later]);
    expect(await run('form', later)).toMatch(/^(?:\S+ has its slots\n){3}all slots are served\n$/);
    expect(await ask(last, 'get', 'a')).toBe('1');

    await again[2]?.server.stop({ signal: 'SIGKILL' });
    const { port } = await start(stopAfterTest(await TemporaryFolder.make()), 2);
    const mended = await run('form', [...later.slice(0, 2), port]);
    expect(mended).toMatch(/(?:\S+ has forgotten \w{40}\n){2}(?:\S+ has its slots\n){2}.* 10922 to 16383 now\nall/);
    expect(await ask(port, 'set', 'a', '2')).toBe('OK');
  });
});
