import { rename, writeFile } from 'node:fs/promises';
import {
  connectAs,
  type Environment,
  type ExampleAgent,
  startAgent,
  startHaproxy,
} from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, requestInTime } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';

const AGENT = new URL('agent.ts', import.meta.url);
const CONFIG = new URL('haproxy.cfg', import.meta.url);

function summaryOf({ status, headers }: Answer): unknown {
  return [status, headers['x-blocked'], headers['x-verdict-source'], headers['x-spoe-error']];
}

async function ask(haproxy: Haproxy, from: string): Promise<unknown> {
  return summaryOf(await requestInTime(connectAs(from, haproxy)));
}

const PASSED = [200, '0', 'lists', undefined];
const DENIED = [403, '1', 'lists', undefined];

/** The number of questions to an agent with METRICS_ADDR. */
async function asked({ agent }: ExampleAgent): Promise<number> {
  const metricsAddress = await agent.says(/^metrics on\s+(\S+)$/m);
  const text = await (await fetch(`http://${metricsAddress}/metrics`)).text();
  const counts = [...text.matchAll(/^blocklist_answers_total\{.*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

describeHaproxies('the blocklist example', (release) => {
  it.each([
    ['TCP', '127.0.0.1:0'],
    ['TCP over IPv6', '[::1]:0'],
    ['a unix socket', 'unix'],
  ])('denies clients on the list, the agent on %s', async (_, spoeAddr) => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const SPOE_ADDR = spoeAddr === 'unix' ? `unix:${folder.file('agent.sock')}` : spoeAddr;
    const { spoeAddress } = await startAgent(AGENT, { SPOE_ADDR, BLOCKLIST: 'blocklist.txt' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const answers: unknown[] = [];
    for (const client of ['192.0.2.6', '192.0.2.7', '::ffff:10.1.2.3', '11.0.0.0', '2001:db8::1', '2001:db8:bad::1']) {
      answers.push([client, await ask(haproxy, client)]);
    }
    expect(answers).toEqual([
      ['192.0.2.6', PASSED],
      ['192.0.2.7', DENIED],
      ['::ffff:10.1.2.3', DENIED],
      ['11.0.0.0', PASSED],
      ['2001:db8::1', PASSED],
      ['2001:db8:bad::1', DENIED],
    ]);
  });

  it('reads files on SIGHUP and URLs by itself, and logs what it decides by default', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const replace = async (text: string): Promise<void> => {
      await writeFile(folder.file('next'), text);
      await rename(folder.file('next'), folder.file('list'));
    };
    await replace('192.0.2.7');
    let text = '';
    const site = stopAfterTest(await Origin.serve((_, response) => void response.end(text)));
    const BLOCKLIST = `${folder.file('list')},http://${site.address}/list`;
    const { agent, spoeAddress } = await startAgent(AGENT, { BLOCKLIST, BLOCKLIST_REFRESH_S: '1' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    expect(await ask(haproxy, '192.0.2.7')).toEqual(DENIED);
    expect(await ask(haproxy, '192.0.2.8')).toEqual([200, '0', 'default', undefined]);
    text = '2001:db8::/32\n';
    await expect.poll(() => ask(haproxy, '2001:db8::1'), { timeout: 10_000 }).toEqual(DENIED);
    await replace('192.0.2.8');
    agent.signal('SIGHUP');
    await expect.poll(() => ask(haproxy, '192.0.2.8'), { timeout: 3_000 }).toEqual(DENIED);
    expect(await ask(haproxy, '192.0.2.7')).toEqual(PASSED);
  });

  it('lets requests pass while there is no agent, and logs it', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT, { BLOCKLIST: 'blocklist.txt' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    const client = connectAs('10.1.2.3', haproxy);
    expect(summaryOf(await requestInTime(client))).toEqual(DENIED);
    expect(await agent.stop()).toBe('exit code 0');
    await haproxy.says(/spoe-agents\/agent1 is DOWN/);
    const answer = await connectAs('10.1.2.3', haproxy).request();
    expect(summaryOf(answer)).toEqual([200, undefined, 'default', expect.stringMatching(/^(2|257)$/)]);
    await haproxy.says(/SPOE: \[ip-blocklist\] <EVENT:on-frontend-http-request>.* st=(2|257) /);
    await haproxy.says(/ 200 .* blocked=- by=default spoe=(2|257)/);
    // An answer stays with its connection.
    expect(summaryOf(await client.request())).toEqual([403, '1', 'default', expect.stringMatching(/^(2|257)$/)]);
  });

  it('lets requests pass while the agent does not answer, and logs it', async () => {
    const { agent, spoeAddress } = await startAgent(AGENT, { BLOCKLIST: 'blocklist.txt' });
    const haproxy = await startHaproxy(release, CONFIG, spoeAddress);
    expect(await ask(haproxy, '10.1.2.3')).toEqual(DENIED);
    agent.signal('SIGSTOP');
    const answer = await connectAs('10.1.2.3', haproxy).request();
    agent.signal('SIGCONT');
    expect(summaryOf(answer)).toEqual([200, undefined, 'deadline', '1']);
    await haproxy.says(/SPOE: \[ip-blocklist\] .* st=1 /);
    await haproxy.says(/ 200 .* blocked=- by=deadline spoe=1/);
    expect(await haproxy.command('show table verdicts')).toMatch(/key=deadline .*http_req_cnt=[1-9]/);
  });

  it('asks once for each connection', async () => {
    const running = await startAgent(AGENT, { BLOCKLIST: 'blocklist.txt', METRICS_ADDR: '127.0.0.1:0' });
    const haproxy = await startHaproxy(release, new URL('haproxy-session.cfg', import.meta.url), running.spoeAddress);
    const client = connectAs('11.0.0.0', haproxy);
    expect(summaryOf(await requestInTime(client))).toEqual(PASSED);
    const before = await asked(running);
    for (let i = 0; i < 10; i++) expect(summaryOf(await client.request())).toEqual(PASSED);
    expect([await asked(running), client.connections]).toEqual([before, 1]);
    expect(await ask(haproxy, '10.1.2.3')).toEqual(DENIED);
    expect(await asked(running)).toBeGreaterThan(before);
  });

  it('asks once for each address with a stick table, and again when the answer is old', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    await writeFile(folder.file('list'), '192.0.2.7\n10.0.0.0/8\n');
    const running = await startAgent(AGENT, { BLOCKLIST: folder.file('list'), METRICS_ADDR: '127.0.0.1:0' });
    const config = new URL('haproxy-stick-table.cfg', import.meta.url);
    const start = (more: Environment): Promise<Haproxy> => startHaproxy(release, config, running.spoeAddress, more);
    const patient = await start({});
    for (const [from, summary] of [
      ['11.0.0.0', PASSED],
      ['2001:db8::1', PASSED],
      ['192.0.2.7', DENIED],
    ] as const) {
      expect(await ask(patient, from)).toEqual(summary);
      const before = await asked(running);
      for (let i = 0; i < 3; i++) expect(summaryOf(await connectAs(from, patient).request())).toEqual(summary);
      expect(await asked(running)).toBe(before);
    }
    const curious = await start({ ANSWER_TTL_S: '1' });
    expect(await ask(curious, '192.0.2.7')).toEqual(DENIED);
    await writeFile(folder.file('list'), '192.0.2.8');
    running.agent.signal('SIGHUP');
    await expect.poll(() => ask(curious, '192.0.2.7'), { timeout: 10_000, interval: 100 }).toEqual(PASSED);
    expect(await ask(patient, '192.0.2.7')).toEqual(DENIED);
    // Without the agent the last answer counts.
    await running.agent.stop();
    await patient.says(/spoe-agents\/agent1 is DOWN/);
    expect(await ask(patient, '192.0.2.7')).toEqual(DENIED);
  });
});
