/** A run as Markdown with its plots: what a reader needs to judge it, and what we lose as plainly as what we win. */
import { mkdirSync, writeFileSync } from 'node:fs';
import type { Sample } from '../load/rounds.ts';
import type { CaseVerdict } from './correctness.ts';
import { figureOf, human, table } from './figures.ts';
import { type Goal, goals } from './goals.ts';
import { plots } from './plots.ts';
import { losses, misses } from './reasons.ts';
import { type ByLane, NO_SPOE, type PeersRun } from './results.ts';

/** Writes benchmarks.md and benchmarks/*.svg to a folder. */
export async function writeReport(run: PeersRun, folder: string): Promise<void> {
  const made = await plots(run);
  mkdirSync(`${folder}benchmarks/`, { recursive: true });
  for (const { file, svg } of made) writeFileSync(`${folder}benchmarks/${file}`, svg);
  const has = (file: string): string[] =>
    made.some((plot) => plot.file === file) ? [`![${file.replace('.svg', '')}](benchmarks/${file})`, ''] : [];
  const lines = [
    ...introduction(run),
    ...goalSection(run),
    ...lossSection(run),
    ...correctnessSection(run),
    ...loadSection(run, has),
    ...memorySection(run),
    ...codecSection(run),
    ...haproxySection(run, has),
    ...caseMatrix(run),
  ];
  writeFileSync(`${folder}benchmarks.md`, `${lines.join('\n').trim()}\n`);
  process.stderr.write(`report: ${folder}benchmarks.md\n`);
}

function introduction(run: PeersRun): string[] {
  const { machine, versions } = run;
  return [
    '# Benchmarks',
    '',
    'Written by `pnpm run bench:peers --docs`; nothing here is edited by hand. The command builds every agent from its',
    'public registry at a pinned version, so that anyone can repeat it; toolchains that are missing are named and skipped.',
    '`pnpm run bench:load` compares our agent with the least that plain Node can do, and needs no toolchain.',
    '',
    `Machine: ${machine.cores} cores of ${machine.cpu}, ${machine.memoryMiB} MiB, ${machine.kernel} ${machine.arch}. ` +
      `${versions['go'] ?? ''}, ${versions['rust'] ?? ''}, ${versions['cc'] ?? ''}.`,
    '',
    ...table(
      ['section', 'measured', 'our commit', 'rounds', 'seconds each', 'load average before'],
      Object.entries(run.sections).map(([name, info]) => [
        name,
        info.startedAt.slice(0, 16).replace('T', ' '),
        `${info.commit}${info.dirty ? ', with changes' : ''}`,
        String(info.rounds),
        info.secondsPerSample === 0 ? '' : String(info.secondsPerSample),
        info.load.toFixed(1),
      ]),
      3,
    ),
    ...(loadBefore(run) > machine.cores / 2
      ? [
          '**The machine was busy with other work while this was measured.** Throughput and latencies swing by factors then, and so do their',
          'ratios; CPU times, memory, and right and wrong answers hold.',
          '',
        ]
      : []),
    'Figures are medians over interleaved rounds, in brackets what half of the rounds lie between. Absolute figures belong to this',
    'machine; on a quiet one, ratios carry over.',
    '',
    `All agents do the same two jobs. *Tiny*: \`check-client-ip\` with one IPv4 address, answered with \`sess.ip_score\` (36 bytes and the id).`,
    '*Eight arguments*: method, path, query, source, port, 600 bytes of headers, host and TLS (814 bytes), answered with a number that',
    `only who has read all eight can know. One load generator (${versions['generator'] ?? ''}) that none of them is written for sends them as`,
    'HAProxy 3.2 does, and checks the ids and the value of every ACK.',
    '',
    ...table(
      ['agent', 'language', 'version', 'notes'],
      run.lanes.map((lane) => [lane.name, lane.language, lane.version, lane.note ?? '']),
      4,
    ),
    ...(run.skipped.length === 0
      ? []
      : ['Not measured:', '', ...run.skipped.map(({ name, reason }) => `- ${name}: ${reason}`), '']),
  ];
}

