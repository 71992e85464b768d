import fs, { writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import type { Socket } from 'node:net';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { Arguments } from '../../src/cli/arguments.ts';
import {
  addressText,
  openSocket,
  parseAddress,
  parseTarget,
  readInput,
  STDIN,
  targetOptions,
  type AgentTarget,
} from '../../src/cli/target.ts';
import { targetOf } from './peers.ts';

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['agent.internal:9000', { host: 'agent.internal', port: 9000 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
    [':9000', { host: '127.0.0.1', port: 9000 }],
    ['unix:/run/a:b.sock', { path: '/run/a:b.sock' }],
    ['unix@/run/agent.sock', { path: '/run/agent.sock' }],
    ['unix:agent.sock', { path: 'agent.sock' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(addressText(address))).toEqual(address);
  });

  it.each([
    '',
    '9000',
    'host',
    '::1:9000',
    '[x]:9000',
    '[::1]',
    'a b:9',
    'http://a:9',
    'a:65536',
    'unix:',
    'a:-1',
    'a:9x',
    '[::1]x:9',
    'my unix:/run/agent.sock',
    'a:',
  ])('refuses %j', (text) => {
    expect(() => parseAddress(text)).toThrow('expected an address; found');
  });
});

/** The target that these words name. */
function target(text: string | undefined, ...words: readonly string[]): AgentTarget {
  return parseTarget(text, new Arguments(words, targetOptions));
}

describe('parseTarget', () => {
  it('refuses port 0, and text in place of a certificate', async () => {
    expect(() => target('127.0.0.1:0')).toThrow('expected a port from 1 to 65535; found 0');
    const file = stopAfterTest(await TemporaryFolder.make()).file('ca.pem');
    writeFileSync(file, 'no certificate');
    expect(() => target(':9', '--cert', file)).toThrow('the options of TLS do not work');
  });

  it('has no TLS, and 5 seconds, unless options say otherwise', () => {
    expect(target(':9')).toEqual({
      text: ':9',
      address: { host: '127.0.0.1', port: 9 },
      tls: undefined,
      timeoutMs: 5000,
    });
    expect(target('unix:a', '--timeout', '2s')).toEqual({
      text: 'unix:a',
      address: { path: 'a' },
      tls: undefined,
      timeoutMs: 2000,
    });
  });

  it.each([
    ['agent.internal:9', 'agent.internal'],
    ['agent1.2:9', 'agent1.2'],
    ['1.agent:9', '1.agent'],
    ['127.0.0.1:9', undefined],
    ['[::1]:9', undefined],
    ['unix:/run/agent.sock', undefined],
  ])('asks %s for the certificate of %s', (text, servername) => {
    const { tls } = target(text, '--tls');
    const common = { rejectUnauthorized: true, secureContext: expect.anything() as unknown };
    expect(tls).toStrictEqual(servername === undefined ? common : { ...common, servername });
    expect(target(text, '--servername', 'other').tls).toStrictEqual({ ...common, servername: 'other' });
    expect(target(text, '--insecure').tls).toStrictEqual({ ...tls, rejectUnauthorized: false });
  });

  it('needs an address, and a certificate for a key', () => {
    expect(() => target(undefined)).toThrow('expected the address of an agent; found none');
    expect(() => target(':9', '--key', 'a.pem')).toThrow(
      expect.objectContaining({
        message: 'the option --key needs --cert',
        hint: 'add --cert FILE with the certificate of that key',
      }),
    );
    expect(() => target(':9', '--cert', '/nowhere/a.pem')).toThrow(/^could not read the file of --cert: ENOENT/);
    expect(() => target(':9', '--cert', '/nowhere/a.pem', '--key', '/nowhere/b.pem')).toThrow(/ of --cert: ENOENT/);
    expect(() => target(':9', '--ca', '/nowhere/a.pem')).toThrow(/^could not read the file of --ca: ENOENT/);
  });
});

describe('readInput', () => {
  /** Stdin gives one of these for each read, until the test ends. */
  function stdinGives(...reads: readonly (string | NodeJS.ErrnoException)[]): void {
    const left = [...reads];
    const spy = vi.spyOn(fs, 'readSync').mockImplementation((fd, chunk) => {
      const next = left.shift() ?? '';
      if (fd !== STDIN || !Buffer.isBuffer(chunk)) throw new TypeError('expected to read stdin into a buffer');
      if (typeof next !== 'string') throw next;
      return chunk.write(next);
    });
    // Imports by name see the replaced function.
    syncBuiltinESMExports();
    onTestFinished(() => {
      spy.mockRestore();
      syncBuiltinESMExports();
    });
  }
  const failure = (code: string): NodeJS.ErrnoException => Object.assign(new Error(`${code}: failed`), { code });

  it('reads stdin to its end', () => {
    stdinGives('one ', 'two');
    expect(readInput(STDIN, 'the input').toString()).toBe('one two');
  });

  it('reads on when stdin has nothing yet, and ends at a closed pipe of Windows', () => {
    const pause = vi.spyOn(Atomics, 'wait').mockReturnValue('timed-out');
    onTestFinished(() => pause.mockRestore());
    stdinGives('one ', failure('EAGAIN'), 'two', failure('EOF'), 'three');
    expect(readInput(STDIN, 'the input').toString()).toBe('one two');
    expect(pause).toHaveBeenCalledTimes(1);
  });

  it.each([
    [failure('EIO'), 'could not read the input: EIO: failed'],
    [new Error('closed'), 'could not read the input: closed'],
  ])('says what is wrong with stdin: %s', (error, message) => {
    stdinGives('one ', error);
    expect(() => readInput(STDIN, 'the input')).toThrow(expect.objectContaining({ message, hint: 'check its path' }));
  });
});

describe('openSocket', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('gives a socket that stays open when the other side ends, and stops its clock', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const socket = await openSocket(await targetOf((peer) => peer.end()));
    onTestFinished(() => void socket.destroy());
    expect(socket.allowHalfOpen).toBe(true);
    expect(socket.listenerCount('error')).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('says that no agent listens, and stops its clock', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const path = stopAfterTest(await TemporaryFolder.make()).file('agent.sock');
    await expect(openSocket({ ...target(`unix:${path}`), text: 'the agent' })).rejects.toMatchObject({
      kind: 'closed',
      message: `could not connect to the agent: connect ENOENT ${path}`,
    });
    expect(vi.getTimerCount()).toBe(0);
  });

  it('closes a connection whose TLS is not there in time', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    const accepted = Promise.withResolvers<Socket>();
    const silent = await targetOf((peer) => accepted.resolve(peer.resume()));
    const failure = openSocket({ ...silent, tls: { rejectUnauthorized: false } }).then(
      () => undefined,
      (error: unknown) => error,
    );
    const peer = await accepted.promise;
    const ended = new Promise((resolve) => peer.once('close', resolve).once('end', resolve));
    vi.advanceTimersByTime(20_000);
    expect(await failure).toMatchObject({
      kind: 'timeout',
      message: 'could not connect to the agent within 20000 ms',
    });
    await ended;
  });
});
