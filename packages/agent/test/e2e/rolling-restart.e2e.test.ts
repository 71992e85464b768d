import { setTimeout as sleep } from 'node:timers/promises';
import type { Agent } from '@spop/agent';
import { defineMessage, defineVariable, int32, string } from '@spop/codec';
import { expect, it, vi } from 'vitest';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import type { HttpClient } from '@spop-internal/testbed/http-client';
import { describeHaproxies } from '@spop-internal/testbed/vitest';
import { createReportingAgent, listenOnPort, startRig } from './haproxy-rig.ts';

const WORKERS = 20;
/** Requests between two steps of a restart. */
const ENOUGH = 600;
/** Long enough for a busy machine. */
const PATIENCE = { timeout: 20_000, interval: 2 };

const check = defineMessage('check', { path: string });
const score = defineVariable('txn', 'score', int32);

/** An agent that answers every fourth request a few milliseconds later. */
function scoring(value: number): Agent {
  const { agent } = createReportingAgent();
  let count = 0;
  agent.onMessage(check, (_, ack): void | Promise<void> => {
    if (count++ % 4 === 0) return sleep(5).then(() => void ack.set(score, value));
    ack.set(score, value);
  });
  return agent;
}

/** The number of requests, and of errors by their code. */
interface Outcome {
  requests: number;
  readonly failures: Record<string, number>;
  readonly scores: Set<string | undefined>;
}

/**
 * Requests one after the other on each of some connections, until stopped. They go on uncounted until the counted
 * ones are answered: without pipelining HAProxy 2.6 checks its queue only for another NOTIFY in the same thread.
 */
function flow(client: HttpClient): {
  readonly outcome: Outcome;
  /** Waits for this many more answers. */
  answers(count: number): Promise<void>;
  stop(): Promise<void>;
} {
  const outcome: Outcome = { requests: 0, failures: {}, scores: new Set() };
  let isFlowing = true;
  let unanswered = 0;
  const count = async (): Promise<void> => {
    unanswered++;
    const { status, headers } = await client.request();
    unanswered--;
    outcome.requests++;
    outcome.scores.add(headers['x-score']);
    const failure = headers['x-error'] ?? (status === 200 ? undefined : `status ${status}`);
    if (failure !== undefined) outcome.failures[failure] = (outcome.failures[failure] ?? 0) + 1;
  };
  const worker = async (): Promise<void> => {
    while (isFlowing || unanswered > 0) {
      if (isFlowing) await count();
      else await client.request().catch(() => {});
      await sleep(2);
    }
  };
  const workers = Promise.all(Array.from({ length: WORKERS }, worker));
  // A failed request is noticed when all have stopped.
  workers.catch(() => {});
  const answers = async (count: number): Promise<void> => {
    const enough = outcome.requests + count;
    await vi.waitFor(() => expect(outcome.requests).toBeGreaterThanOrEqual(enough), PATIENCE);
  };
  const stop = async (): Promise<void> => {
    isFlowing = false;
    await vi.waitFor(() => expect(unanswered).toBe(0), PATIENCE);
  };
  return { outcome, answers, stop };
}

/** Restarts two agents behind one backend, one after the other, while requests flow. */
async function restartBoth(release: HaproxyRelease, agentLines: readonly string[]): Promise<Outcome> {
  const agents = [scoring(1), scoring(2)];
  const addresses: string[] = [];
  for (const agent of agents) addresses.push(await listenOnPort(agent));
  const { client } = await startRig(release, addresses[0]!, {
    messages: { check: { args: 'path=path', event: 'on-frontend-http-request' } },
    shown: { 'x-score': 'txn.score' },
    agentLines,
    // When an agent no longer accepts connections, HAProxy tries the other one at once.
    agentBackendLines: ['balance roundrobin', 'option redispatch 1', `server other ${addresses[1]}`],
  });
  const { outcome, answers, stop } = flow(client);
  await answers(ENOUGH);
  for (const [i, agent] of agents.entries()) {
    await agent.close({ graceMs: 3000 });
    await answers(ENOUGH);
    await listenOnPort(scoring(3 + i), Number(addresses[i]!.split(':').at(-1)));
    await answers(ENOUGH);
  }
  await stop();
  return outcome;
}

function countOf({ failures }: Outcome): number {
  return Object.values(failures).reduce((sum, count) => sum + count, 0);
}

describeHaproxies('a rolling restart', (release) => {
  it('of two agents loses no request without pipelining', async () => {
    const outcome = await restartBoth(release, ['no option pipelining']);
    expect(outcome.failures).toEqual({});
    // Both of the first, and at least one later one.
    expect([...outcome.scores]).toEqual(expect.arrayContaining(['1', '2', '3']));
    expect(outcome.scores).not.toContain(undefined);
  });

  it('of two agents loses, with pipelining, only NOTIFYs under way when connections end', async () => {
    const outcome = await restartBoth(release, ['option pipelining']);
    // SPOP's error 0 or 1: the connection ended before the ACK. No request waits for its timeout.
    expect(Object.keys(outcome.failures).filter((code) => code !== '256' && code !== '257')).toEqual([]);
    expect(countOf(outcome)).toBeLessThan(outcome.requests / 20);
  });
});