function goalSection(run: PeersRun): string[] {
  const list = goals(run);
  if (list.length === 0) return [];
  const reached = list.filter((goal) => goal.reached).length;
  const row = (goal: Goal): string[] => [
    goal.what,
    goal.ours,
    goal.against,
    goal.reach,
    human(goal.ratio),
    goal.reached ? 'reached' : '**missed**',
  ];
  return [
    '## Goals',
    '',
    `Our figure divided by theirs in the same round. ${reached} of ${list.length} are reached. Where the other agent answered wrongly, there is no row.`,
    '',
    ...table(['figure', 'ours', 'against', 'goal', 'ratio', ''], list.map(row), 4),
    ...missedSection(list),
  ];
}

/** Why goals are missed, and what was done about it. */
function missedSection(list: readonly Goal[]): string[] {
  const missed = misses(list);
  if (missed.length === 0) return [];
  const rows = missed.map(({ figures, why, tried }) => [figures.join('; '), why, tried]);
  return ['### Missed, and what was tried', '', ...table(['figure', 'why', 'tried'], rows, 3)];
}

function lossSection(run: PeersRun): string[] {
  const list = losses(run);
  if (list.length === 0) return [];
  return [
    '## Where others are ahead',
    '',
    'Every figure in which an agent that answers rightly, or the machine’s limit, is more than 5 % ahead of ours on the newest Node.',
    '',
    ...table(
      ['figure', 'who', 'times ahead', 'why'],
      list.map((loss) => [loss.what, loss.who, human(loss.times), loss.why]),
      4,
    ),
  ];
}

function correctnessSection(run: PeersRun): string[] {
  const { correctness } = run;
  if (correctness === undefined) return [];
  const row = (name: string, verdicts: readonly CaseVerdict[]): string[] => {
    const asked = verdicts.filter((verdict) => verdict.result !== '-');
    const died = verdicts.filter((verdict) => verdict.detail?.includes('process ended')).length;
    return [
      name,
      `${asked.filter((verdict) => verdict.result === 'pass').length} of ${asked.length}`,
      String(verdicts.length - asked.length),
      String(died),
    ];
  };
  return [
    '## Right answers',
    '',
    'Protocol cases played by a black-box client, each with a second connection that must not notice; the list is at the end.',
    '',
    ...table(
      ['agent', 'passed', 'not asked (not announced)', 'ended the process'],
      Object.entries(correctness).map(([name, verdicts]) => row(name, verdicts)),
    ),
  ];
}

function cell(samples: readonly Sample[] | undefined, pick: (sample: Sample) => number, scale = 1): string {
  if (samples === undefined || samples.length === 0) return '';
  if (samples.some((sample) => sample.error !== '')) return 'fails';
  const figure = figureOf(samples.map((sample) => pick(sample) * scale));
  if (figure === undefined) return '';
  if (samples.length === 1) return human(figure.median);
  return `${human(figure.median)} (${human(figure.low)}–${human(figure.high)})`;
}

/** The highest load average that a run began with: what it had later comes from what was measured. */
function loadBefore({ sections }: PeersRun): number {
  const byStart = Object.values(sections).toSorted((a, b) => a.startedAt.localeCompare(b.startedAt));
  const first = byStart.filter((info, index) => byStart.findIndex(({ commit }) => commit === info.commit) === index);
  return Math.max(...first.map(({ load }) => load));
}

function errorsOf(load: Record<string, ByLane<Sample[]>>, tests: readonly string[]): string[] {
  const seen = new Set<string>();
  for (const test of tests) {
    for (const [lane, samples] of Object.entries(load[test] ?? {})) {
      const error = samples.find((sample) => sample.error !== '')?.error;
      if (error !== undefined) seen.add(`- ${lane} fails (${test}): ${error}`);
    }
  }
  return seen.size === 0 ? [] : [...seen, ''];
}

