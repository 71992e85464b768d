import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpClient } from '../../../packages/agent/test/haproxy/http-client.ts';
import { describeHaproxies } from '../../../packages/agent/test/haproxy/releases.ts';
import { startHaproxy } from '../../../packages/agent/test/haproxy/start-haproxy.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let certificates = '';
let others = '';
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'spop-tls-'));
  certificates = join(folder, 'certificates');
  others = join(folder, 'others');
  for (const made of [certificates, others]) execFileSync(here('make-certificates.sh'), [made], { timeout: 60_000 });
  return () => rm(folder, { recursive: true, force: true });
});

/** The example's agent as a process of its own, ended with the test. */
async function startAgent(): Promise<{ child: ChildProcess; spoeAddress: string; output: () => string }> {
  const child = spawn(process.execPath, ['--conditions=@spop/source', here('agent.ts')], {
    env: { ...process.env, SPOE_ADDR: '127.0.0.1:0', CERTIFICATES: certificates },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += chunk.toString()));
  const spoeAddress = await vi.waitFor(
    () => {
      const found = /^listening on {2}(\S+)$/m.exec(text)?.[1];
      if (found === undefined) throw new Error(`no address in:\n${text}`);
      return found;
    },
    { timeout: 15_000 },
  );
  return { child, spoeAddress, output: () => text };
}

await describeHaproxies('the TLS example', (release) => {
  const start = (spoeAddress: string, folder: string): ReturnType<typeof startHaproxy> =>
    startHaproxy({
      release,
      config: new URL('haproxy.cfg', import.meta.url),
      env: { HTTP_ADDR: 'unix@${RUN_DIR}/http.sock', SPOE_ADDR: spoeAddress, CERTIFICATES: folder },
    });

  it('answers requests of both families, passes the health check, and stops with exit code 0', async () => {
    const { child, spoeAddress, output } = await startAgent();
    const haproxy = await start(spoeAddress, certificates);
    for (const [from, network] of [
      ['192.0.2.1', 'IPv4'],
      ['2001:db8::1', 'IPv6'],
    ] as const) {
      const client = new HttpClient(haproxy.httpSocket, from);
      for (let i = 0; i < 20; i++) {
        const { status, headers } = await client.request();
        expect([status, headers['x-network'], headers['x-spoe-error']]).toEqual([200, network, undefined]);
      }
    }
    expect(haproxy.log).not.toContain('DOWN');
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(output()).not.toMatch(/no TLS|rror/);
  });

  it('answers no HAProxy with a certificate of another authority', async () => {
    const { spoeAddress } = await startAgent();
    const haproxy = await start(spoeAddress, others);
    const { status, headers } = await new HttpClient(haproxy.httpSocket).request();
    expect([status, headers['x-network']]).toEqual([200, undefined]);
    expect(headers['x-spoe-error']).toBeDefined();
    await vi.waitFor(() => expect(haproxy.log).toContain('Layer6 invalid response'), { timeout: 5_000 });
  });
});

describe('the TLS example without HAProxy', () => {
  it('talks to nobody who shows no certificate, and goes on', async () => {
    const { spoeAddress, output } = await startAgent();
    const port = Number(spoeAddress.split(':')[1]);
    const { connect } = await import('node:tls');
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const outcome = await new Promise<unknown>((resolve) => {
      socket.on('error', resolve);
      socket.on('close', () => resolve('closed'));
      socket.resume();
    });
    expect(outcome).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
    await vi.waitFor(() => expect(output()).toMatch(/no TLS with 127\.0\.0\.1: .*peer did not return a certificate/));
  });
});
