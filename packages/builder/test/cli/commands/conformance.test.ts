import type { Duplex } from 'node:stream';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { command } from '../../../src/cli/commands/conformance.ts';
import { Output } from '../../../src/cli/output.ts';
import { agentDisconnect, agentHello } from '../../../src/index.ts';
import { politely } from '../../tiny-agent.ts';
import { agentAt, file, jsonOf, run, type Outcome } from '../run-command.ts';

const FAILING = 'spop/3.2.5/max-frame-size-of-256';
const PASSING = 'spop/3.2.5/max-frame-size-of-1000';
const ECHO = 'spop/3.4/echo-null';
const LARGE = 'spop/3.2/frame-of-16380-bytes';

const DETAIL =
  'no max-frame-size from 256 to 256: AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 1000, capabilities: STRING "pipelining"';
const FAILURE = [
  `${FAILING}  FAILS: an agent that is offered 256 bytes does not ask for more`,
  `    ${DETAIL}`,
  '    SPOE.txt §3.2.5: lower or equal',
];
const CLASSES = 'class    passed  failed  known to fail  not asked';
const NONE = ['haproxy  0       0       0              0', 'hygiene  0       0       0              0'];

/** Plays cases to an agent whose max-frame-size is always 1000. */
async function play(ids: readonly string[], ...words: readonly string[]): Promise<Outcome> {
  const target = await agentAt((frame, stream) =>
    frame.type === 'HAPROXY-HELLO' ? [agentHello({ maxFrameSize: 1000 })] : politely()(frame, stream),
  );
  return run(command, [target, '--run', ids.join(), ...words]);
}

/** The lines of stdout, without the time that it took. */
function linesOf({ stdout }: Outcome): string[] {
  return stdout
    .trimEnd()
    .replace(/ in \d+\.\d\d s$/, '')
    .split('\n');
}

