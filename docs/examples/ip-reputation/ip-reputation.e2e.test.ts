import { rename, writeFile } from 'node:fs/promises';
import {
  connectAs,
  type Environment,
  type ExampleAgent,
  startAgent as startExampleAgent,
  startHaproxy,
  startScript,
} from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, requestInTime } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import type { Program } from '@spop-internal/testbed/program';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';

/** A demo sends 150 requests, and the machine may be busy. */
const DEMO_TIMEOUT_MS = 45_000;

const CONFIG = new URL('haproxy.cfg', import.meta.url);

function start(file: string, args: readonly string[], env: Environment): Program {
  return startScript(new URL(file, import.meta.url), args, env);
}

function startAgent(env: Environment = {}): Promise<ExampleAgent> {
  return startExampleAgent(new URL('agent.ts', import.meta.url), env);
}

function summaryOf({ status, headers }: Answer): unknown {
  return [status, headers['x-ip-score'], headers['x-spoe-error']];
}

async function ask(haproxy: Haproxy, from: string): Promise<unknown> {
  return summaryOf(await requestInTime(connectAs(from, haproxy)));
}

describeHaproxies('the IP reputation example', (release) => {
  it.each([
    ['TCP', '127.0.0.1:0'],
    ['TCP over IPv6', '[::1]:0'],
    ['a unix socket', 'unix'],
  ])('lets clients pass or denies them by their score, the agent on %s', async (_, spoeAddr) => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const { spoeAddress } = await startAgent({
      SPOE_ADDR: spoeAddr === 'unix' ? `unix:${folder.file('agent.sock')}` : spoeAddr,
    });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
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
    const scores = stopAfterTest(await TemporaryFolder.make()).file('scores.txt');
    const replace = async (text: string): Promise<void> => {
      await writeFile(`${scores}.new`, text);
      await rename(`${scores}.new`, scores);
    };
    await replace('192.0.2.0/24 79');
    const { agent, spoeAddress } = await startAgent({ SCORES: scores });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([200, '79', undefined]);
    await replace('192.0.2.0/24 80');
    await agent.says(/(read .* again: 1 addresses and ranges)/);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([403, '80', undefined]);
    await replace('# nobody\n192.0.2.0/24 many');
    await agent.says(/(line 2: "many" is no score)/);
    expect(await ask(haproxy, '192.0.2.10')).toEqual([403, '80', undefined]);
  });

  it('lets requests pass while there is no agent, at once after HAProxy has noticed', async () => {
    const { agent, spoeAddress } = await startAgent();
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const client = connectAs('10.1.2.3', haproxy);
    expect(summaryOf(await requestInTime(client))).toEqual([403, '100', undefined]);
    expect(await agent.stop()).toBe('exit code 0');
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    // Error 1 would be `timeout processing`: HAProxy did not wait for it.
    const answer = await connectAs('10.1.2.3', haproxy).request();
    expect(summaryOf(answer)).toEqual([200, undefined, expect.stringMatching(/^(2|257)$/)]);
  });

  it('is shown by the demo, which stays up until a signal and leaves no process', async () => {
    const demo = start('demo.ts', ['--keep'], { HAPROXY: release.program });
    await demo.says(/Stays up until Ctrl-C/, DEMO_TIMEOUT_MS);
    expect(demo.output).toContain(`In front of it: HAProxy version ${release.version}`);
    expect(demo.output).toMatch(/192\.0\.2\.10 +not listed +0 +200 OK +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/10\.1\.2\.3 +in 10\.0\.0\.0\/8 +100 +403 Forbidden, denied +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/2001:db8:bad::1 .* 100 +403 Forbidden, denied/);
    const site = await demo.says(/curl -i (http:\S+)/);
    expect((await fetch(site)).status).toBe(200);
    const agentProcess = Number(await demo.says(/process +(\d+)/));
    expect(await demo.stop()).toBe('exit code 0');
    await expect(fetch(site)).rejects.toThrow('fetch failed');
    expect(() => process.kill(agentProcess, 0)).toThrow('ESRCH');
  });

  it('has a demo that prints HAProxy’s error, and fails', async () => {
    const demo = start('demo.ts', [], { HAPROXY: release.program, HTTP_ADDR: 'nonsense' });
    expect(await demo.ended).toBe('exit code 1');
    expect(demo.output).toMatch(/The demo has failed: HAProxy ended with exit code 1:[^]*nonsense/);
  });
});

describe('the IP reputation example without HAProxy', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('stops on %s with exit code 0', async (signal) => {
    const { agent } = await startAgent();
    expect(await agent.stop({ signal })).toBe('exit code 0');
    expect(agent.output).toMatch(/^stopping on SIG(TERM|INT)$[^]*^stopped$/m);
    expect(agent.output).toMatch(/^agent closed \(info event=closed\)$/m);
  });

  it.each([
    [{ SPOE_ADDR: '9000' }, "expected an address with a port from 0 to 65535, such as '127.0.0.1:9000'"],
    [{ SCORES: '/nonexistent/scores' }, '/nonexistent/scores is no table of scores:\nENOENT'],
  ])('does not start with %o, and prints the reason', async (env, reason) => {
    const agent = start('agent.ts', [], { SPOE_ADDR: '127.0.0.1:0', ...env });
    expect(await agent.ended).toBe('exit code 1');
    expect(agent.output).toContain(reason);
  });

  it('reports a port in use, as agent and as demo', async () => {
    const env = { SPOE_ADDR: stopAfterTest(await Origin.start('in its place')).address };
    const agent = start('agent.ts', [], env);
    expect(await agent.ended).toBe('exit code 1');
    expect(agent.output).toContain('EADDRINUSE');
    const demo = start('demo.ts', ['--stand-in'], env);
    expect(await demo.ended).toBe('exit code 1');
    expect(demo.output).toMatch(/The demo has failed: the agent ended with exit code 1:[^]*EADDRINUSE/);
  });

  it('is shown by the demo with a stand-in, which is named as one', async () => {
    const demo = start('demo.ts', ['--stand-in'], {});
    await demo.says(/To go on/, DEMO_TIMEOUT_MS);
    expect(await demo.ended).toBe('exit code 0');
    expect(demo.output).toContain('In front of it: no HAProxy but a stand-in');
    expect(demo.output).toMatch(/2001:db8:bad:1::1 .* 40 +200 OK +\d+\.\d\d ms/);
    expect(demo.output).toMatch(/10\.1\.2\.3 +in 10\.0\.0\.0\/8 +100 +403 Forbidden, denied/);
  });

  it('is kept up by the demo until Ctrl-C reaches both demo and agent', async () => {
    const demo = start('demo.ts', ['--keep', '--stand-in'], {});
    await demo.says(/Stays up until Ctrl-C/, DEMO_TIMEOUT_MS);
    await demo.says(/The agent says:[^]*^HAProxy connected \(info event=connect /m);
    process.kill(Number(await demo.says(/process +(\d+)/)), 'SIGINT');
    expect(await demo.stop({ signal: 'SIGINT' })).toBe('exit code 0');
  });
});
