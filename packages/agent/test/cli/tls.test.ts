import { writeFileSync } from 'node:fs';
import { createServer, type TlsOptions } from 'node:tls';
import { generate } from 'selfsigned';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { createAgent } from '../../src/index.ts';
import { listenAs, spop } from './run-spop.ts';

interface Identity {
  readonly cert: string;
  readonly key: string;
}

describe('TLS', () => {
  let folder: TemporaryFolder;
  let server: Identity;
  let client: Identity;

  /** A self-signed certificate, as text and as files. */
  async function identity(name: string): Promise<Identity> {
    const made = await generate([{ name: 'commonName', value: name }], { keyType: 'ec' });
    writeFileSync(folder.file(`${name}.pem`), made.cert);
    writeFileSync(folder.file(`${name}.key`), made.private);
    writeFileSync(folder.file(`${name}-both.pem`), `${made.cert}\n${made.private}`);
    return { cert: made.cert, key: made.private };
  }

  beforeAll(async () => {
    folder = await TemporaryFolder.make();
    server = await identity('agent.internal');
    client = await identity('probe');
  });
  afterAll(() => folder.stop());

  /** An agent that listens with TLS. @returns its `host:port`. */
  async function startAgent(options: TlsOptions = {}): Promise<string> {
    const agent = createAgent({ hooks: { transportError: () => undefined, unhandledNotify: () => undefined } });
    const listener = createServer({ cert: server.cert, key: server.key, ...options }, (socket) => agent.handle(socket));
    listener.on('tlsClientError', () => undefined);
    await new Promise<void>((resolve) => {
      listener.listen({ host: '127.0.0.1', port: 0 }, resolve);
    });
    onTestFinished(async () => {
      await agent.close({ graceMs: 0 });
      listener.close();
    });
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('expected a port');
    return `127.0.0.1:${address.port}`;
  }

  it('reaches an agent whose certificate it trusts, by the name in it', async () => {
    const target = await startAgent();
    const trusting = ['--ca', folder.file('agent.internal.pem')];
    expect(await spop(['ping', target, ...trusting, '--servername', 'agent.internal'])).toMatchObject({
      code: 0,
      stderr: '',
    });
    expect(await spop(['send', target, ...trusting, '--servername', 'agent.internal', 'm'])).toMatchObject({ code: 0 });
    const other = await spop(['ping', target, ...trusting, '--servername', 'other.internal']);
    expect(other.code).toBe(1);
    expect(other.stderr).toContain("does not match certificate's altnames");
  });

  it('refuses a certificate of an unknown authority, unless with --insecure', async () => {
    const target = await startAgent();
    const refused = await spop(['ping', target, '--tls']);
    expect(refused).toMatchObject({ code: 1, stdout: '' });
    expect(refused.stderr).toMatch(/^spop: could not connect to \S+: self-signed certificate/);
    expect(await spop(['ping', target, '--insecure'])).toMatchObject({ code: 0 });
  });

  it('presents a certificate, its key in another file or in the same', async () => {
    const target = await startAgent({ requestCert: true, rejectUnauthorized: true, ca: client.cert });
    const words = ['ping', target, '--insecure'];
    expect((await spop(words)).code).toBe(1);
    const [cert, key, both] = ['probe.pem', 'probe.key', 'probe-both.pem'].map((name) => folder.file(name));
    expect(await spop([...words, '--cert', cert!, '--key', key!])).toMatchObject({ code: 0 });
    expect(await spop([...words, '--cert', both!])).toMatchObject({ code: 0 });
  });

  it('ends in time if the peer does not speak TLS', async () => {
    const silent = await spop(['ping', await listenAs(() => undefined), '--tls', '--timeout', '300ms']);
    expect(silent.code).toBe(1);
    expect(silent.stderr).toMatch(/^spop: could not connect to \S+ within 300 ms/);
    const plain = await spop(['ping', await listenAs((socket) => void socket.end('no TLS')), '--tls']);
    expect(plain).toMatchObject({ code: 1, stdout: '' });
  });

  it('refuses a file that is no certificate as a usage error', async () => {
    const outcome = await spop([
      'ping',
      '127.0.0.1:9',
      '--ca',
      folder.file('agent.internal.pem'),
      '--cert',
      folder.file('probe.key'),
    ]);
    expect(outcome).toMatchObject({ code: 2, stdout: '' });
    expect(outcome.stderr).toContain('the options of TLS');
  });
});
