import { describe, expect, it } from 'vitest';
import { RepeatedNotify } from '../../src/cli/repeated-notify.ts';
import { agentDisconnect, agentHello, haproxy, type StreamHandler } from '../../src/index.ts';
import { politely, tinyAgent } from '../tiny-agent.ts';
import { targetOf } from './peers.ts';

async function sending(agent: StreamHandler, repeat: number): Promise<RepeatedNotify> {
  const target = await targetOf((socket) => void agent.handle(socket));
  const build = (notify: Parameters<RepeatedNotifyBuild>[0]) => notify.message('m');
  return new RepeatedNotify({ target, preset: haproxy('3.2'), variablePrefix: 'p', repeat, concurrency: 2, build });
}

type RepeatedNotifyBuild = ConstructorParameters<typeof RepeatedNotify>[0]['build'];

describe('RepeatedNotify', () => {
  it('keeps the first 10 different answers, and counts all', async () => {
    let count = 0;
    const repeated = await sending(
      tinyAgent(politely((_, empty) => empty.setVar('txn', 'a', Math.min(count++, 12)))),
      20,
    );
    await repeated.run();
    expect([repeated.done, repeated.answers.length, repeated.latencies.length]).toEqual([20, 10, 20]);
    expect(repeated.answers.map((answer) => answer.count)).toEqual(Array.from({ length: 10 }, () => 1));
  });

  it('has each broken rule once, on whichever connection', async () => {
    const repeated = await sending(tinyAgent(politely((_, empty) => empty.setVar('txn', 'a-b', 1))), 5);
    await repeated.run();
    expect(repeated.violations.map(({ rule }) => rule)).toEqual(['variable-name-characters']);
  });

  it('ends with the first failure, and keeps the rules that were broken before', async () => {
    const refusing = await sending(
      tinyAgent(() => [agentHello({ version: '9.0' }), agentDisconnect({ statusCode: 2 })]),
      5,
    );
    await expect(refusing.run()).rejects.toMatchObject({ name: 'PeerFailure' });
    expect(refusing.done).toBe(0);
    expect(refusing.violations.map(({ rule }) => rule)).toContain('version-unsupported');
  });
});
