import { describe, expect, it } from 'vitest';
import { command } from '../../../src/cli/commands/conformance.ts';
import { hexOf } from '../../../src/conformance/agent-connection.ts';
import { data, notify, type NotifyBuilder } from '../../../src/index.ts';
import { jsonOf, run } from '../run-command.ts';

const ECHO = 'spop/3.4/echo-null';
const LARGE = 'spop/3.2/frame-of-16380-bytes';

async function list(...words: readonly string[]): Promise<string[]> {
  const { stdout } = await run(command, ['--list', ...words]);
  return stdout.trimEnd().split('\n');
}

describe('spop conformance --list', () => {
  const ids = 'spop/3.2.5/agent-hello,spop/3.2.5/one-piece';
  const asked =
    'send    0000007b0100000001000012737570706f727465642d76657273696f6e730803322e300e6d61782d6672616d652d73697a6503fcf0060c6361706162696c6974696573080a706970656c696e696e6709656e67696e652d6964082466356236613263312d366430652d346633622d396135372d326331643865376630613934';
  const expected = 'expect  an AGENT-HELLO with a max-frame-size of 256 to 16380, and nothing after it';

  it('has cases in columns', async () => {
    expect(await list('--run', ids)).toEqual([
      'id                      class    what is asked',
      'spop/3.2.5/agent-hello  must     an AGENT-HELLO has all three keys, FIN alone, and ids of 0',
      'spop/3.2.5/one-piece    haproxy  an AGENT-HELLO arrives in one piece',
    ]);
  });

  it('has what is asked with --trace', async () => {
    expect(await list('--trace', '--run', ids)).toEqual([
      'spop/3.2.5/agent-hello  must: an AGENT-HELLO has all three keys, FIN alone, and ids of 0',
      '    SPOE.txt §3.2.5',
      `    ${asked}`,
      `    ${expected}`,
      'spop/3.2.5/one-piece  haproxy: an AGENT-HELLO arrives in one piece',
      '    HAProxy 3.1.0, 3.2.0 to 3.2.22, 3.3.0 and 3.5-dev5 misread one in two pieces (src/mux_spop.c)',
      `    ${asked}`,
      `    ${expected}`,
    ]);
  });

  it('has what is asked in JSON', async () => {
    const outcome = await run(command, ['--list', '--json', '--run', 'spop/3.2.5/agent-hello']);
    expect(jsonOf(outcome)).toEqual([
      {
        id: 'spop/3.2.5/agent-hello',
        class: 'must',
        title: 'an AGENT-HELLO has all three keys, FIN alone, and ids of 0',
        source: 'SPOE.txt §3.2.5',
        asked: [asked, expected],
      },
    ]);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('takes an address that it does not need, and no more', async () => {
    expect(await list('--run', ids, ':1')).toHaveLength(3);
    await expect(list(':1', ':2')).rejects.toMatchObject({ message: 'expected nothing after ":1"; found ":2"' });
  });
});

describe('the choice of cases', () => {
  const idsOf = async (...words: string[]): Promise<string[]> =>
    (await list(...words)).slice(1).map((line) => line.split(' ')[0] ?? '');

  it('is all of them by default', async () => {
    const all = await idsOf();
    expect(all.length).toBeGreaterThan(100);
    expect(await idsOf('--run', '')).toEqual(all);
    expect(await idsOf('--skip', 'spop/3.2.5/one-piece')).toEqual(all.filter((id) => id !== 'spop/3.2.5/one-piece'));
  });

  it('is those of --run without those of --skip', async () => {
    expect(await idsOf('--run', 'spop/3.2.5/*', '--skip', '*-of-*,')).toEqual([
      'spop/3.2.5/agent-hello',
      'spop/3.2.5/one-piece',
    ]);
    expect(await idsOf('--run', `,${LARGE},${ECHO}`)).toEqual([LARGE, ECHO]);
  });

  it.each([
    [['--run', 'must,spop/9/*'], 'no case fits "spop/9/*" of --run'],
    [['--skip', 'nothing'], 'no case fits "nothing" of --skip'],
    [['--run', 'must', '--skip', 'spop/*'], '--run and --skip leave no case'],
  ])('refuses %j', async (words, message) => {
    await expect(list(...words)).rejects.toMatchObject({ message, hint: 'spop conformance --list shows all cases' });
  });
});

describe('the message of spop conformance', () => {
  it.each<[words: readonly string[], build: (empty: NotifyBuilder) => NotifyBuilder]>([
    [[], (empty) => empty.message('check-client-ip', { ip: data.ipv4('192.0.2.7') })],
    [['--message', ' check  ip '], (empty) => empty.message('check', { ip: data.ipv4('192.0.2.7') })],
    [['--message', 'check host=a=b'], (empty) => empty.message('check', { host: 'a=b' })],
    [['--message', 'check =7'], (empty) => empty.message('check', [['', data.int64(7)]])],
    [['--echo', 'echo value'], (empty) => empty.message('echo', { value: data.int64(7) })],
  ])('is what %j says', async (words, build) => {
    const lines = await list('--trace', '--run', 'spop/3.2.4/no-engine-id', ...words);
    expect(lines).toContain(`    send    ${hexOf(build(notify()).toBytes())}`);
  });

  it.each([
    [
      ['--message', 'a b', '--echo', 'a b'],
      'expected --message or --echo; found both',
      'with --echo all cases send the message that echoes',
    ],
    [
      ['--message', 'check'],
      'expected a message and one argument for --message; found "check"',
      "for instance --message 'check-client-ip ip'",
    ],
    [
      ['--echo', 'check a b'],
      'expected a message and one argument for --echo; found "check a b"',
      "for instance --echo 'check-client-ip ip'",
    ],
    [
      ['--echo', 'check a=1'],
      'the argument of --echo has no value: cases choose it',
      "for instance --echo 'check-client-ip ip'",
    ],
  ])('is refused for %j', async (words, message, hint) => {
    await expect(list(...words)).rejects.toMatchObject({ name: 'UsageError', message, hint });
  });
});
