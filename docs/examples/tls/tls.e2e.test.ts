import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect } from 'node:tls';
import { fileURLToPath } from 'node:url';
import { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { HttpClient, requestInTime } from '@spop-internal/testbed/http-client';
import { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { beforeAll, describe, expect, it } from 'vitest';

const CONFIG = new URL('haproxy.cfg', import.meta.url);
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

/** The README's table of HAProxys that get no answer: the reason of the check, and the agent's words. */
const readme = readFileSync(here('README.md'), 'utf8');

describeHaproxies('the TLS example', ({ program }) => {
  const start = async (spoeAddress: string, config: string | URL = CONFIG): Promise<Haproxy> => {
    const folders = { CERTIFICATES: certificates, OTHERS: others };
    const env = { HTTP_ADDR: 'unix@${RUN_DIR}/http.sock', SPOE_ADDR: spoeAddress, ...folders };
    const files = { 'spoe-network.conf': readFileSync(here('spoe-network.conf'), 'utf8') };
    return stopAfterTest(await Haproxy.start({ program, config, files, env }));
  };
  const connectAs = (from: string, haproxy: Haproxy): HttpClient =>
    stopAfterTest(new HttpClient(haproxy.httpSocket, { from }));

  it('answers requests of both families, passes the health check, and stops with exit code 0', async () => {
    const { agent, spoeAddress } = await startAgent();
    const haproxy = await start(spoeAddress);
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

  /** With TLS 1.3 HAProxy is connected before the agent checks its certificate: its check sees an alert, an end or a reset. */
  const late = /DOWN, reason: (Socket error|Layer7 invalid response)/;

  it.each([
    ['shows no certificate', / crt \S+/, '', late, /no TLS with .*(peer did not return a certificate)/],
    [
      'shows a certificate of another authority',
      / crt \S+/,
      ' crt "${OTHERS}/haproxy.pem"',
      late,
      /no TLS with .*(socket hang up)/,
    ],
    [
      'trusts another authority',
      /ca-file \S+/,
      'ca-file "${OTHERS}/ca.pem"',
      /DOWN, reason: (Layer6 invalid response)/,
      /no TLS with .*(unknown ca)/,
    ],
    ['speaks no TLS', / ssl verify .*/, '', late, /no TLS with .*(wrong version number)/],
  ])('answers no HAProxy that %s, and both log the README’s reasons', async (_, right, wrong, reason, words) => {
    const { agent, spoeAddress } = await startAgent();
    const haproxy = await start(spoeAddress, readFileSync(CONFIG, 'utf8').replace(right, wrong));
    expect(readme).toContain(await haproxy.says(reason));
    expect(readme).toContain(await agent.says(words));
    const { status, headers } = await connectAs('192.0.2.1', haproxy).request();
    expect([status, headers['x-network'], headers['x-spoe-error']]).toEqual([200, undefined, expect.any(String)]);
  });
});

describe('the TLS example without HAProxy', () => {
  it('answers no peer without a certificate, and goes on', async () => {
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
