import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defineMessage, string as text } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { connectPeer, eventually } from './harness.ts';

const PROGRAM = fileURLToPath(new URL('closing-agent.ts', import.meta.url));
/** For a busy machine. */
const PATIENCE = { timeout: 15_000 };

const ask = defineMessage('ask', { id: text });

interface Program {
  readonly child: ChildProcess;
  readonly port: number;
  readonly exit: Promise<unknown[]>;
  readonly output: () => string;
}

/** An agent in a process of its own that is closed on signals. */
async function start(mode: string = ''): Promise<Program> {
  const child = spawn(process.execPath, ['--conditions=@spop/source', PROGRAM, mode], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const exit = once(child, 'close');
  const port = await vi.waitFor(
    () => {
      const found = /listening (\d+)/.exec(output);
      if (found === null) throw new Error(`no port in ${output}`);
      return Number(found[1]);
    },
    { timeout: 15_000 },
  );
  return { child, port, exit, output: () => output };
}

describe('closeOnSignals', { timeout: 30_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends the process on %s with exit code 0', async (signal) => {
    const { child, exit, output } = await start();
    child.kill(signal);
    expect(await exit).toEqual([0, null]);
    expect(output()).toMatch(new RegExp(`told ${signal}\nafter close\n$`));
  });

  it('answers what is in flight before', async () => {
    const { child, port, exit, output } = await start();
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'slow' });
    await vi.waitFor(() => expect(output()).toContain('asked slow'), PATIENCE);
    child.kill('SIGTERM');
    expect(await answer).toBeDefined();
    peer.close();
    expect(await exit).toEqual([0, null]);
  });

  it('ends at once on a second signal, with its number and 128 as the exit code', async () => {
    const { child, port, exit, output } = await start();
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'never' }).catch(() => 'gone');
    await vi.waitFor(() => expect(output()).toContain('asked never'), PATIENCE);
    child.kill('SIGTERM');
    await vi.waitFor(() => expect(output()).toContain('told SIGTERM'), PATIENCE);
    await eventually(() => false, 600);
    child.kill('SIGINT');
    expect(await exit).toEqual([130, null]);
    expect(await answer).toBe('gone');
    expect(output()).not.toContain('after close');
  });

  it('takes the same signal twice within a moment for one', async () => {
    const { child, exit, output } = await start();
    child.kill('SIGINT');
    await vi.waitFor(() => expect(output()).toContain('told SIGINT'), PATIENCE);
    child.kill('SIGINT');
    expect(await exit).toEqual([0, null]);
  });

  it('ends with exit code 1 and the error where what comes after fails', async () => {
    const { child, exit, output } = await start('fail');
    child.kill('SIGTERM');
    expect(await exit).toEqual([1, null]);
    expect(output()).toContain('Error: no database to close');
  });

  it('does nothing any more once taken off', async () => {
    const { child, exit } = await start('off');
    child.kill('SIGTERM');
    expect(await exit).toEqual([null, 'SIGTERM']);
  });
});
