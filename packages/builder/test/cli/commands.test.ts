/** Commands in the test's own process; test/cli of the agent starts the program itself. */
import { writeFileSync } from 'node:fs';
import { pcapOf, tcpPackets } from '@spop-internal/testbed/packets';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it, vi } from 'vitest';
import { Arguments } from '../../src/cli/arguments.ts';
import type { Command } from '../../src/cli/command.ts';
import { command as completions } from '../../src/cli/commands/completions.ts';
import { command as conformance } from '../../src/cli/commands/conformance.ts';
import { command as decode } from '../../src/cli/commands/decode.ts';
import { command as hello } from '../../src/cli/commands/hello.ts';
import { command as init } from '../../src/cli/commands/init.ts';
import { command as lint } from '../../src/cli/commands/lint.ts';
import { command as replay } from '../../src/cli/commands/replay.ts';
import { command as send } from '../../src/cli/commands/send.ts';
import { sessionHead, sessionLines } from '../../src/cli/capture/session-file.ts';
import { Output } from '../../src/cli/output.ts';
import { addressText } from '../../src/cli/target.ts';
import { agentDisconnect, agentHello, data, haproxy, notify, type StreamHandler } from '../../src/index.ts';
import { politely, tinyAgent, type Answer } from '../tiny-agent.ts';
import { HAPROXY, SPOE } from './lint/configurations.ts';
import { targetOf } from './peers.ts';

/** Runs a command to its end. */
async function run(
  command: Command,
  words: readonly string[],
): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> {
  const texts = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((name) =>
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      texts[name] += String(text);
      return true;
    }),
  );
  try {
    const args = new Arguments(words, command.options);
    const output = new Output({ isJson: 'json' in command.options && args.has('json') });
    const code = await command.run({ args, output, table: {} });
    return { code, ...texts };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

/** A file until the test ends. */
async function file(content: string | Uint8Array): Promise<string> {
  const path = stopAfterTest(await TemporaryFolder.make()).file('input');
  writeFileSync(path, content);
  return path;
}

/** The address of an agent until the test ends. */
async function agentAt(answer: Answer): Promise<string> {
  const agent: StreamHandler = tinyAgent(answer);
  return addressText((await targetOf((socket) => void agent.handle(socket))).address);
}

describe('spop decode', () => {
  it('says that a file is empty', async () => {
    expect(await run(decode, [await file('')])).toEqual({ code: 0, stdout: '', stderr: 'no bytes\n' });
  });

  it('says where a capture is cut off, and shows what comes before', async () => {
    const packets = tcpPackets([{ from: 'client', bytes: haproxy('3.2').hello().toBytes() }]);
    const { code, stdout, stderr } = await run(decode, [await file(pcapOf(packets).subarray(0, -5))]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('warning:')]);
    expect(stderr).toContain(`the file is cut off after ${packets.length - 1} packets`);
    expect(stdout).toContain('HAPROXY-HELLO');
  });

  it('refuses what is no session file, and what is no hexadecimal text', async () => {
    await expect(run(decode, [await file('# spop session 9\n')])).rejects.toMatchObject({
      message: 'the input is not a session file: expected "# spop session 1" in line 1; found "# spop session 9"',
      hint: '"spop record" writes one',
    });
    await expect(run(decode, ['--format', 'hex', await file('what?')])).rejects.toMatchObject({
      message: expect.stringContaining('the input is not hexadecimal text: expected pairs') as unknown,
    });
  });
});

describe('spop hello', () => {
  it('says that an agent announces no capability', async () => {
    const target = await agentAt((frame, stream) =>
      frame.type === 'HAPROXY-HELLO' ? [agentHello({ capabilities: '' })] : politely()(frame, stream),
    );
    expect((await run(hello, [target])).stdout).toMatch(/^capabilities {4}none$/m);
  });
});

