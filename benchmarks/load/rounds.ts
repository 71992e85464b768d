/**
 * Loads several agents with several kinds of load. In each round all agents are measured under the same load, one after
 * the other, so that what slows down the machine for a while slows down all of them.
 */
import { AgentProcess, type AgentCommand } from './agent-process.ts';
import type { LoadTool } from './load-tool.ts';
import type { TrafficKind } from './traffic.ts';

/**
 * Where the processes run. `one`: the agent on core 0, the generator on core 1. `same`: both on core 0, so that latencies
 * do not contain the time that it takes to wake another core. `all`: wherever the kernel puts them.
 */
export type Cores = 'one' | 'same' | 'all';

/** One kind of load. */
export interface LoadTest {
  readonly name: string;
  readonly kind: TrafficKind;
  readonly connections: number;
  /** NOTIFYs in flight on each connection; 0 for as many as the agent takes. */
  readonly window: number;
  readonly cores: Cores;
}

/** As many NOTIFYs in flight on each connection as the agent takes. */
export function pipelined(kind: TrafficKind, connections: number, cores: Cores): LoadTest {
  const place = cores === 'all' ? 'all cores' : 'one core';
  const name = `pipelined, ${kind}, ${connections} connection${connections === 1 ? '' : 's'}, ${place}`;
  return { name, kind, connections, window: 0, cores };
}

/** `window` NOTIFYs in flight on each connection. Agent and generator share a core, or have one each. */
export function closedLoop(
  window: number,
  kind: TrafficKind = 'tiny',
  connections: number = 1,
  cores: 'same' | 'one' = 'same',
): LoadTest {
  const times = connections === 1 ? '' : `${connections} × `;
  const place = cores === 'same' ? '' : ', a core each';
  return { name: `${times}${window} in flight, ${kind}${place}`, kind, connections, window, cores };
}

/** An agent under load. */
export interface Lane {
  readonly name: string;
  readonly command: AgentCommand;
}

/** One agent under one load in one round; latencies in microseconds. */
export interface Sample {
  readonly perSecond: number;
  /** CPU time of the agent in seconds for a million NOTIFYs. */
  readonly cpuPerMillion: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
}

/** The samples of one subject, one for each round, up to the first error. */
export interface Samples<S> {
  readonly list: S[];
  error?: string;
}

/** Measures every subject once in each round. A subject is not measured again after an error. */
export async function takeTurns<Subject, S>(
  subjects: readonly Subject[],
  rounds: number,
  measure: (subject: Subject, round: string) => Promise<S>,
): Promise<Map<Subject, Samples<S>>> {
  const samples = new Map(subjects.map((subject): [Subject, Samples<S>] => [subject, { list: [] }]));
  for (let round = 0; round < rounds; round++) {
    // Every other round is in reverse order, so that no subject is always first.
    for (const subject of round % 2 === 0 ? subjects : subjects.toReversed()) {
      const found = samples.get(subject)!;
      if (found.error !== undefined) continue;
      try {
        found.list.push(await measure(subject, `round ${round + 1} of ${rounds}`));
      } catch (error) {
        found.error = error instanceof Error ? error.message.trim().split('\n').at(-1)! : String(error);
      }
    }
  }
  return samples;
}

/** The length of each load, and its repetitions. */
export interface RoundOptions {
  readonly tool: LoadTool;
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

const AGENT_CORE = '0';
const GENERATOR_CORE = '1';

class Runner {
  readonly #options: RoundOptions;
  readonly #agents = new Map<string, AgentProcess>();

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** @throws {Error} that says what is wrong with the answers. */
  async measure(lane: Lane, { cores, kind, connections, window }: LoadTest): Promise<Sample> {
    const { seconds, tool } = this.#options;
    const agent = await this.#agent(lane, cores);
    const before = agent.cpuSeconds();
    const pin = cores === 'all' ? {} : { cores: cores === 'one' ? GENERATOR_CORE : AGENT_CORE };
    const load = { port: agent.port, kind, connections, window, seconds, warm: seconds / 4, ...pin };
    const { acked, firstError, ...figures } = await tool.run(load);
    if (!agent.alive) throw new Error(`the agent's process ended (${firstError})`);
    if (firstError === '') return { ...figures, cpuPerMillion: ((agent.cpuSeconds() - before) / acked) * 1e6 };
    // After wrong answers its state is in doubt: the next load gets a new process.
    await agent.stop();
    throw new Error(firstError);
  }

  /** The lane's process for these cores. It is started and warmed up if there is none, or if it has ended. */
  async #agent(lane: Lane, cores: Cores): Promise<AgentProcess> {
    const key = `${lane.name} ${cores === 'all'}`;
    const known = this.#agents.get(key);
    if (known?.alive) return known;
    const start = (): Promise<AgentProcess> =>
      AgentProcess.start(lane.command, cores === 'all' ? undefined : AGENT_CORE);
    let agent = await start();
    if (!(await this.#warm(agent, cores, 0))) {
      // An agent that cannot be pipelined has ended by now, or mixes up its answers: a new process gets one NOTIFY at a time.
      await agent.stop();
      agent = await start();
      await this.#warm(agent, cores, 1);
    }
    this.#agents.set(key, agent);
    return agent;
  }

  /** Whether the agent answers rightly. */
  async #warm(agent: AgentProcess, cores: Cores, window: number): Promise<boolean> {
    const { tool } = this.#options;
    const load = { port: agent.port, warm: 0, ...(cores === 'all' ? {} : { cores: GENERATOR_CORE }) };
    try {
      for (const kind of ['tiny', 'realistic'] as const) {
        const first = await tool.run({ ...load, kind, window, seconds: 0.8 });
        const second = await tool.run({ ...load, kind, window: window === 0 ? 20 : 1, seconds: 0.3 });
        if (first.firstError + second.firstError !== '' || !agent.alive) return false;
      }
    } catch {
      return false;
    }
    return true;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
  }
}

/** Runs all tests on all lanes. @returns the samples by name of the test, then of the lane. */
export async function measureRounds(
  lanes: readonly Lane[],
  tests: readonly LoadTest[],
  options: RoundOptions,
): Promise<Map<string, Map<string, Samples<Sample>>>> {
  const runner = new Runner(options);
  const subjects = tests.flatMap((test) => lanes.map((lane) => ({ test, lane })));
  try {
    const found = await takeTurns(subjects, options.rounds, ({ test, lane }, round) => {
      options.progress(`${round}, ${test.name}: ${lane.name}`);
      return runner.measure(lane, test);
    });
    const byTest = new Map(tests.map(({ name }) => [name, new Map<string, Samples<Sample>>()]));
    for (const [{ test, lane }, samples] of found) byTest.get(test.name)?.set(lane.name, samples);
    return byTest;
  } finally {
    await runner.stop();
  }
}