describe('spop conformance', () => {
  it('shows what failed, and counts', async () => {
    const outcome = await play([FAILING, PASSING]);
    expect(linesOf(outcome)).toEqual([
      ...FAILURE,
      CLASSES,
      'must     1       1       0              0',
      ...NONE,
      '2 cases',
    ]);
    expect(outcome).toMatchObject({ code: 1, stderr: '' });
  });

  it('shows nothing of a case that passes', async () => {
    const outcome = await play([PASSING]);
    expect(linesOf(outcome)).toEqual([CLASSES, 'must     1       0       0              0', ...NONE, '1 case']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('counts why cases are not asked', async () => {
    const outcome = await play(['spop/3.4/echo-null', 'spop/3.4/echo-true', LARGE]);
    expect(linesOf(outcome)).toEqual([
      CLASSES,
      'must     0       0       0              3',
      ...NONE,
      '1 not asked: the agent announces a max-frame-size of 1000',
      '2 not asked: no message echoes its argument',
      '3 cases',
    ]);
    expect(outcome.code).toBe(0);
  });

  it('shows every case with its bytes and its answers with --trace', async () => {
    const lines = linesOf(await play([FAILING, PASSING, ECHO], '--trace'));
    expect(lines.slice(0, 3)).toEqual(FAILURE);
    expect(lines.slice(3, -6).map((line) => line.replaceAll(/[0-9a-f]{20,}/g, 'HEX'))).toEqual([
      '    send    HEX',
      '    expect  an AGENT-HELLO with a max-frame-size of 256 to 256, and nothing after it',
      '    > HEX',
      '    < HEX',
      '      AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 1000, capabilities: STRING "pipelining"',
      `${PASSING}  passes: an agent that is offered 1000 bytes does not ask for more`,
      '    send    HEX',
      '    expect  an AGENT-HELLO with a max-frame-size of 256 to 1000, and nothing after it',
      '    > HEX',
      '    < HEX',
      '      AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 1000, capabilities: STRING "pipelining"',
      `${ECHO}  not asked: NULL comes back as it was sent: null`,
      '    no message echoes its argument',
      '    hello   HEX',
      '    send    HEX',
      '    expect  ACK 1:1, and a connection that lives on',
      '    ',
    ]);
  });

  it('has a line of JSON for each case, and one for all', async () => {
    const start = performance.now();
    const outcome = await play([FAILING, PASSING], '--json');
    const entry = { class: 'must', source: 'SPOE.txt §3.2.5: lower or equal', isKnown: false };
    const milliseconds: unknown = expect.any(Number);
    const last = { passed: 1, failed: 1, known: 0, skipped: 0, stale: [] };
    expect(jsonOf(outcome)).toEqual([
      {
        ...entry,
        id: FAILING,
        title: 'an agent that is offered 256 bytes does not ask for more',
        result: 'fail',
        detail: DETAIL,
        milliseconds,
      },
      {
        ...entry,
        id: PASSING,
        title: 'an agent that is offered 1000 bytes does not ask for more',
        result: 'pass',
        milliseconds,
      },
      {
        ...last,
        target: expect.stringMatching(/^127\.0\.0\.1:\d+$/) as unknown,
        seconds: expect.any(Number) as unknown,
      },
    ]);
    const seconds = Number(/"seconds":([\d.]+)/.exec(outcome.stdout)?.[1]);
    expect(seconds).toBeGreaterThan(0);
    expect(seconds * 1000).toBeLessThanOrEqual(performance.now() - start + 1);
  });

  it('has bytes and answers in JSON with --trace', async () => {
    const [entry] = jsonOf(await play([FAILING], '--json', '--trace'));
    expect(entry).toMatchObject({
      id: FAILING,
      asked: [
        expect.stringMatching(/^send {4}0000007a01/) as unknown,
        'expect  an AGENT-HELLO with a max-frame-size of 256 to 256, and nothing after it',
      ],
      trace: [
        expect.stringMatching(/^> 0000007a01/) as unknown,
        expect.stringMatching(/^< 0000003f65/) as unknown,
        '  AGENT-HELLO version: STRING "2.0", max-frame-size: UINT32 1000, capabilities: STRING "pipelining"',
      ],
    });
  });

  it.each([
    ['tap', `TAP version 14\n1..2\nnot ok 1 - ${FAILING} an agent `],
    [
      'junit',
      '<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="spop conformance">\n  <testsuite name="must" ',
    ],
  ])('writes the report alone with --format %s', async (format, head) => {
    const { code, stdout, stderr } = await play([FAILING, PASSING], '--format', format);
    expect(stdout.slice(0, head.length)).toBe(head);
    expect(stdout).not.toContain(CLASSES);
    expect([code, stderr]).toEqual([1, '']);
  });

  it('tells of its progress', async () => {
    const progress = vi.spyOn(Output.prototype, 'progress');
    onTestFinished(() => progress.mockRestore());
    await play([FAILING, PASSING]);
    expect(progress.mock.calls).toEqual([['1 of 2 cases'], ['2 of 2 cases']]);
  });

  it('waits for an answer as long as it is told, or 2 seconds', async () => {
    const timers = vi.spyOn(globalThis, 'setTimeout');
    onTestFinished(() => timers.mockRestore());
    const waits = (): unknown[] => timers.mock.calls.map(([, milliseconds]) => milliseconds);
    await play([FAILING]);
    expect(waits()).toContain(2000);
    timers.mockClear();
    await play([FAILING], '--timeout', '7s');
    expect(waits()).toContain(7000);
    expect(waits()).not.toContain(2000);
  });

  it('plays 8 cases at a time, or as many as it is told', async () => {
    /** The most connections at once after the first, of an agent that answers none before there are `count`. */
    const mostOf = async (count: number, ...words: string[]): Promise<number> => {
      let [isFirst, isFull, most] = [true, false, 0];
      const waiting = new Set<Duplex>();
      const refuse = (stream: Duplex): void => {
        waiting.delete(stream);
        stream.end(agentDisconnect({ statusCode: 4 }).toBytes());
      };
      const target = await agentAt((_, stream) => {
        if (isFirst || isFull) refuse(stream);
        else waiting.add(stream);
        most = Math.max(most, waiting.size);
        if (waiting.size === count) {
          setTimeout(() => {
            isFull = true;
            for (const each of waiting) refuse(each);
          }, 20);
        }
        isFirst = false;
        return [];
      });
      await run(command, [target, '--run', 'spop/3.2.4/unknown-key-*', ...words]);
      return most;
    };
    expect(await mostOf(3, '--concurrency', '3')).toBe(3);
    expect(await mostOf(8)).toBe(8);
  });

  it.each([
    [['a:1', 'b:1'], 'expected nothing after "a:1"; found "b:1"'],
    [[], 'expected the address of an agent; found none'],
    [['a:1', '--concurrency', '101'], 'expected --concurrency to be a whole number from 1 to 100; found "101"'],
  ])('refuses %j', async (words, message) => {
    await expect(run(command, words)).rejects.toMatchObject({ name: 'UsageError', message });
  });
});

describe('spop conformance --known-failing', () => {
  it('does not fail for a case in the list, and counts it', async () => {
    const outcome = await play([FAILING], '--known-failing', await file(`# soon\n${FAILING}\n`));
    expect(linesOf(outcome)).toEqual([CLASSES, 'must     0       0       1              0', ...NONE, '1 case']);
    expect(outcome).toMatchObject({ code: 0, stderr: '' });
  });

  it('says that it is known, and not where from, with --trace', async () => {
    const lines = linesOf(await play([FAILING], '--trace', '--known-failing', await file(FAILING)));
    expect(lines.slice(0, 3)).toEqual([
      FAILURE[0]?.replace('FAILS', 'known to fail'),
      FAILURE[1],
      expect.stringMatching(/^ {4}send /),
    ]);
  });

  it('fails for a case in the list that passes', async () => {
    const known = await file(`${PASSING}\n${FAILING}\n${ECHO}`);
    const outcome = await play([FAILING, PASSING, ECHO], '--json', '--known-failing', known);
    const rest = { passed: 1, failed: 0, known: 1, skipped: 1 };
    expect(jsonOf(outcome).at(-1)).toMatchObject({ ...rest, stale: [PASSING] });
    expect(outcome).toMatchObject({
      code: 1,
      stderr: `warning: ${PASSING} is listed as known to fail, but passes: take it off the list\n`,
    });
  });

  it('refuses a list with an id that there is not, or that cannot be read', async () => {
    const known = await file(`${FAILING}\nspop/9/none\nspop/9/another\n`);
    await expect(run(command, [':1', '--known-failing', known])).rejects.toMatchObject({
      message: `${known} lists "spop/9/none", and there is no such case`,
      hint: 'spop conformance --list shows all cases',
    });
    await expect(run(command, [':1', '--known-failing', '/nowhere'])).rejects.toMatchObject({
      message: expect.stringMatching(/^could not read the file of --known-failing: /) as unknown,
    });
  });
});

describe('spop conformance --format html', () => {
  const lines = async (): Promise<string> => (await play([PASSING], '--json')).stdout;

  it('compares reports, named after their files', async () => {
    const [ours, theirs] = [await file(await lines(), 'ours.json'), await file(await lines(), 'v1.jsonl.txt')];
    const { code, stdout } = await run(command, ['--format', 'html', ours, theirs]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^<!doctype html>\n/);
    expect(stdout).toContain('<th>case</th><th>ours</th><th>v1.jsonl.txt</th></tr>');
    expect(stdout).toContain('<tr><th>must</th><td>1 of 1</td><td>1 of 1</td></tr>');
  });

  it('refuses to compare nothing, or what is no report', async () => {
    await expect(run(command, ['--format', 'html'])).rejects.toMatchObject({
      message: 'expected the files of reports; found none',
      hint: 'write them with spop conformance TARGET --json > agent.json',
    });
    const path = await file('{"id":1}\n');
    await expect(run(command, ['--format', 'html', path])).rejects.toMatchObject({
      message: `${path} is no report: expected lines of spop conformance --json; found none`,
      hint: 'write it with spop conformance TARGET --json',
    });
    await expect(run(command, ['--format', 'html', '/nowhere'])).rejects.toMatchObject({
      message: expect.stringMatching(/^could not read \/nowhere: /) as unknown,
      hint: 'check its path',
    });
  });
});
