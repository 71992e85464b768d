import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '@spop/agent';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { expect, it, vi } from 'vitest';
import type { Configuration } from '@spop-internal/testbed/haproxy/config';
import type { Answer } from '@spop-internal/testbed/http-client';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

const CHECK: Configuration = {
  messages: { check: { args: 'path=path', event: 'on-frontend-http-request' } },
  shown: { 'x-score': 'txn.score' },
};
const check = defineMessage('check', { path: string });
const score = defineVariable('txn', 'score', int32);

const WORKERS = 10;
/** Long enough for a busy machine. */
const PATIENCE = { timeout: 20_000 };

function failOn(path: string): void {
  if (path === '/bad') throw new Error('no good');
}

describeHaproxies('faults', (release) => {
  const failures: [string, (path: string) => void | Promise<void>][] = [
    ['throws', (path) => failOn(path)],
    ['rejects', (path) => sleep(1).then(() => failOn(path))],
  ];

  it.each(failures)('lets a request pass at once if its handler %s, and keeps the connection', async (_, fail) => {
    const { agent, reports } = createReportingAgent();
    agent.onMessage(check, (message, ack) => {
      // Actions set before an error are not sent.
      ack.set(score, 7);
      return fail(message.path.toString());
    });
    const { client } = await startRig(release, await listenOnPort(agent), CHECK);
    const seen: unknown[] = [];
    for (const path of ['/good', '/bad', '/good', '/bad', '/good']) {
      const { status, headers } = await client.request({ path });
      seen.push([path, status, headers['x-score'], headers['x-error']]);
    }
    expect(seen).toEqual([
      ['/good', 200, '7', undefined],
      // HAProxy waits 5 s for an answer in this configuration; without an answer it would report an error.
      ['/bad', 200, undefined, undefined],
      ['/good', 200, '7', undefined],
      ['/bad', 200, undefined, undefined],
      ['/good', 200, '7', undefined],
    ]);
    expect(reports.errors.splice(0)).toEqual(['handler: Error: no good', 'handler: Error: no good']);
    expect(reports.connections).toBeGreaterThan(0);
    expect(reports.disconnections).toBe(0);
  });

  it('recovers when the agent is restarted while requests flow, and no request fails', async () => {
    const start = (value: number): Agent => {
      const { agent } = createReportingAgent();
      agent.onMessage(check, (_, ack) => void ack.set(score, value));
      return agent;
    };
    const first = start(1);
    const agentAddress = await listenOnPort(first);
    const { client } = await startRig(release, agentAddress, { ...CHECK, processingTimeout: '1s' });

    const answers: Answer[] = [];
    let flowing = true;
    const worker = async (): Promise<void> => {
      while (flowing) {
        answers.push(await client.request());
        await sleep(5);
      }
    };
    const workers = Promise.all(Array.from({ length: WORKERS }, worker));
    /** Waits for this many more answers. @returns the score or the error of each. */
    const outcomesOf = async (count: number): Promise<unknown[]> => {
      const from = answers.length;
      await vi.waitFor(() => expect(answers.length).toBeGreaterThanOrEqual(from + count), PATIENCE);
      return answers.slice(from).map(({ headers }) => headers['x-error'] ?? headers['x-score']);
    };
    expect(new Set(await outcomesOf(200))).toEqual(new Set(['1']));
    await first.close({ graceMs: 1000 });
    await listenOnPort(start(2), Number(agentAddress.split(':').at(-1)));
    // HAProxy 3.0 and older take about a second to connect again after the last connection is gone.
    await vi.waitFor(() => expect(answers.at(-1)?.headers['x-score']).toBe('2'), PATIENCE);
    // Requests from before the start of the new agent may be answered, with an error, after it.
    await vi.waitFor(async () => expect(new Set(await outcomesOf(200))).toEqual(new Set(['2'])), PATIENCE);
    flowing = false;
    await workers;
    expect(answers.filter(({ status }) => status !== 200)).toEqual([]);
  });
});
