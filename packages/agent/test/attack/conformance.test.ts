import { writeFileSync } from 'node:fs';
import { ack, agentHello } from '@spop/builder';
import { DataType, type Value } from '@spop/codec';
import { startAgent } from '@spop-internal/testbed/example';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  type Actions,
  binary,
  bool,
  createAgent,
  defineVariable,
  int32,
  int64,
  ipv4,
  ipv6,
  string,
  uint32,
  uint64,
} from '../../src/index.ts';
import { jsonLines, listenAs, spop } from '../cli/run-spop.ts';

const REPUTATION = new URL('../../../../docs/examples/ip-reputation/agent.ts', import.meta.url);
const SCOPE = 'txn';
const NAME = 'value';

/** Sets the variable to the argument, of any type. */
function giveBack(value: Value, actions: Actions): void {
  switch (value.type) {
    case DataType.Null:
      return void actions.unset(defineVariable(SCOPE, NAME, bool));
    case DataType.Bool:
      return void actions.set(defineVariable(SCOPE, NAME, bool), value.boolean);
    case DataType.Int32:
      return void actions.set(defineVariable(SCOPE, NAME, int32), value.toNumber());
    case DataType.Uint32:
      return void actions.set(defineVariable(SCOPE, NAME, uint32), value.toNumber());
    case DataType.Int64:
      return void actions.set(defineVariable(SCOPE, NAME, int64), value.toBigInt());
    case DataType.Uint64:
      return void actions.set(defineVariable(SCOPE, NAME, uint64), value.toBigInt());
    case DataType.Ipv4:
      return void actions.set(defineVariable(SCOPE, NAME, ipv4), value.toString());
    case DataType.Ipv6:
      return void actions.set(defineVariable(SCOPE, NAME, ipv6), value.toString());
    case DataType.String:
      return void actions.set(defineVariable(SCOPE, NAME, string), value.toBytes());
    default:
      return void actions.set(defineVariable(SCOPE, NAME, binary), value.toBytes());
  }
}

/** An agent with the message `echo`. @returns its `host:port`. */
async function echoAgent(): Promise<string> {
  const agent = createAgent().onNotify((notify, actions) => {
    const messages = notify.walk();
    while (messages.next()) {
      if (!messages.name.equals('echo')) continue;
      while (messages.nextArgument()) {
        if (messages.argumentName.equals(NAME)) giveBack(messages.value, actions);
      }
    }
  });
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const address = await agent.listen({ port: 0 });
  return 'port' in address ? `127.0.0.1:${address.port}` : '';
}

/** An agent that says hello in two pieces, and answers nothing. */
function brokenAgent(): Promise<string> {
  return listenAs((socket) => {
    socket.once('data', () => {
      const bytes = agentHello().toBytes();
      socket.write(bytes.subarray(0, 9));
      setTimeout(() => socket.write(bytes.subarray(9)), 20);
    });
  });
}

const ONE_PIECE = 'spop/3.2.5/one-piece';
const HELLO = 'spop/3.2.5/agent-hello';

