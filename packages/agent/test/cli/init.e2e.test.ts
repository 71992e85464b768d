import { execFile } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { HttpClient } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { freePort } from '@spop-internal/testbed/ports';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it, onTestFinished } from 'vitest';
import { createAgent } from '../../src/index.ts';
import { request, variables } from './definitions.fixture.ts';
import { spop } from './run-spop.ts';

const MODULE = fileURLToPath(new URL('definitions.fixture.ts', import.meta.url));

describeHaproxies('spop init', ({ version, program }) => {
  it('writes configurations that HAProxy accepts, and that work', async () => {
    const agent = createAgent({ hooks: { unhandledNotify: () => undefined } });
    onTestFinished(() => agent.close({ graceMs: 0 }));
    agent.onMessage(request, ({ ip, method, path, id, body, tls }, ack) => {
      ack.set(variables.score, body.byteLength);
      ack.set(variables.seen, `${method.toString()} ${path.toString()} ${tls} ${id !== undefined} ${ip.toString()}`);
    });
    const folder = stopAfterTest(await TemporaryFolder.make());
    const path = folder.file('agent.sock');
    await agent.listen({ path });
    const release = version.split('.').slice(0, 2).join('.');
    const words = ['init', MODULE, '--output', folder.path, '--haproxy', release, '--agent', `unix:${path}`];
    expect(await spop(words)).toMatchObject({ code: 0 });

    const config = folder.file('haproxy.cfg');
    const { stderr } = await promisify(execFile)(program, ['-c', '-f', config]);
    expect(stderr).not.toMatch(/WARNING|ALERT/);

    const site = stopAfterTest(await Origin.start('the site'));
    // A client on a unix socket would have no address.
    const entry = { host: '127.0.0.1', port: await freePort() };
    const env = { HTTP_ADDR: `127.0.0.1:${entry.port}`, APP_ADDR: site.address };
    stopAfterTest(await Haproxy.start({ program, config: pathToFileURL(config), env, entry }));
    const client = stopAfterTest(new HttpClient(entry));
    const { status, headers } = await client.request({ path: '/a', body: 'hello' });
    expect([status, headers['x-ip-score'], headers['x-seen'], headers['x-spoe-error']]).toEqual([
      200,
      '5',
      'POST /a false true 127.0.0.1',
      undefined,
    ]);
  });
});
