import { pcapOf, tcpPackets } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { command as completions } from '../../src/cli/commands/completions.ts';
import { command as decode } from '../../src/cli/commands/decode.ts';
import { command as hello } from '../../src/cli/commands/hello.ts';
import { command as init } from '../../src/cli/commands/init.ts';
import { command as lint } from '../../src/cli/commands/lint.ts';
import { command as send } from '../../src/cli/commands/send.ts';
import { agentDisconnect, agentHello, data, haproxy } from '../../src/index.ts';
import { politely } from '../tiny-agent.ts';
import { HAPROXY, SPOE } from './lint/configurations.ts';
import { agentAt, file, run } from './run-command.ts';

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
