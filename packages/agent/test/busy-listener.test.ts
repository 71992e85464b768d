import { once } from 'node:events';
import { lstatSync, statSync } from 'node:fs';
import { connect as connectSocket, type Socket } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from '@spop-internal/testbed/program';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeFolder, startAgent } from './harness.ts';

const PROGRAM = fileURLToPath(new URL('busy-agent.fixture.ts', import.meta.url));

/** An agent in another process that listens at `path`, and accepts nothing: its event loop is blocked. */
async function startBusyAgent(path: string, backlog: number): Promise<void> {
  const args = ['--conditions=@spop/source', PROGRAM, path, String(backlog)];
  const program = new Program(process.execPath, args);
  // The process is too busy for any other signal.
  onTestFinished(() => program.signal('SIGKILL'));
  await program.says(/./);
}

/** Connects until the kernel takes no more; returns the number of connections that it took. */
async function fillBacklog(path: string): Promise<number> {
  const sockets: Socket[] = [];
  onTestFinished(() => sockets.forEach((socket) => socket.destroy()));
  for (;;) {
    const socket = connectSocket({ path });
    try {
      await once(socket, 'connect');
    } catch (error) {
      expect(error).toMatchObject({ code: 'EAGAIN' });
      return sockets.length;
    }
    sockets.push(socket);
  }
}

describe('a unix socket whose agent is too busy to accept', () => {
  it('is not taken over: a refused connection does not prove that no agent listens', async () => {
    const path = join(makeFolder(), 'agent.sock');
    await startBusyAgent(path, 1);
    await fillBacklog(path);
    const before = lstatSync(path, { bigint: true });
    const { agent } = await startAgent();
    await expect(agent.listen({ path })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    const after = lstatSync(path, { bigint: true });
    expect([after.ino, after.birthtimeNs]).toEqual([before.ino, before.birthtimeNs]);
    expect(statSync(path).isSocket()).toBe(true);
  });

  it.each([1, 4])('has the kernel hold the connections of its backlog, and one more: %i', async (backlog) => {
    const path = join(makeFolder(), 'agent.sock');
    await startBusyAgent(path, backlog);
    expect(await fillBacklog(path)).toBe(backlog + 1);
  });
});