describe('spop send', () => {
  it('shows a variable that is set to NULL as unset', async () => {
    const target = await agentAt(politely((_, empty) => empty.setVar('txn', 'a', data.nil)));
    const { code, stdout } = await run(send, [target, 'm']);
    expect([code, stdout]).toEqual([0, expect.stringMatching(/ NULL +unset$/m)]);
  });

  it('counts answers that are different from the ten that it shows', async () => {
    let count = 0;
    const target = await agentAt(politely((_, empty) => empty.setVar('txn', 'a', count++)));
    const { code, stdout } = await run(send, [target, 'm', '--repeat', '12']);
    expect([code, stdout]).toEqual([0, expect.stringContaining('2 of 12 ACKs are different from all of these')]);
  });
});

describe('spop send --repeat', () => {
  it('has no latencies if no NOTIFY was answered', async () => {
    const target = await agentAt((frame, stream) =>
      frame.type === 'NOTIFY' ? [agentDisconnect({ statusCode: 4 })] : politely()(frame, stream),
    );
    await expect(run(send, [target, 'm', '--repeat', '5'])).rejects.toMatchObject({
      kind: 'disconnected',
      statusCode: 4,
    });
  });
});

describe('spop completions', () => {
  it('says that no shell was named', async () => {
    await expect(run(completions, [])).rejects.toMatchObject({ message: 'expected a shell; found none' });
  });
});

describe('spop replay', () => {
  it('counts one connection, whose answers are the same', async () => {
    const target = await agentAt(politely());
    const session = [
      sessionHead('Recorded today.', false),
      ...[haproxy('3.2').hello(), notify().message('m')].map((one) =>
        sessionLines({ seconds: 0, connection: 1, kind: 'bytes', from: 'haproxy', bytes: one.toBytes() }),
      ),
    ].join('');
    const { code, stdout } = await run(replay, [await file(session), target]);
    expect(stdout).toMatch(/^0 ACKs are the same, 0 different, 0 missing, 1 added; 1 connection in [\d.]+ s$/m);
    expect(code).toBe(1);
  });
});

describe('spop init', () => {
  it.each([
    [[], 'expected a module; found none'],
    [['x.ts', '--name', 'a b'], 'expected letters, digits and _ in --name and --var-prefix, 1 to 40 of them'],
    [['x.ts', '--var-prefix', 'a-b'], 'expected letters, digits and _ in --name and --var-prefix, 1 to 40 of them'],
  ])('refuses %j', async (words, message) => {
    await expect(run(init, words)).rejects.toMatchObject({ name: 'UsageError', message });
  });
});

describe('spop lint', () => {
  it('names all rules if none is like the one to ignore', async () => {
    const [haproxyFile, spoeFile] = await Promise.all([file(HAPROXY), file(SPOE)]);
    await expect(run(lint, [haproxyFile, spoeFile, '--ignore', 'everything'])).rejects.toMatchObject({
      message: 'there is no rule "everything"',
      hint: expect.stringContaining('engine-missing, ') as unknown,
    });
  });
});

describe('spop conformance', () => {
  it('lists cases in columns, or each with what is asked', async () => {
    const ids = 'spop/3.2.5/agent-hello,spop/3.2.5/one-piece';
    const { stdout } = await run(conformance, ['--list', '--run', ids]);
    expect(stdout).toMatch(/^.*id +class +what is asked/);
    expect(stdout.trimEnd().split('\n')).toHaveLength(1 + 2);
    const traced = await run(conformance, ['--list', '--run', ids, '--trace']);
    expect(traced.stdout.match(/^\S.*/gm)).toEqual([
      expect.stringMatching(/^spop\/3\.2\.5\/agent-hello {2}must: /),
      expect.stringMatching(/^spop\/3\.2\.5\/one-piece {2}haproxy: /),
    ]);
    expect(traced.stdout.match(/^ {4}send {4}0000/gm)).toHaveLength(2);
  });
});
