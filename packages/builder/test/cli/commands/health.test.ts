/** The commands that only greet an agent. */
import { once } from 'node:events';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { command as hello } from '../../../src/cli/commands/hello.ts';
import { command as ping } from '../../../src/cli/commands/ping.ts';
import { addressText } from '../../../src/cli/target.ts';
import { concat } from '../../../src/data/text.ts';
import { agentDisconnect, agentHello, haproxy, parse } from '../../../src/index.ts';
import { politely, tinyAgent, type Answer } from '../../tiny-agent.ts';
import { targetOf } from '../peers.ts';
import { jsonOf, run } from '../run-command.ts';

interface Peer {
  readonly target: string;
  /** All bytes that came, once the connection is closed. */
  readonly heard: Promise<Uint8Array>;
}

/** A peer with these answers. */
async function peerWith(answer: Answer): Promise<Peer> {
  const { promise, resolve } = Promise.withResolvers<Uint8Array>();
  const target = await targetOf((socket) => {
    const chunks: Uint8Array[] = [];
    socket.on('data', (chunk) => chunks.push(chunk));
    void tinyAgent(answer).handle(socket);
    void once(socket, 'close').then(() => resolve(concat(chunks)));
  });
  return { target: addressText(target.address), heard: promise };
}

/** From its third reading on, the clock is this many milliseconds later. */
function clockAdvances(milliseconds: number): void {
  const clock = vi.spyOn(performance, 'now').mockReturnValue(1000 + milliseconds);
  clock.mockReturnValueOnce(1000).mockReturnValueOnce(1000);
  onTestFinished(() => clock.mockRestore());
}

describe('spop ping', () => {
  const healthcheck = haproxy('3.2').healthcheck().toBytes();

  it('makes the health check of HAProxy 3.2, and says how long it took', async () => {
    const { target, heard } = await peerWith(() => [agentHello({ maxFrameSize: 4096, capabilities: 'pipelining' })]);
    clockAdvances(2.346);
    expect(await run(ping, [target])).toEqual({
      code: 0,
      stdout: `${target} is up: SPOP 2.0, 2.35 ms\n`,
      stderr: '',
    });
    expect(await heard).toEqual(healthcheck);
  });

  it('has one time for all steps, and closes', async () => {
    const { target, heard } = await peerWith(() => []);
    clockAdvances(4990);
    await expect(run(ping, [target])).rejects.toMatchObject({
      kind: 'timeout',
      message: expect.stringMatching(/^expected the AGENT-HELLO within 10 ms\n/) as unknown,
    });
    expect(await heard).toEqual(healthcheck);
  });

  it('closes the connection to an agent that HAProxy would take for down', async () => {
    const { target, heard } = await peerWith(() => [agentHello({ version: '1.0' })]);
    await expect(run(ping, [target])).rejects.toMatchObject({ kind: 'violation' });
    expect(await heard).toEqual(healthcheck);
  });
});

describe('spop hello', () => {
  it.each(['2.6', '3.2'] as const)('greets as HAProxy %s, and says goodbye', async (release) => {
    const { target, heard } = await peerWith(politely());
    const preset = haproxy(release);
    const outcome = await run(hello, [target, '--haproxy', release, '--json']);
    expect(jsonOf(outcome)).toEqual([
      {
        target,
        version: '2.0',
        maxFrameSize: 16380,
        capabilities: ['pipelining'],
        offeredMaxFrameSize: preset.maxFrameSize,
        violations: [],
      },
    ]);
    expect([outcome.code, outcome.stderr]).toEqual([0, '']);
    expect(parse(await heard)).toEqual([preset.hello().toFrame(), preset.disconnect().toFrame()]);
  });

  it('shows what HAProxy would refuse', async () => {
    const { target } = await peerWith((frame, stream) =>
      frame.type === 'HAPROXY-HELLO' ? [agentHello({ version: '1.0', maxFrameSize: 4096 })] : politely()(frame, stream),
    );
    const { code, stdout, stderr } = await run(hello, [target]);
    expect(code).toBe(1);
    expect(stdout).toBe(`version         1.0
max-frame-size  4096 bytes; HAProxy offered 16380
capabilities    pipelining
`);
    expect(stderr).toMatch(/^warning: error version-unsupported: .*\n$/);
  });

  it('closes the connection to an agent that refuses it', async () => {
    const { target, heard } = await peerWith(() => [agentDisconnect({ statusCode: 4 })]);
    await expect(run(hello, [target])).rejects.toMatchObject({ kind: 'disconnected', statusCode: 4 });
    expect(await heard).toEqual(haproxy('3.2').hello().toBytes());
  });

  it('closes the connection to an agent that does not answer the DISCONNECT', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const { target, heard } = await peerWith((frame) => {
      if (frame.type === 'HAPROXY-HELLO') return [agentHello()];
      vi.advanceTimersByTime(1000);
      return [];
    });
    const { code, stderr } = await run(hello, [target]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: 'warning: the agent did not close the connection within 1000 ms after a HAPROXY-DISCONNECT\n',
    });
    await heard;
  });
});
