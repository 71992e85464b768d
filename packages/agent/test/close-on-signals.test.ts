import { fileURLToPath } from 'node:url';
import { defineMessage, string } from '@spop/codec';
import { Program } from '@spop-internal/testbed/program';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { closeOnSignals, createAgent } from '../src/index.ts';
import { connectPeer, eventually } from './harness.ts';
import { thrownBy } from './thrown.ts';

const AGENT = fileURLToPath(new URL('closing-agent.ts', import.meta.url));
const ask = defineMessage('ask', { id: string });

/** An agent in another process that is closed on signals, and its port. */
async function start(mode: string = ''): Promise<{ readonly program: Program; readonly port: number }> {
  const program = stopAfterTest(new Program(process.execPath, ['--conditions=@spop/source', AGENT, mode]));
  return { program, port: Number(await program.says(/listening (\d+)/)) };
}

describe('closeOnSignals', { timeout: 30_000 }, () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('ends the process on %s with exit code 0', async (signal) => {
    const { program } = await start();
    program.signal(signal);
    expect(await program.ended).toBe('exit code 0');
    expect(program.output).toMatch(new RegExp(`told ${signal}\nafter close\n$`));
  });

  it('answers the NOTIFYs in flight before the process ends', async () => {
    const { program, port } = await start();
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'slow' });
    await program.says(/asked slow/);
    program.signal('SIGTERM');
    expect(await answer).toBeDefined();
    peer.close();
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
    const { program, port } = await start(mode);
    const peer = await connectPeer({ host: '127.0.0.1', port });
    const answer = peer.notify(ask, { id: 'slow' });
    await program.says(/asked slow/);
    program.signal('SIGTERM');
    expect(await answer).toBeDefined();
    peer.close();
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
  ])('refuses %o as an agent', (agent, found) => {
    const error = thrownBy(() => Reflect.apply(closeOnSignals, undefined, [agent]));
    expect(error).toBeInstanceOf(TypeError);
    expect(error.message).toBe(`expected an agent made by createAgent(); found ${found}`);
  });
});