function loadSection(run: PeersRun, plot: (file: string) => string[]): string[] {
  const { load } = run;
  if (load === undefined) return [];
  const tests = Object.keys(load);
  const lanes = run.lanes.map((lane) => lane.name);
  const matrix = (
    names: readonly string[],
    titles: readonly string[],
    pick: (sample: Sample) => number,
    scale = 1,
  ): string[] =>
    table(
      ['agent', ...titles],
      lanes.map((lane) => [lane, ...names.map((name) => cell(load[name]?.[lane], pick, scale))]),
    );
  const piped = (cores: string): string[] =>
    tests.filter((test) => test.startsWith('pipelined') && test.endsWith(cores));
  const short = (test: string): string =>
    test.replace('pipelined, ', '').replace(', one core', '').replace(', all cores', '');
  const loops = tests.filter((test) => test.includes('in flight'));
  return [
    '## Pipelined',
    '',
    'As many NOTIFYs in flight as the agent takes. NOTIFYs per second with the agent on one core and the generator on another:',
    '',
    ...matrix(piped('one core'), piped('one core').map(short), (sample) => sample.perSecond),
    ...errorsOf(
      load,
      tests.filter((test) => test.startsWith('pipelined')),
    ),
    ...plot('pipelined.svg'),
    'NOTIFYs per second with all cores for agent and generator together (ours is one process and uses one):',
    '',
    ...matrix(piped('all cores'), piped('all cores').map(short), (sample) => sample.perSecond),
    'CPU seconds of the agent for a million NOTIFYs, on one core:',
    '',
    ...matrix(piped('one core'), piped('one core').map(short), (sample) => sample.cpuPerMillion),
    ...plot('cpu.svg'),
    '## Closed loop',
    '',
    'A fixed number in flight on one connection, agent and generator on one core: waking another core takes longer than most answers and',
    'would hide the rest. HAProxy itself keeps at most 20 in flight on a connection. p99 in microseconds:',
    '',
    ...matrix(loops, loops, (sample) => sample.p99),
    ...plot('latency.svg'),
    'p50 in microseconds:',
    '',
    ...matrix(loops, loops, (sample) => sample.p50),
    'p99.9 in microseconds:',
    '',
    ...matrix(loops, loops, (sample) => sample.p999),
    'NOTIFYs per second:',
    '',
    ...matrix(loops, loops, (sample) => sample.perSecond),
    'CPU seconds of the agent for a million NOTIFYs:',
    '',
    ...matrix(loops, loops, (sample) => sample.cpuPerMillion),
    ...errorsOf(load, loops),
  ];
}

function memorySection(run: PeersRun): string[] {
  const { memory } = run;
  if (memory === undefined) return [];
  const steps = Object.values(memory).reduce<number[]>(
    (most, list) => (list.length > most.length ? list.map((one) => one.notifies) : most),
    [],
  );
  return [
    '## Memory',
    '',
    'Resident MiB after so many NOTIFYs, on four connections with 20 in flight each (one where `pipelining` is not announced):',
    '',
    ...table(
      ['agent', ...steps.map((step) => human(step))],
      Object.entries(memory).map(([lane, list]) => [lane, ...steps.map((_, index) => human(list[index]?.residentMiB))]),
    ),
  ];
}

function codecSection(run: PeersRun): string[] {
  const { codec } = run;
  if (codec === undefined) return [];
  const names = ['decode tiny', 'decode realistic', 'encode'];
  return [
    '## Codecs in memory',
    '',
    'One payload decoded and its values read, one set-var encoded; each in its language’s own benchmark loop, without a socket. Nanoseconds of',
    'CPU time, the garbage collector’s included, and allocated bytes per operation. The Rust crate decodes whole frames, the others payloads, ours both.',
    '',
    ...table(
      ['agent', ...names.flatMap((name) => [`${name}, ns`, 'bytes'])],
      Object.entries(codec)
        .filter(([, figures]) => figures.length > 0)
        .map(([lane, figures]) => [
          lane,
          ...names.flatMap((name) => {
            const one = figures.find((figure) => figure.name === name);
            return one === undefined ? ['', ''] : [human(one.ns), human(one.bytes)];
          }),
        ]),
    ),
  ];
}

