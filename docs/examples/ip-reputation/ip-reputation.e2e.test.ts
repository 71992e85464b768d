import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { HttpClient, type Answer } from '../../../packages/agent/test/haproxy/http-client.ts';
import { describeHaproxies, type HaproxyRelease } from '../../../packages/agent/test/haproxy/releases.ts';
import { startHaproxy, type Haproxy } from '../../../packages/agent/test/haproxy/start-haproxy.ts';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

let folder = '';
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'spop-example-'));
  const made = folder;
  onTestFinished(() => rm(made, { recursive: true, force: true }));
});

/** A program of the example as a process of its own, ended with the test. */
class Program {
  output = '';
  readonly process: ChildProcess;
  readonly exitCode: Promise<unknown>;

  constructor(file: string, args: readonly string[], env: Readonly<Record<string, string>>) {
    this.process = spawn(process.execPath, ['--conditions=@spop/source', here(file), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.process.stdout?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.process.stderr?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    this.exitCode = once(this.process, 'close').then(([code]: unknown[]) => code);
    onTestFinished(async () => {
      // Asked first, so that a demo can end its own children.
      this.process.kill('SIGTERM');
      const force = setTimeout(() => this.process.kill('SIGKILL'), 5000);
      await this.exitCode;
      clearTimeout(force);
    });
  }

  /** What the first group of `pattern` matches, once it is written. */
  says(pattern: RegExp): Promise<string> {
    return vi.waitFor(
      () => {
        const match = pattern.exec(this.output);
        if (match === null) throw new Error(`expected ${String(pattern)} in:\n${this.output}`);
        return match[1] ?? '';
      },
      { timeout: 10_000 },
    );
  }

  /** Waits for exit code 0. */
  async succeeds(): Promise<void> {
    const code = await this.exitCode;
    if (code !== 0) throw new Error(`expected exit code 0, found ${String(code)}:\n${this.output}`);
  }

  /** Sends a signal and gives the exit code. */
  end(signal: 'SIGTERM' | 'SIGINT'): Promise<unknown> {
    this.process.kill(signal);
    return this.exitCode;
  }
}

async function startAgent(
  env: Readonly<Record<string, string>> = {},
): Promise<{ agent: Program; spoeAddress: string }> {
  const agent = new Program('agent.ts', [], { SPOE_ADDR: '127.0.0.1:0', ...env });
  return { agent, spoeAddress: await agent.says(/^listening on\s+(\S+)$/m) };
}

/** HAProxy with the example's own files, in front of a site on a unix socket. */
async function startExample(release: HaproxyRelease, spoeAddress: string): Promise<Haproxy> {
  const site = createServer((_, response) => response.end('the site'));
  onTestFinished(() => site.close().closeAllConnections());
  await once(site.listen(join(folder, 'site.sock')), 'listening');
  return startHaproxy({
    release,
    config: new URL('haproxy.cfg', import.meta.url),
    env: {
      HTTP_ADDR: 'unix@${RUN_DIR}/direct.sock',
      PROXY_ADDR: 'unix@${RUN_DIR}/http.sock',
      APP_ADDR: `unix@${folder}/site.sock`,
      SPOE_ADDR: spoeAddress,
    },
  });
}

function summaryOf({ status, headers }: Answer): unknown {
  return [status, headers['x-ip-score'], headers['x-spoe-error']];
}

async function ask(haproxy: Haproxy, from: string): Promise<unknown> {
  return summaryOf(await new HttpClient(haproxy.httpSocket, from).request());
}

await describeHaproxies('the IP reputation example', (release) => {
  it.each([
    ['TCP', '127.0.0.1:0'],
    ['TCP over IPv6', '[::1]:0'],
    ['a unix socket', 'unix'],
  ])('lets clients pass or denies them by their score, the agent on %s', async (_, spoeAddr) => {
    const { spoeAddress } = await startAgent({
      SPOE_ADDR: spoeAddr === 'unix' ? `unix:${folder}/agent.sock` : spoeAddr,
    });
    const haproxy = await startExample(release, spoeAddress);
    const clients = ['192.0.2.10', '10.0.0.0', '10.255.255.255', '11.0.0.0', '2001:db8:1::1', '2001:db8:bad::1'];
    const answers: unknown[] = [];
    for (const client of [...clients, '2001:db8:bad:1::1', '::ffff:10.1.2.3']) {
      answers.push([client, await ask(haproxy, client)]);
    }
    expect(answers).toEqual([
      ['192.0.2.10', [200, '0', undefined]],
      ['10.0.0.0', [403, '100', undefined]],
      ['10.255.255.255', [403, '100', undefined]],
      ['11.0.0.0', [200, '0', undefined]],
      ['2001:db8:1::1', [200, '0', undefined]],
      ['2001:db8:bad::1', [403, '100', undefined]],
      ['2001:db8:bad:1::1', [200, '40', undefined]],
      ['::ffff:10.1.2.3', [403, '100', undefined]],
    ]);
  });

  it('follows the table while it is changed, and keeps it while the file is wrong', async () => {
    const scores = join(folder, 'scores.txt');
    const replace = async (text: string): Promise<void> => {
      await writeFile(`${scores}.new`, text);
      await rename(`${scores}.new`, scores);
    };
    await replace('192.0.2.0/24 79');
    const { agent, spoeAddress } = await startAgent({ SCORES: scores });
    const haproxy = await startExample(release, spoeAddress);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([200, '79', undefined]);
    await replace('192.0.2.0/24 80');
    await agent.says(/(read .* again: 1 addresses and ranges)/);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([403, '80', undefined]);
    await replace('# nobody\n192.0.2.0/24 many');
    await agent.says(/(line 2: "many" is no score)/);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([403, '80', undefined]);
  });

  it('lets requests pass while there is no agent, within milliseconds once HAProxy has noticed', async () => {
    const { agent, spoeAddress } = await startAgent();
    const haproxy = await startExample(release, spoeAddress);
    const client = new HttpClient(haproxy.httpSocket, '10.1.2.3');
    expect(summaryOf(await client.request())).toEqual([403, '100', undefined]);
    expect(await agent.end('SIGTERM')).toBe(0);
    await vi.waitFor(() => expect(haproxy.log).toContain('spoe-agents/agent1 is DOWN'), { timeout: 5000 });
    const answer = await new HttpClient(haproxy.httpSocket, '10.1.2.3').request();
    expect(summaryOf(answer)).toEqual([200, undefined, expect.stringMatching(/^(2|257)$/)]);
    // `timeout processing` is 250 ms: it was not waited for.
    expect(answer.durationMs).toBeLessThan(200);
  });

  it('is shown by the demo', async () => {
    const demo = new Program('demo.ts', [], { HAPROXY: release.program });
    await demo.succeeds();
    expect(demo.output).toContain(`In front of it: HAProxy version ${release.version}`);
    expect(demo.output).toMatch(/192\.0\.2\.10 +not listed +0 +200 OK +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/10\.1\.2\.3 +in 10\.0\.0\.0\/8 +100 +403 Forbidden, denied +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/2001:db8:bad::1 .* 100 +403 Forbidden, denied/);
  });

  it('stays up with the demo until a signal comes, and is gone afterwards', async () => {
    const demo = new Program('demo.ts', ['--keep'], { HAPROXY: release.program });
    await demo.says(/(Stays up until Ctrl-C)/);
    const site = await demo.says(/curl -i (http:\S+)/);
    expect((await fetch(site)).status).toBe(200);
    const agentProcess = Number(await demo.says(/process +(\d+)/));
    expect(await demo.end('SIGTERM')).toBe(0);
    await expect(fetch(site)).rejects.toThrow('fetch failed');
    expect(() => process.kill(agentProcess, 0)).toThrow('ESRCH');
  });

  it('has a demo that says what HAProxy does not like, and fails', async () => {
    const demo = new Program('demo.ts', [], { HAPROXY: release.program, HTTP_ADDR: 'nonsense' });
    expect(await demo.exitCode).toBe(1);
    expect(demo.output).toMatch(/The demo has failed: HAProxy ended with exit code 1:[^]*nonsense/);
  });
});

describe('the IP reputation example without HAProxy', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit code 0', async (signal) => {
    const { agent } = await startAgent();
    expect(await agent.end(signal)).toBe(0);
    expect(agent.output).toMatch(/stopping on SIG(TERM|INT)\nstopped\n$/);
  });

