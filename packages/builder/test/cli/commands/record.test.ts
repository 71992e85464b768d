import { once, type EventEmitter } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it, onTestFinished } from 'vitest';
import { command } from '../../../src/cli/commands/record.ts';
import { parseAddress } from '../../../src/cli/target.ts';
import { bytesOf } from '../../../src/read/parse.ts';
import { agentHello, haproxyHello, type BytesInput } from '../../../src/index.ts';
import { politely } from '../../tiny-agent.ts';
import { agentAt, run, signal, start, type Outcome, type Running } from '../run-command.ts';

const WARNING = 'warning: the session holds what clients sent, cookies and addresses too; --redact replaces them\n';

interface Recording {
  /** The address of the agent. */
  readonly target: string;
  /** The address for HAProxy. */
  readonly at: string;
  readonly running: Running;
}

/** Begins to record the traffic of an agent. */
async function record(...words: readonly string[]): Promise<Recording> {
  return recordOf(await agentAt(politely()), ...words);
}

async function recordOf(target: string, ...words: readonly string[]): Promise<Recording> {
  keepListeners();
  const running = start(command, [target, '--listen', '127.0.0.1:0', ...words]);
  return { target, at: await running.says(/recording the traffic from (\S+) to/), running };
}

/** Removes what begins to listen to the process, once the test ends: the program ends with the command. */
function keepListeners(): void {
  const places: readonly (readonly [EventEmitter, string])[] = [
    [process, 'SIGINT'],
    [process, 'SIGTERM'],
    [process, 'error'],
    [process.stdout, 'error'],
  ];
  for (const [emitter, name] of places) {
    const before = emitter.rawListeners(name);
    onTestFinished(() => {
      for (const added of emitter.rawListeners(name)) {
        if (!before.includes(added)) emitter.removeListener(name, added as () => void);
      }
    });
  }
}

/** Sends bytes, takes an answer, and ends the connection. */
async function speak(at: string, bytes: BytesInput): Promise<void> {
  const socket = connect(parseAddress(at));
  socket.write(bytesOf(bytes));
  await once(socket, 'data');
  await leave(socket);
}

async function leave(socket: Socket): Promise<void> {
  const closed = once(socket, 'close');
  socket.resume().end();
  await closed;
}

/** The lines of a session, without times. */
function sessionOf(text: string): string[] {
  return text
    .replace(/(?<=^# Recorded )\S+/m, 'TODAY')
    .split('\n')
    .map((line) => line.replace(/^\d+\.\d{6} /, ''));
}

function head(target: string, version: string, content: string): string[] {
  return [
    `# spop session ${version}`,
    `# Recorded TODAY between HAProxy and ${target}.`,
    `# ${content}`,
    '# Lines with # are for people. The others: SECONDS CONNECTION open, close SIDE, or SIDE BYTES, where SIDE is haproxy or agent.',
    '',
  ];
}

const HELD = 'It holds what clients sent: addresses, cookies, bodies. Treat it as you treat those.';
const HELLOS = [
  '1 open',
  '# HAPROXY-HELLO supported-versions: STRING "2.0", max-frame-size: UINT32 16380, capabilities: STRING "pipelining"',
  `1 haproxy ${Buffer.from(haproxyHello().toBytes()).toString('hex')}`,
  '# AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 16380, capabilities: STRING "pipelining"',
  `1 agent ${Buffer.from(agentHello().toBytes()).toString('hex')}`,
  '1 close haproxy',
  '',
];

describe('spop record', () => {
  it('writes a session to stdout, and says what it does', async () => {
    const { target, at, running } = await record('--count', '1');
    await speak(at, haproxyHello());
    const { code, stdout, stderr } = await running.ended;
    expect(sessionOf(stdout)).toEqual([...head(target, '1', HELD), ...HELLOS]);
    expect(stderr).toBe(`recording the traffic from ${at} to ${target}\n${WARNING}2 frames of 1 connection\n`);
    expect(code).toBe(0);
  });

  it('writes a session to a file that only its owner can read', async () => {
    const path = stopAfterTest(await TemporaryFolder.make()).file('session.txt');
    const { target, at, running } = await record('--count', '2', '--output', path);
    await speak(at, haproxyHello());
    await speak(at, haproxyHello());
    expect(await running.ended).toEqual<Outcome>({
      code: 0,
      stdout: '',
      stderr: `recording the traffic from ${at} to ${target}, in ${path}\n${WARNING}4 frames of 2 connections\n`,
    });
    expect(sessionOf(readFileSync(path, 'utf8')).slice(0, 5 + HELLOS.length)).toEqual([
      ...head(target, '1', HELD),
      ...HELLOS,
    ]);
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('warns of nothing with --redact but of bytes that it left out', async () => {
    const { target, at, running } = await record('--count', '1', '--redact');
    const socket = connect(parseAddress(at));
    socket.write('ping?');
    await leave(socket);
    const { stdout, stderr } = await running.ended;
    expect(sessionOf(stdout)).toEqual([
      ...head(target, '1 redacted', 'Texts, bytes and addresses were replaced; numbers and names were not.'),
      '1 open',
      '# 5 bytes of the haproxy that are no frame, left out',
      '1 close haproxy',
      '',
    ]);
    expect(stderr).toBe(
      `recording the traffic from ${at} to ${target}\n0 frames of 1 connection\nwarning: 5 bytes that are no frame were left out\n`,
    );
  });

  it.each(['SIGINT', 'SIGTERM'] as const)('ends with %s, and with the connections that are open', async (name) => {
    const before = process.listeners(name);
    const { at, running } = await record();
    const socket = connect(parseAddress(at));
    const closed = once(socket.resume(), 'close');
    socket.write(bytesOf(haproxyHello()));
    await once(socket, 'data');
    signal(name, before);
    const { code, stdout, stderr } = await running.ended;
    await closed;
    expect([code, sessionOf(stdout).slice(-3)]).toEqual([0, HELLOS.slice(-3)]);
    expect(stderr).toMatch(/\n2 frames of 1 connection\n$/);
  });

  it('warns of an agent that cannot be reached', async () => {
    const { at, running } = await recordOf('unix:/nowhere/agent.sock', '--count', '1');
    const socket = connect(parseAddress(at));
    await once(socket, 'error');
    const { stderr } = await running.ended;
    expect(stderr.split('\n').slice(2)).toEqual([
      'warning: could not connect to unix:/nowhere/agent.sock: connect ENOENT /nowhere/agent.sock',
      '0 frames of 1 connection',
      '',
    ]);
  });

  it('ends if the session cannot be written', async () => {
    const { running } = await record();
    setImmediate(() => process.stdout.emit('error', new Error('the disk is full')));
    await expect(running.ended).rejects.toMatchObject({ message: 'the disk is full' });
  });

  it('makes no file for an address that is wrong', async () => {
    const path = stopAfterTest(await TemporaryFolder.make()).file('session.txt');
    await expect(run(command, ['a:1', '--listen', 'here', '--output', path])).rejects.toMatchObject({
      message: 'expected an address; found "here"',
    });
    expect(existsSync(path)).toBe(false);
  });

  it.each([
    [['a:1'], 'expected --listen with the address for HAProxy; found none'],
    [['a:1', 'b:1'], 'expected nothing after "a:1"; found "b:1"'],
    [
      ['a:1', '--listen', ':0', '--count', '0'],
      'expected --count to be a whole number from 1 to 1000000000; found "0"',
    ],
  ])('refuses %j', async (words, message) => {
    await expect(run(command, words)).rejects.toMatchObject({ name: 'UsageError', message });
  });
});
