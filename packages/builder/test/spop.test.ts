import { SpopError } from '@spop/codec';
import { describe, expect, it, onTestFinished, vi, type MockInstance } from 'vitest';
import manifest from '../package.json' with { type: 'json' };
import { commandHelp } from '../src/cli/help.ts';
import { command as ping } from '../src/cli/commands/ping.ts';
import { UsageError } from '../src/cli/usage-error.ts';
import { PeerFailure } from '../src/haproxy/peer-failure.ts';
import { events, spop } from './spop-in-process.ts';

/** Lets `ping` end in this way. */
function pingDoes(run: () => Promise<number>): MockInstance<typeof ping.run> {
  const spy = vi.spyOn(ping, 'run').mockImplementation(run);
  onTestFinished(() => spy.mockRestore());
  return spy;
}

describe('spop', () => {
  it('writes its help to stderr if no command was named', async () => {
    const { stdout: asked, ...rest } = await spop('--help');
    expect(rest).toEqual({ code: 0, stderr: '' });
    expect(asked).toMatch(/^Usage: spop COMMAND …\n/);
    expect(await spop()).toEqual({ code: 2, stdout: '', stderr: asked });
    expect(await spop('-h')).toEqual({ code: 0, stdout: asked, stderr: '' });
    expect(await spop('help')).toEqual({ code: 0, stdout: asked, stderr: '' });
  });

  it.each([
    [['help', 'ping']],
    [['--help', 'ping']],
    [['ping', '--help']],
    [['ping', '-h']],
    [['ping', ':9', '--help', '--what']],
  ])('explains a command with %j', async (words) => {
    const asked = pingDoes(() => Promise.resolve(7));
    expect(await spop(...words)).toEqual({ code: 0, stdout: `${commandHelp(ping)}\n`, stderr: '' });
    expect(asked).not.toHaveBeenCalled();
  });

  it('prints its version', async () => {
    expect(await spop('--version')).toEqual({ code: 0, stdout: `${manifest.version}\n`, stderr: '' });
  });

  it.each([
    ['pign', 'did you mean spop ping?'],
    ['toString', 'commands: ping, hello, send, decode, record, replay, conformance, init, lint, completions'],
  ])('does not know the command %s', async (name, hint) => {
    const stderr = `spop: there is no command "${name}"\n  ${hint}\n`;
    expect(await spop(name)).toEqual({ code: 2, stdout: '', stderr });
    expect(await spop('help', name)).toEqual({ code: 2, stdout: '', stderr });
  });

  it('runs a command with its words and options', async () => {
    const asked = pingDoes(() => Promise.resolve(7));
    expect(await spop('ping', ':9', '--json')).toEqual({ code: 7, stdout: '', stderr: '' });
    expect(asked.mock.calls[0]?.[0]).toMatchObject({
      args: { words: [':9'] },
      output: { isJson: true, isQuiet: false },
    });
    await spop('ping', ':9', '--quiet');
    expect(asked.mock.calls[1]?.[0]).toMatchObject({ output: { isJson: false, isQuiet: true } });
    expect(Object.keys(asked.mock.calls[1]![0].table)).toContain('completions');
  });

  it.each([
    ['an option', ['ping', '--what'], 'there is no option --what', 'the help lists all options: add --help'],
    [
      'JSON of a command without it',
      ['completions', '--json'],
      'there is no option --json',
      'the help lists all options: add --help',
    ],
  ])('does not know %s', async (_, words, message, hint) => {
    expect(await spop(...words)).toEqual({ code: 2, stdout: '', stderr: `spop: ${message}\n  ${hint}\n` });
  });

  const system = Object.assign(new Error('EACCES: no access'), { code: 'EACCES', syscall: 'open' });
  it.each<[string, Error, number, unknown, string]>([
    ['wrong use', new UsageError('wrong use', 'do this'), 2, undefined, 'spop: wrong use\n  do this\n'],
    [
      'a peer that says no',
      new PeerFailure('closed', 'it is closed\nby the agent'),
      1,
      { kind: 'closed', message: 'it is closed' },
      'spop: it is closed\nby the agent\n',
    ],
    [
      'a DISCONNECT',
      new PeerFailure('disconnected', 'status 4', 4),
      68,
      { kind: 'disconnected', message: 'status 4', statusCode: 4 },
      'spop: status 4\n',
    ],
    [
      'wrong bytes',
      new SpopError('SPOP_TRUNCATED', 'expected more', 3),
      1,
      { kind: 'SPOP_TRUNCATED', message: new SpopError('SPOP_TRUNCATED', 'expected more', 3).message },
      `spop: ${new SpopError('SPOP_TRUNCATED', 'expected more', 3).message}\n`,
    ],
    ['a system error', system, 1, { kind: 'EACCES', message: 'EACCES: no access' }, 'spop: EACCES: no access\n'],
  ])('explains %s', async (_, error, code, json, stderr) => {
    pingDoes(() => Promise.reject(error));
    expect(await spop('ping', ':9')).toEqual({ code, stdout: '', stderr });
    const { stdout, ...rest } = await spop('ping', ':9', '--json');
    expect(rest).toEqual({ code, stderr });
    expect(stdout).toBe(json === undefined ? '' : `${JSON.stringify({ error: json })}\n`);
  });

  it.each([
    ['an error', new Error('a mistake')],
    ['an error with a code alone', Object.assign(new Error('a mistake'), { code: 'E' })],
    ['an error with a system call alone', Object.assign(new Error('a mistake'), { syscall: 'open' })],
    ['what is no error', { code: 'E', syscall: 'open' }],
  ])('does not explain %s in a command', async (_, thrown) => {
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- it need not be an error
    pingDoes(() => Promise.reject(thrown));
    await expect(spop('ping', ':9')).rejects.toBe(thrown);
  });

  it('ends when the reader of its pipe has closed it, and for no other error', async () => {
    await spop('--version');
    const exit = vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
    onTestFinished(() => exit.mockRestore());
    const failed = (code: string) => () => events.emit('error', Object.assign(new Error(code), { code }));
    expect(failed('EPIPE')).toThrow('exit 0');
    expect(failed('EIO')).toThrow('EIO');
  });
});