  it.each([
    [{ SPOE_ADDR: '9000' }, '"9000" is no address; expected "127.0.0.1:9000"'],
    [{ SCORES: '/nonexistent/scores' }, '/nonexistent/scores is no table of scores:\nENOENT'],
  ])('does not start with %o, and says why', async (env, reason) => {
    const agent = new Program('agent.ts', [], { SPOE_ADDR: '127.0.0.1:0', ...env });
    expect(await agent.exitCode).toBe(1);
    expect(agent.output).toContain(reason);
  });

  it('says that its port is in use, as agent and as demo', async () => {
    const other = createTcpServer();
    onTestFinished(() => void other.close());
    await once(other.listen(0, '127.0.0.1'), 'listening');
    const bound = other.address();
    const env = { SPOE_ADDR: `127.0.0.1:${typeof bound === 'object' ? bound?.port : ''}` };
    const agent = new Program('agent.ts', [], env);
    expect(await agent.exitCode).toBe(1);
    expect(agent.output).toContain('EADDRINUSE');
    const demo = new Program('demo.ts', ['--stand-in'], env);
    expect(await demo.exitCode).toBe(1);
    expect(demo.output).toMatch(/The demo has failed: the agent ended with exit code 1:[^]*EADDRINUSE/);
  });

  it('is shown by the demo with a stand-in, which says that it is one', async () => {
    const demo = new Program('demo.ts', ['--stand-in'], {});
    await demo.succeeds();
    expect(demo.output).toContain('In front of it: no HAProxy but a stand-in');
    expect(demo.output).toMatch(/2001:db8:bad:1::1 .* 40 +200 OK +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/10\.1\.2\.3 +in 10\.0\.0\.0\/8 +100 +403 Forbidden, denied/);
  });

  it('is kept up by the demo until Ctrl-C reaches demo and agent alike', async () => {
    const demo = new Program('demo.ts', ['--keep', '--stand-in'], {});
    await demo.says(/(Stays up until Ctrl-C)/);
    process.kill(Number(await demo.says(/process +(\d+)/)), 'SIGINT');
    await sleep(10);
    expect(await demo.end('SIGINT')).toBe(0);
  });
});