function haproxySection(run: PeersRun, plot: (file: string) => string[]): string[] {
  const { haproxy } = run;
  if (haproxy === undefined || Object.keys(haproxy).length === 0) return [];
  const lines = [
    '## Behind HAProxy',
    '',
    'wrk on 64 connections against HAProxy, which asks `check-client-ip` for every request; all three share the machine’s cores. `alone` is one',
    'request at a time. Added latency is what stands above HAProxy without SPOE. A failed request is an SPOE error or a wrong score.',
    '',
  ];
  for (const [release, byLane] of Object.entries(haproxy)) {
    const none = byLane[NO_SPOE] ?? [];
    const median = (lane: string, pick: (sample: (typeof none)[number]) => number): number =>
      figureOf((byLane[lane] ?? []).map(pick))?.median ?? Number.NaN;
    const added = (lane: string, pick: (sample: (typeof none)[number]) => number): string => {
      if (lane === NO_SPOE) return human(median(lane, pick));
      const difference = median(lane, pick) - median(NO_SPOE, pick);
      return difference < 0 ? `−${human(-difference)}` : `+${human(difference)}`;
    };
    lines.push(
      `### HAProxy ${release}`,
      '',
      ...table(
        [
          'agent',
          'requests per second',
          'p50, µs',
          'p99, µs',
          'alone p50, µs',
          'alone p99, µs',
          'agent CPU per request, µs',
          'HAProxy CPU per request, µs',
          'failed',
        ],
        Object.keys(byLane).map((lane) => [
          lane,
          human(median(lane, (one) => one.requestsPerSecond)),
          added(lane, (one) => one.p50),
          added(lane, (one) => one.p99),
          added(lane, (one) => one.aloneP50),
          added(lane, (one) => one.aloneP99),
          lane === NO_SPOE ? '' : human(median(lane, (one) => one.agentCpu)),
          human(median(lane, (one) => one.haproxyCpu)),
          String((byLane[lane] ?? []).reduce((sum, one) => sum + one.failed, 0)),
        ]),
      ),
    );
  }
  return [...lines, ...plot('haproxy.svg')];
}

function caseMatrix(run: PeersRun): string[] {
  const { correctness } = run;
  if (correctness === undefined) return [];
  const lanes = Object.keys(correctness);
  const names = (correctness[lanes[0] ?? ''] ?? []).map((verdict) => verdict.name);
  const mark = { pass: '✓', fail: '✗', '-': '–' } as const;
  const verdictOf = (lane: string, name: string): CaseVerdict | undefined =>
    correctness[lane]?.find((verdict) => verdict.name === name);
  return [
    '## Protocol cases',
    '',
    '✓ passed, ✗ failed, – not asked, because the agent does not announce what the case needs. `spop conformance --list` says what each asks.',
    '',
    ...table(
      ['case', ...lanes],
      names.map((name) => [name, ...lanes.map((lane) => mark[verdictOf(lane, name)?.result ?? '-'])]),
    ),
    '### What came instead',
    '',
    ...lanes.flatMap((lane) => {
      const failed = (correctness[lane] ?? []).filter((verdict) => verdict.result === 'fail');
      if (failed.length === 0) return [];
      return [
        `<details><summary>${lane}: ${failed.length}</summary>`,
        '',
        ...failed.map((verdict) => `- ${verdict.name}: ${verdict.detail ?? ''}`),
        '',
        '</details>',
        '',
      ];
    }),
  ];
}
