import { once } from 'node:events';
import { copyFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { TLSSocket } from 'node:tls';
import { type Environment, startAgent, startScript } from '@spop-internal/testbed/example';
import type { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { data } from '@spop/builder';
import { generate } from 'selfsigned';
import { describe, expect, it, onTestFinished } from 'vitest';
import { connectTo } from '../shared/testing.ts';
import { AGENT, ask, decide, Lapi, LAPI_KEY } from './testing.ts';

const CLIENT = { 'src-ip': data.ipv4('192.0.2.7') };

describe('the agent of the remediation example', { timeout: 25_000 }, () => {
  it('names missing settings, listens without the API after LAPI_PATIENCE_S, and takes its decisions later', async () => {
    const lapi = await new Lapi().add(decide('192.0.2.7')).start();
    lapi.trouble = 500;
    const folder = stopAfterTest(await TemporaryFolder.make());
    const [HOSTS, COUNTRY_DB] = [folder.file('hosts.yaml'), folder.file('countries.mmdb')];
    await writeFile(HOSTS, 'hosts: [{ host: "*" }]');
    await copyFile(new URL('fixtures/maxmind.mmdb', import.meta.url), COUNTRY_DB);
    const { agent, spoeAddress } = await startAgent(AGENT, {
      LAPI_URL: lapi.url,
      LAPI_KEY,
      LAPI_PATIENCE_S: '0',
      HOSTS,
      COUNTRY_DB,
      METRICS_ADDR: '127.0.0.1:0',
    });
    await agent.says(/expected status 200; found 500; there are no decisions yet/);
    const peer = await connectTo(spoeAddress);
    expect(await ask(peer, 'crowdsec-tcp', CLIENT)).toEqual({
      isocode: 'FR',
      remediation: 'allow',
      by_default: 'decisions missing',
    });
    lapi.trouble = undefined;
    await expect.poll(() => ask(peer, 'crowdsec-tcp', CLIENT)).toMatchObject({ remediation: 'ban' });
    const metricsAddress = await agent.says(/^metrics on\s+(\S+)$/m);
    const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
    expect(text).toContain(
      'crowdsec_haproxy_spoa_bouncer_active_decisions{origin="crowdsec",ip_type="ipv4",scope="ip"} 1',
    );
    expect(text).toMatch(
      /^crowdsec_haproxy_spoa_bouncer_blocked_requests\{origin="crowdsec",.*,remediation="ban"\} 1$/m,
    );
    expect(text).toMatch(/^lapi_requests_failures_total [1-9]/m);
    // Hosts and countries are read again; the last good ones stay if the files are wrong.
    const { request, contact } = { request: { ...CLIENT, headers: 'host: a\r\n\r\n' }, contact: 'mailto:a@b' };
    expect(await ask(peer, 'crowdsec-http-body', request)).toEqual({ isocode: 'FR', remediation: 'ban' });
    await writeFile(HOSTS, `hosts: [{ host: "*", ban: { contact_us_url: "${contact}" } }]`);
    agent.signal('SIGHUP');
    await agent.says(/read .*hosts\.yaml again on SIGHUP/);
    await agent.says(/read .*countries\.mmdb again on SIGHUP/);
    await writeFile(HOSTS, 'hosts: 5');
    await writeFile(COUNTRY_DB, '<html>');
    agent.signal('SIGHUP');
    await agent.says(/hosts\.yaml: the file: found a value of hosts that it cannot have; the last good content stays/);
    await agent.says(/countries\.mmdb: .*; the last good content stays in use/);
    expect(await ask(peer, 'crowdsec-http-body', request)).toMatchObject({ isocode: 'FR', contact_us_url: contact });
    expect(agent.output).not.toContain(LAPI_KEY);
    expect(await agent.stop()).toBe('exit code 0');
  });

  it('shows the API a certificate instead of a key', async () => {
    const [own, api] = await Promise.all([
      generate([{ name: 'commonName', value: 'bouncer' }], { keyType: 'ec' }),
      generate([{ name: 'commonName', value: '127.0.0.1' }], {
        keyType: 'ec',
        extensions: [{ name: 'subjectAltName', altNames: [{ type: 7, ip: '127.0.0.1' }] }],
      }),
    ]);
    const folder = stopAfterTest(await TemporaryFolder.make());
    const files = { 'own.pem': own.cert, 'own.key': own.private, 'ca.pem': api.cert };
    for (const [name, text] of Object.entries(files)) await writeFile(folder.file(name), text);
    const tls = { cert: api.cert, key: api.private, ca: own.cert, requestCert: true, rejectUnauthorized: true };
    const server = createServer(tls, ({ socket }, response) => {
      const isBouncer = socket instanceof TLSSocket && socket.getPeerCertificate().subject.CN === 'bouncer';
      response.writeHead(isBouncer ? 200 : 403).end(JSON.stringify({ new: [decide('192.0.2.7')] }));
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => {
      server.close();
      server.closeAllConnections();
    });
    const bound = server.address();
    const port = typeof bound === 'object' ? bound?.port : undefined;
    const { spoeAddress } = await startAgent(AGENT, {
      LAPI_URL: `https://127.0.0.1:${port}`,
      LAPI_CERT_PATH: folder.file('own.pem'),
      LAPI_KEY_PATH: folder.file('own.key'),
      LAPI_CA_PATH: folder.file('ca.pem'),
    });
    expect(await ask(await connectTo(spoeAddress), 'crowdsec-tcp', CLIENT)).toEqual({ remediation: 'ban' });
  });

  it('checks its settings with --check, names all errors, and ends', async () => {
    const check = (env: Environment): Program => startScript(AGENT, ['--check'], env);
    const good = check({ LAPI_KEY });
    const bad = check({ LAPI_KEY, COUNTRY_DB: '/nonexistent.mmdb', LAPI_CA_PATH: '/nonexistent.pem', LAPI_URL: 'x' });
    const none = check({});
    expect(await good.ended).toBe('exit code 0');
    expect(await bad.ended).toBe('exit code 1');
    expect(bad.output).toContain('COUNTRY_DB: /nonexistent.mmdb: ENOENT');
    expect(bad.output).toContain('LAPI_CA_PATH: expected a file that can be read: ENOENT');
    expect(bad.output).toContain('LAPI_URL: expected an http:// or https:// URL; found "x"');
    expect(await none.ended).toBe('exit code 1');
    expect(none.output).toContain('expected LAPI_KEY, or LAPI_CERT_PATH and LAPI_KEY_PATH');
  });
});