describe('spop conformance', () => {
  it('finds nothing wrong with our agent, every value included', async () => {
    const outcome = await spop([
      'conformance',
      await echoAgent(),
      '--echo',
      'echo value',
      '--timeout',
      '10s',
      '--json',
    ]);
    const lines = jsonLines(outcome);
    expect(lines.filter((line) => !/"result":"pass"/.test(JSON.stringify(line)))).toMatchObject([
      { failed: 0, known: 0, skipped: 0, stale: [] },
    ]);
    expect(outcome.code).toBe(0);
    expect(lines.length).toBeGreaterThan(400);
  }, 120_000);

  it('finds nothing wrong with an agent that was not written for it', async () => {
    const { agent, spoeAddress } = await startAgent(REPUTATION);
    const outcome = await spop(['conformance', spoeAddress, '--timeout', '10s', '--json']);
    const lines = jsonLines(outcome).map((line) => JSON.stringify(line));
    expect(lines.filter((line) => /"result":"fail"/.test(line))).toEqual([]);
    expect(lines.filter((line) => /"result":"pass"/.test(line)).length).toBeGreaterThan(365);
    expect(outcome.code).toBe(0);
    expect(agent.isRunning).toBe(true);
  }, 120_000);

  it('sends an agent its own message, and then skips the cases of values', async () => {
    const words = ['--message', 'echo value=seven', '--run', 'spop/3.2.6/known*,spop/3.4/*'];
    const { code, stdout } = await spop(['conformance', await echoAgent(), ...words]);
    expect(stdout).toMatch(/^must {5}4 {7}0 {7}0 {14}\d+$/m);
    expect(stdout).toContain('not asked: no message echoes its argument');
    expect(code).toBe(0);
  });

  it('reports the answer, the place of the rule, and with --trace every byte', async () => {
    const target = await brokenAgent();
    const { code, stdout } = await spop(['conformance', target, '--run', 'spop/3.2.5/*e*', '--skip', `${HELLO},*max*`]);
    expect(code).toBe(1);
    expect(stdout).toContain(
      `${ONE_PIECE}  FAILS: an AGENT-HELLO arrives in one piece\n    a frame arrived in pieces\n`,
    );
    expect(stdout).toContain('HAProxy 3.1.0, 3.2.0 to 3.2.22, 3.3.0 and 3.5-dev5');
    const traced = await spop(['conformance', target, '--run', ONE_PIECE, '--trace']);
    expect(traced.stdout).toMatch(/^ {4}send {4}0000007b01/m);
    expect(traced.stdout).toMatch(/^ {4}expect {2}an AGENT-HELLO/m);
    expect(traced.stdout).toMatch(/^ {4}< 000000\w+\n {4}< \w+$/m);
  });

  it('accepts known failures, and reports those that pass or do not exist', async () => {
    const folder = await TemporaryFolder.make();
    onTestFinished(() => folder.stop());
    const target = await brokenAgent();
    const list = folder.file('known.txt');
    const run = ['conformance', target, '--run', `${ONE_PIECE},${HELLO}`, '--known-failing', list];
    writeFileSync(list, `# two writes\n${ONE_PIECE} # soon\n`);
    expect(await spop(run)).toMatchObject({ code: 0, stderr: '' });
    writeFileSync(list, `${ONE_PIECE}\n${HELLO}\n`);
    const stale = await spop(run);
    expect(stale.code).toBe(1);
    expect(stale.stderr).toContain(`${HELLO} is listed as known to fail, but passes: take it off the list`);
    writeFileSync(list, 'spop/3.2.5/nothing\n');
    const unknown = await spop(run);
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('lists "spop/3.2.5/nothing", and there is no such case');
  });

  it('writes TAP, JUnit, and a page that compares reports', async () => {
    const folder = await TemporaryFolder.make();
    onTestFinished(() => folder.stop());
    const target = await brokenAgent();
    const run = ['conformance', target, '--run', `${ONE_PIECE},${HELLO}`];
    const tap = await spop([...run, '--format', 'tap']);
    expect(tap.stdout).toMatch(
      /^TAP version 14\n1\.\.2\nok 1 - \S+agent-hello .*\nnot ok 2 - \S+one-piece .*\n {2}---\n/,
    );
    const junit = await spop([...run, '--format', 'junit']);
    expect(junit.stdout).toContain('<testsuite name="haproxy" tests="1" failures="1" skipped="0">');
    expect(junit.stdout).toContain('<failure message="a frame arrived in pieces">');
    writeFileSync(folder.file('broken.json'), (await spop([...run, '--json'])).stdout);
    const page = await spop([
      'conformance',
      '--format',
      'html',
      folder.file('broken.json'),
      folder.file('broken.json'),
    ]);
    expect(page).toMatchObject({ code: 0, stderr: '' });
    expect(page.stdout).toContain('<th>broken</th><th>broken</th>');
    expect(page.stdout).toContain('<td class="fail" title="a frame arrived in pieces">✗</td>');
  });

  it('lists all cases without a connection', async () => {
    const { code, stdout } = await spop(['conformance', '--list']);
    expect(code).toBe(0);
    expect(stdout.split('\n').length).toBeGreaterThan(400);
    expect(stdout).toContain('spop/3.2.9/closes');
    const [listed] = jsonLines(await spop(['conformance', '--list', '--json', '--run', ONE_PIECE]));
    expect(listed).toMatchObject({ id: ONE_PIECE, class: 'haproxy', title: 'an AGENT-HELLO arrives in one piece' });
  });

  it.each([
    [['--run', 'spop/9/*'], 'no case fits "spop/9/*" of --run'],
    [['--skip', '*'], '--run and --skip leave no case'],
    [['--message', 'check'], 'expected a message and one argument for --message; found "check"'],
    [['--echo', 'echo value=1'], 'the argument of --echo has no value'],
    [['--message', 'a b', '--echo', 'c d'], 'expected --message or --echo; found both'],
    [['--known-failing', '/nowhere'], 'could not read the file of --known-failing'],
    [['--concurrency', '0'], 'expected --concurrency to be a whole number from 1 to 100'],
  ])('refuses %j', async (words, sentence) => {
    const { code, stderr } = await spop(['conformance', ':9', ...words]);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });

  it.each([
    [[], 'expected the files of reports; found none'],
    [['/etc/hostname'], '/etc/hostname is no report'],
    [['/nowhere.json'], 'could not read /nowhere.json'],
  ])('refuses to make a page of %j', async (files, sentence) => {
    const { code, stderr } = await spop(['conformance', '--format', 'html', ...files]);
    expect(stderr).toContain(sentence);
    expect(code).toBe(2);
  });

  it('exits with 1 if no agent listens, or the agent answers nothing', async () => {
    const silent = await listenAs((socket) => socket.on('data', () => socket.write(ack().toBytes())));
    const { code, stdout } = await spop(['conformance', silent, '--run', HELLO, '--timeout', '200']);
    expect(code).toBe(1);
    expect(stdout).toContain('ACK 1:1 no actions');
    expect((await spop(['conformance', '127.0.0.1:1', '--run', HELLO])).code).toBe(1);
  });
});
