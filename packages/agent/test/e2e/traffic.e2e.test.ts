import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '@spop/agent';
import { address, defineMessage, defineVariable, integer, string } from '@spop/codec';
import { expect, it, vi } from 'vitest';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import type { Answer, HttpClient } from '@spop-internal/testbed/http-client';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { connectAs, createReportingAgent, listenOnPort, listenOnUnixSocket, startRig } from './haproxy-rig.ts';

const ECHO: Configuration = {
  messages: { echo: { args: 'ip=src n=url_param(n),add(0)', event: 'on-frontend-http-request' } },
  shown: { 'x-ip': 'txn.ip', 'x-n': 'txn.n' },
};
const echo = defineMessage('echo', { ip: address, n: integer });
const ip = defineVariable('txn', 'ip', string);
const n = defineVariable('txn', 'n', integer);

/** An agent that answers with its argument, `delayMs` later; synchronously if that is undefined. */
function echoAgent(delayMs?: (n: number) => number): Agent {
  const { agent } = createReportingAgent();
  agent.onMessage(echo, (message, ack) => {
    if (delayMs === undefined) {
      ack.set(ip, message.ip.toString()).set(n, message.n);
      return undefined;
    }
    return sleep(delayMs(message.n)).then(() => void ack.set(ip, message.ip.toString()).set(n, message.n));
  });
  return agent;
}

/** Sends the requests 0 to count - 1, `concurrency` at a time. @returns their errors, by number. */
async function requestAll(client: HttpClient, count: number, concurrency: number): Promise<string[]> {
  const problems: string[] = [];
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < count) {
      const number = next++;
      const problem = problemOf(await client.request({ path: `/?n=${number}` }), number);
      if (problem !== undefined) problems.push(problem);
    }
  };
  await Promise.all(Array.from({ length: concurrency }, worker));
  return problems;
}

function problemOf({ status, headers }: Answer, number: number): string | undefined {
  const right = status === 200 && headers['x-n'] === String(number) && headers['x-error'] === undefined;
  return right ? undefined : `${number}: ${status}, n ${headers['x-n']}, error ${headers['x-error']}`;
}

describeHaproxies('traffic', (release) => {
  it('answers every request of a connection that is kept alive', async () => {
    const { client } = await startRig(release, await listenOnPort(echoAgent()), ECHO);
    expect(await requestAll(client, 20, 1)).toEqual([]);
    expect(client.connections).toBe(1);
  });

  it('answers 2,000 requests, 50 at a time, without one SPOE error', async () => {
    const { client } = await startRig(release, await listenOnPort(echoAgent()), ECHO);
    expect(await requestAll(client, 2000, 50)).toEqual([]);
  });

  it('gives each request its own answer if late answers overtake one another', async () => {
    const agent = echoAgent((number) => 100 - (number % 20) * 5);
    const { client } = await startRig(release, await listenOnPort(agent), ECHO);
    expect(await requestAll(client, 200, 40)).toEqual([]);
  });

  it('answers clients of both families in turn', async () => {
    const { haproxy } = await startRig(release, await listenOnPort(echoAgent()), ECHO);
    const clients = [
      ['198.51.100.7', '198.51.100.7'],
      ['2001:db8::7', '2001:db8::7'],
      ['::ffff:198.51.100.7', '198.51.100.7'],
    ] as const;
    for (const [from, seen] of clients) {
      const { headers } = await connectAs(from, haproxy).request({ path: '/?n=1' });
      expect([from, headers['x-ip']]).toEqual([from, seen]);
    }
  });

  it('answers on a unix socket', async () => {
    const { client } = await startRig(release, await listenOnUnixSocket(echoAgent()), ECHO);
    expect(await requestAll(client, 100, 10)).toEqual([]);
  });

  it('is UP for option spop-check, check after check, and answers requests meanwhile', async () => {
    const agent = echoAgent();
    const { client, haproxy } = await startRig(release, await listenOnPort(agent), {
      ...ECHO,
      agentBackendLines: ['option spop-check', 'timeout check 5s'],
      serverOptions: 'check inter 50ms fall 1 rise 1',
    });
    const checks = (count: number): Promise<void> =>
      vi.waitFor(() => expect(agent.toMetrics().healthchecks).toBeGreaterThanOrEqual(count), { timeout: 15_000 });
    // HAProxy has read the answer to a check before it sends the next one.
    await checks(2);
    expect(await requestAll(client, 100, 10)).toEqual([]);
    await checks(agent.toMetrics().healthchecks + 3);
    const server = (await stats(haproxy.command('show stat'))).find((row) => row.get('svname') === 'agent');
    // chkfail counts checks that failed, chkdown the times that the server went down.
    expect([server?.get('pxname'), server?.get('status'), server?.get('chkfail'), server?.get('chkdown')]).toEqual([
      'agents',
      'UP',
      '0',
      '0',
    ]);
    // The result of the last check; with an asterisk while another one is running.
    expect(server?.get('check_status')).toMatch(/^(\* )?L7OK$/);
  });
});

/** The rows of `show stat`, each by column. */
async function stats(csv: Promise<string>): Promise<Map<string, string>[]> {
  const [header = '', ...rows] = (await csv).trim().split('\n');
  const columns = header.replace('# ', '').split(',');
  return rows.map((row) => new Map(row.split(',').map((value, index) => [columns[index] ?? '', value])));
}
