/**
 * Loads several agents with several kinds of load. In each round all agents are measured under the same load, one after
 * the other, so that what slows down the machine for a while slows down all of them.
 */
import { AgentProcess, type AgentCommand } from './agent-process.ts';
import type { LoadResult, LoadTool } from './load-tool.ts';
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
  /** Why the answers are wrong, or empty. */
  readonly error: string;
}

/** Samples by name of the test, then of the lane; one per round. */
export type Samples = Map<string, Map<string, Sample[]>>;

/** How long each load lasts, and how often it is repeated. */
export interface RoundOptions {
  readonly tool: LoadTool;
  readonly rounds: number;
  readonly seconds: number;
  readonly progress: (text: string) => void;
}

const AGENT_CORE = '0';
const GENERATOR_CORE = '1';

const NOTHING: Sample = { perSecond: 0, cpuPerMillion: 0, p50: 0, p99: 0, p999: 0, error: '' };

class Runner {
  readonly #options: RoundOptions;
  readonly #agents = new Map<string, AgentProcess>();

  constructor(options: RoundOptions) {
    this.#options = options;
  }

  /** The lane's process for these cores. It is started and warmed up if there is none, or if it has ended. */
  async agent(lane: Lane, cores: Cores): Promise<AgentProcess> {
    const key = `${lane.name} ${cores === 'all'}`;
    const known = this.#agents.get(key);
    if (known?.alive) return known;
    let agent = await AgentProcess.start(lane.command, cores === 'all' ? undefined : AGENT_CORE);
    if (!(await this.#warm(agent, cores, 0))) {
      // An agent that cannot be pipelined has ended by now, or mixes up its answers: a new process gets one NOTIFY at a time.
      await agent.stop();
      agent = await AgentProcess.start(lane.command, cores === 'all' ? undefined : AGENT_CORE);
      await this.#warm(agent, cores, 1);
    }
    this.#agents.set(key, agent);
    return agent;
  }

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

  async measure(lane: Lane, test: LoadTest): Promise<Sample> {
    const agent = await this.agent(lane, test.cores);
    const { kind, connections, window } = test;
    const { seconds, tool } = this.#options;
    const before = agent.cpuSeconds();
    const pin = test.cores === 'all' ? {} : { cores: test.cores === 'one' ? GENERATOR_CORE : AGENT_CORE };
    const load = { port: agent.port, kind, connections, window, seconds, warm: seconds / 4, ...pin };
    let result: LoadResult;
    try {
      result = await tool.run(load);
    } catch (error) {
      return {
        ...NOTHING,
        error: error instanceof Error ? (error.message.trim().split('\n').at(-1) ?? '') : String(error),
      };
    }
    const cpuPerMillion = ((agent.cpuSeconds() - before) / result.acked) * 1e6;
    const { alive } = agent;
    // After wrong answers its state is in doubt: the next load gets a new process.
    if (result.firstError !== '') await agent.stop();
    return sample(result, cpuPerMillion, alive);
  }

  async stop(): Promise<void> {
    await Promise.all([...this.#agents.values()].map((agent) => agent.stop()));
  }
}

function sample(result: LoadResult, cpuPerMillion: number, alive: boolean): Sample {
  const { perSecond, p50, p99, p999, firstError } = result;
  const error = alive ? firstError : `the agent's process ended (${firstError})`;
  return { perSecond, cpuPerMillion, p50, p99, p999, error };
}

/** Runs all tests on all lanes. A lane that answers wrongly in a test is not asked again in that test. */
export async function measureRounds(
  lanes: readonly Lane[],
  tests: readonly LoadTest[],
  options: RoundOptions,
): Promise<Samples> {
  const samples: Samples = new Map(tests.map((test) => [test.name, new Map(lanes.map((lane) => [lane.name, []]))]));
  const runner = new Runner(options);
  try {
    for (let round = 0; round < options.rounds; round++) {
      for (const test of tests) {
        // Every other round is in reverse order, so that no lane is always first.
        for (const lane of round % 2 === 0 ? lanes : lanes.toReversed()) {
          const list = samples.get(test.name)?.get(lane.name) ?? [];
          if (list.some((one) => one.error !== '')) continue;
          options.progress(`round ${round + 1} of ${options.rounds}, ${test.name}: ${lane.name}`);
          list.push(await runner.measure(lane, test));
        }
      }
    }
  } finally {
    await runner.stop();
  }
  return samples;
}
