import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { RepeatedNotify } from '../../src/cli/repeated-notify.ts';
import { ack, agentDisconnect, agentHello, haproxy, type StreamHandler } from '../../src/index.ts';
import { politely, tinyAgent } from '../tiny-agent.ts';
import { targetOf } from './peers.ts';

async function sending(agent: StreamHandler, repeat: number, concurrency: number = 2): Promise<RepeatedNotify> {
  const target = await targetOf((socket) => void agent.handle(socket));
  const build = (notify: Parameters<RepeatedNotifyBuild>[0]) => notify.message('m');
  return new RepeatedNotify({ target, preset: haproxy('3.2'), variablePrefix: 'p', repeat, concurrency, build });
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

  it.each([
    ['pipelining', 1, 1, 1],
    ['pipelining', 3, 3, 1],
    ['pipelining', 20, 20, 1],
    ['pipelining', 21, 21, 2],
    ['pipelining', 40, 40, 2],
    ['', 3, 3, 3],
  ])('with the capabilities %j keeps %i in flight', async (capabilities, concurrency, most, connections) => {
    let found = 0;
    const waiting: (() => void)[] = [];
    const answerAll = (): void => {
      for (const answer of waiting.splice(0)) answer();
    };
    const agent = tinyAgent((frame, stream) => {
      if (frame.type === 'HAPROXY-HELLO') return [agentHello({ capabilities })];
      if (frame.type !== 'NOTIFY') return politely()(frame, stream);
      waiting.push(() => stream.write(ack(frame).toBytes()));
      found = Math.max(found, waiting.length);
      // Those behind the last one are given time to come.
      if (waiting.length === concurrency) setTimeout(answerAll, 10);
      return [];
    });
    const repeated = await sending(agent, 2 * concurrency, concurrency);
    const start = performance.now();
    await repeated.run();
    const elapsed = performance.now() - start;
    expect([repeated.done, found, repeated.connections]).toEqual([2 * concurrency, most, connections]);
    expect(repeated.latencies.every((latency) => latency > 0 && latency <= elapsed)).toBe(true);
    expect([...repeated.complaints]).toEqual([]);
  });

  it('sends no more after it was stopped', async () => {
    let asked = 0;
    const repeated = await sending(
      tinyAgent(
        politely((_, empty) => {
          if (++asked === 3) repeated.stop();
          return empty;
        }),
      ),
      1_000,
      1,
    );
    await repeated.run();
    expect([repeated.done, asked]).toEqual([3, 3]);
    expect(repeated.answers.map(({ count }) => count)).toEqual([3]);
  });

  it('stops on all connections with the first failure', async () => {
    let connections = 0;
    const repeated = await sending(
      {
        handle(stream) {
          const isSecond = connections++ === 1;
          return tinyAgent((frame, own) => {
            if (frame.type === 'HAPROXY-HELLO') return [agentHello({ capabilities: '' })];
            return frame.type === 'NOTIFY' && isSecond ? [agentDisconnect({ statusCode: 4 })] : politely()(frame, own);
          }).handle(stream);
        },
      },
      100_000,
    );
    await expect(repeated.run()).rejects.toMatchObject({ kind: 'disconnected', statusCode: 4 });
    expect(repeated.done).toBeLessThan(50_000);
  });

  it('complains once of an agent that closes without an AGENT-DISCONNECT', async () => {
    const agent = tinyAgent((frame, stream) => {
      if (frame.type !== 'HAPROXY-DISCONNECT') return politely()(frame, stream);
      stream.end();
      return [];
    });
    const repeated = await sending(agent, 40, 40);
    await repeated.run();
    expect(repeated.connections).toBe(2);
    expect([...repeated.complaints]).toEqual(['the agent closed the connection without an AGENT-DISCONNECT']);
  });

  it('closes the connection of an agent that it cannot greet, and keeps the rules that were broken', async () => {
    const connected = Promise.withResolvers<Duplex>();
    const agent = tinyAgent((_, stream) => {
      connected.resolve(stream);
      return [agentDisconnect({ statusCode: null })];
    });
    const repeated = await sending(agent, 5);
    await expect(repeated.run()).rejects.toMatchObject({ name: 'PeerFailure', kind: 'disconnected' });
    expect(repeated.violations.map(({ rule }) => rule)).toEqual(['status-code-missing']);
    const stream = await connected.promise;
    if (!stream.readableEnded) await once(stream.resume(), 'end');
  });
});
