import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { defineMessage, string as text } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { closeOnSignals, createAgent } from '../src/index.ts';
import { connectPeer, eventually } from './harness.ts';
import { thrownBy } from './thrown.ts';

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

  it.each([
    ['throws', 'throw'],
    ['rejects', 'reject'],
  ])('closes even so where onSignal %s, and ends with exit code 1 and the error', async (_, mode) => {
    const { child, port, exit, output } = await start(mode);
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'slow' });
    await vi.waitFor(() => expect(output()).toContain('asked slow'), PATIENCE);
    child.kill('SIGTERM');
    expect(await answer).toBeDefined();
    peer.close();
    expect(await exit).toEqual([1, null]);
    expect(output()).toContain('Error: no last words');
    expect(output()).toMatch(/after close\n$/);
  });

  it('does nothing any more once taken off', async () => {
    const { child, exit } = await start('off');
    child.kill('SIGTERM');
    expect(await exit).toEqual([null, 'SIGTERM']);
  });
});

describe('closeOnSignals(agent, options)', () => {
  const signals = "signals to be an array of signals that can be handled, such as 'SIGTERM'";
  const names = 'signals, graceMs, onSignal, afterClose';

  it.each([
    [5, TypeError, 'the options of closeOnSignals() to be an object; found 5'],
    [null, TypeError, 'the options of closeOnSignals() to be an object; found null'],
    ['SIGTERM', TypeError, 'the options of closeOnSignals() to be an object; found "SIGTERM"'],
    [{ grace: 5 }, TypeError, `one of the options ${names} of closeOnSignals(); found 'grace'`],
    [{ graceMs: -1 }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found -1'],
    [{ graceMs: Number.NaN }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found NaN'],
    [{ graceMs: '5' }, RangeError, 'graceMs to be an integer from 0 to 2147483647; found "5"'],
    [{ signals: 'SIGTERM' }, TypeError, `${signals}; found "SIGTERM"`],
    [{ signals: null }, TypeError, `${signals}; found null`],
    [{ signals: ['SIGUSR2', 'SIGTREM'] }, TypeError, `${signals}; found "SIGTREM"`],
    [{ signals: ['SIGUSR2', 'SIGKILL'] }, TypeError, `${signals}; found "SIGKILL"`],
    [{ signals: [15] }, TypeError, `${signals}; found 15`],
    [{ onSignal: 'log' }, TypeError, 'onSignal to be a function; found "log"'],
    [{ afterClose: null }, TypeError, 'afterClose to be a function; found null'],
  ])('refuses %o when it is called', (options, ErrorType, reason) => {
    const before = process.listenerCount('SIGUSR2');
    const error = thrownBy(() => Reflect.apply(closeOnSignals, undefined, [createAgent(), options]));
    expect(error).toBeInstanceOf(ErrorType);
    expect(error.message).toBe(`expected ${reason}`);
    expect(process.listenerCount('SIGUSR2')).toBe(before);
  });

  it.each([
    [undefined, 'undefined'],
    [{ signals: [] }, '[Object]'],
  ])('refuses %o for an agent', (agent, found) => {
    const error = thrownBy(() => Reflect.apply(closeOnSignals, undefined, [agent]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected an agent made by createAgent(); found ${found}`);
  });
});
