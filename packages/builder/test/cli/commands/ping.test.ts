import type { Duplex } from 'node:stream';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { command } from '../../../src/cli/commands/ping.ts';
import { agentHello } from '../../../src/index.ts';
import { politely } from '../../tiny-agent.ts';
import { movableClock } from '../replaying.ts';
import { agentAt, jsonOf, run } from '../run-command.ts';

describe('spop ping', () => {
  it('says that the agent is up, and closes', async () => {
    const connected = Promise.withResolvers<Duplex>();
    const target = await agentAt((frame, stream) => {
      connected.resolve(stream);
      return politely()(frame, stream);
    });
    const { code, stdout, stderr } = await run(command, [target]);
    expect(stdout.replace(/[\d.]+ ms/, 'N ms')).toBe(`${target} is up: SPOP 2.0, N ms\n`);
    expect([code, stderr]).toEqual([0, '']);
    const agent = await connected.promise;
    if (!agent.readableEnded) await once(agent.resume(), 'end');
  });

  it('has one line of JSON, with milliseconds of two decimals', async () => {
    const target = await agentAt(politely());
    const start = performance.now();
    const outcome = await run(command, [target, '--json']);
    const elapsed = performance.now() - start;
    expect(jsonOf(outcome)).toEqual([
      {
        target,
        up: true,
        milliseconds: expect.any(Number) as unknown,
        version: '2.0',
        maxFrameSize: 16_380,
        capabilities: ['pipelining'],
      },
    ]);
    const milliseconds = Number(/"milliseconds":([\d.]+)/.exec(outcome.stdout)?.[1]);
    expect(milliseconds).toBeGreaterThan(0.05);
    expect(milliseconds).toBeLessThan(elapsed + 0.01);
    expect(String(milliseconds)).toMatch(/^\d+(?:\.\d\d?)?$/);
  });

  it('prints nothing with --quiet', async () => {
    expect(await run(command, [await agentAt(politely()), '--quiet'])).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('fails if the agent breaks a rule, and closes', async () => {
    const connected = Promise.withResolvers<Duplex>();
    const target = await agentAt((_, stream) => {
      connected.resolve(stream);
      return [agentHello({ maxFrameSize: 7 })];
    });
    await expect(run(command, [target])).rejects.toMatchObject({ name: 'PeerFailure', kind: 'violation' });
    const agent = await connected.promise;
    if (!agent.readableEnded) await once(agent.resume(), 'end');
  });

  it('takes the time to connect from the time to answer', async () => {
    const advance = movableClock();
    const target = await agentAt(() => []);
    const running = run(command, [target, '--timeout', '1s']);
    advance(960);
    await expect(running).rejects.toMatchObject({
      kind: 'timeout',
      message: expect.stringMatching(/\bwithin \d\d? ms/) as unknown,
    });
  });

  it('refuses more than an address', async () => {
    await expect(run(command, [':1', ':2'])).rejects.toMatchObject({
      message: 'expected nothing after ":1"; found ":2"',
    });
  });
});
