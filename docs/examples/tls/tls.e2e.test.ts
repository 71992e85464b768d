import { execFileSync } from 'node:child_process';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { HttpClient, requestInTime } from '@spop-internal/testbed/http-client';
import { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { beforeAll, describe, expect, it } from 'vitest';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let certificates = '';
let others = '';
beforeAll(async () => {
  const folder = await TemporaryFolder.make();
  certificates = folder.file('certificates');
  others = folder.file('others');
  for (const made of [certificates, others]) execFileSync(here('make-certificates.sh'), [made], { timeout: 60_000 });
  return () => folder.stop();
});

/** The example's agent as a process of its own, ended with the test. */
async function startAgent(): Promise<{ agent: Program; spoeAddress: string }> {
  const agent = stopAfterTest(
    new Program(process.execPath, ['--conditions=@spop/source', here('agent.ts')], {
      name: 'the agent',
      env: { SPOE_ADDR: '127.0.0.1:0', CERTIFICATES: certificates },
    }),
  );
  return { agent, spoeAddress: await agent.says(/^listening on {2}(\S+)$/m) };
}

describeHaproxies('the TLS example', ({ program }) => {
  const start = async (spoeAddress: string, folder: string): Promise<Haproxy> => {
    const config = new URL('haproxy.cfg', import.meta.url);
    const env = { HTTP_ADDR: 'unix@${RUN_DIR}/http.sock', SPOE_ADDR: spoeAddress, CERTIFICATES: folder };
    return stopAfterTest(await Haproxy.start({ program, config, env }));
  };
  const connectAs = (from: string, haproxy: Haproxy): HttpClient =>
    stopAfterTest(new HttpClient(haproxy.httpSocket, { from }));

  it('answers requests of both families, passes the health check, and stops with exit code 0', async () => {
    const { agent, spoeAddress } = await startAgent();
    const haproxy = await start(spoeAddress, certificates);
    for (const [from, network] of [
      ['192.0.2.1', 'IPv4'],
      ['2001:db8::1', 'IPv6'],
    ] as const) {
      const client = connectAs(from, haproxy);
      for (let i = 0; i < 20; i++) {
        const { status, headers } = await requestInTime(client);
        expect([status, headers['x-network'], headers['x-spoe-error']]).toEqual([200, network, undefined]);
      }
    }
    expect(haproxy.log).not.toContain('DOWN');
    expect(await agent.stop()).toBe('exit code 0');
    expect(agent.output).not.toMatch(/no TLS|rror/);
  });

  it('answers no HAProxy with a certificate of another authority', async () => {
    const { spoeAddress } = await startAgent();
    const haproxy = await start(spoeAddress, others);
    const { status, headers } = await connectAs('192.0.2.1', haproxy).request();
    expect([status, headers['x-network']]).toEqual([200, undefined]);
    expect(headers['x-spoe-error']).toBeDefined();
    await haproxy.says(/Layer6 invalid response/);
  });
});

describe('the TLS example without HAProxy', () => {
  it('talks to nobody who shows no certificate, and goes on', async () => {
    const { agent, spoeAddress } = await startAgent();
    const port = Number(spoeAddress.split(':')[1]);
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false });
    const outcome = await new Promise<unknown>((resolve) => {
      socket.on('error', resolve);
      socket.on('close', () => resolve('closed'));
      socket.resume();
    });
    expect(outcome).toMatchObject({ code: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED' });
    await agent.says(/no TLS with 127\.0\.0\.1: .*peer did not return a certificate/);
  });
});
