import { fileURLToPath } from 'node:url';
import { defineMessage, string } from '@spop/codec';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { connectPeer, eventually } from './harness.ts';

const AGENT = fileURLToPath(new URL('closing-agent.ts', import.meta.url));
const ask = defineMessage('ask', { id: string });

/** An agent in another process that is closed on signals, and its port. */
async function start(mode: string = ''): Promise<{ readonly program: Program; readonly port: number }> {
  const program = stopAfterTest(new Program(process.execPath, ['--conditions=@spop/source', AGENT, mode]));
  return { program, port: Number(await program.says(/listening (\d+)/)) };
}

/** Sends SIGTERM to such a process while a NOTIFY is in flight, which must be answered, and then closes the connection. */
async function signalWhileAsked(mode?: string): Promise<Program> {
  const { program, port } = await start(mode);
  const peer = await connectPeer({ host: '127.0.0.1', port });
  const answer = peer.notify(ask, { id: 'slow' });
  await program.says(/asked slow/);
  program.signal('SIGTERM');
  expect(await answer).toBeDefined();
  peer.close();
  return program;
}

describe('a process with closeOnSignals()', { timeout: 30_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends on %s with exit code 0', async (signal) => {
    const { program } = await start();
    program.signal(signal);
    expect(await program.ended).toBe('exit code 0');
    expect(program.output).toMatch(new RegExp(`told ${signal}\nafter close\n$`));
  });

  it('answers the NOTIFYs in flight before the process ends', async () => {
    const program = await signalWhileAsked();
    expect(await program.ended).toBe('exit code 0');
  });

  it('ends at once on a second signal, with its number and 128 as the exit code', async () => {
    const { program, port } = await start();
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'never' }).catch(() => 'gone');
    await program.says(/asked never/);
    program.signal('SIGTERM');
    await program.says(/told SIGTERM/);
    await eventually(() => false, 600);
    program.signal('SIGINT');
    expect(await program.ended).toBe('exit code 130');
    expect(await answer).toBe('gone');
    expect(program.output).not.toContain('after close');
  });

  it('counts the same signal twice within half a second as one', async () => {
    // The process repeats the signal itself: the machine may take any time to deliver a second one.
    const { program } = await start('twice');
    program.signal('SIGINT');
    expect(await program.ended).toBe('exit code 0');
  });

  it('ends the process with exit code 1 and the error if afterClose fails', async () => {
    const { program } = await start('fail');
    program.signal('SIGTERM');
    expect(await program.ended).toBe('exit code 1');
    expect(program.output).toContain('Error: no database to close');
  });

  it.each([
    ['throws', 'throw'],
    ['rejects', 'reject'],
  ])('closes the agent even if onSignal %s, and ends the process with exit code 1 and the error', async (_, mode) => {
    const program = await signalWhileAsked(mode);
    expect(await program.ended).toBe('exit code 1');
    expect(program.output).toContain('Error: no last words');
    expect(program.output).toMatch(/after close\n$/);
  });

  it('does nothing any more once removed', async () => {
    const { program } = await start('off');
    program.signal('SIGTERM');
    expect(await program.ended).toBe('signal SIGTERM');
  });
});
