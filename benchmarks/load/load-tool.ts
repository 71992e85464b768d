/** The load generator, a program in C that is compiled here: it loads an agent several times as hard as Node could. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pinned } from './agent-process.ts';
import { type TrafficKind, writeTraffic } from './traffic.ts';

export interface LoadRequest {
  readonly port: number;
  readonly kind: TrafficKind;
  readonly connections?: number;
  /** NOTIFYs in flight on each connection; 0, the default, for as many as the agent takes. */
  readonly window?: number;
  readonly seconds?: number;
  readonly warm?: number;
  /** NOTIFYs in all; 0, the default, to go by time. */
  readonly count?: number;
  /** Cores to run on, as `taskset -c` takes them. */
  readonly cores?: string;
}

/** What one load saw, as the generator prints it. Latencies are in microseconds. */
export interface LoadResult {
  readonly sent: number;
  readonly acked: number;
  readonly seconds: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The agent announced `pipelining`. */
  readonly pipelining: boolean;
  readonly errors: number;
  readonly missing: number;
  readonly firstError: string;
}

const SOURCES = fileURLToPath(new URL('../peers/c/', import.meta.url));
export const BUILD: string = fileURLToPath(new URL('../peers/build/', import.meta.url));

export class LoadTool {
  readonly #program: string;
  readonly #traffic: Readonly<Record<TrafficKind, string>>;

  /** @throws {Error} if there is no C compiler. */
  constructor() {
    const program = compileC('generator');
    if (program === undefined) throw new Error('expected a C compiler to build the load generator with; found no cc');
    this.#program = program;
    this.#traffic = { tiny: `${BUILD}tiny.traffic`, realistic: `${BUILD}realistic.traffic` };
    writeTraffic(this.#traffic.tiny, 'tiny');
    writeTraffic(this.#traffic.realistic, 'realistic');
  }

  /** Where the payloads are, for programs that read them too. */
  trafficFile(kind: TrafficKind): string {
    return this.#traffic[kind];
  }

  async run(request: LoadRequest): Promise<LoadResult> {
    const { port, kind, connections = 1, window = 0, seconds = 3, warm = 0.5, count = 0 } = request;
    const numbers = { port, connections, window, seconds, warm, count };
    const options = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const command = { program: this.#program, args: [...options, '--traffic', this.#traffic[kind]] };
    const { program, args } = pinned(command, request.cores);
    const patience = (seconds + warm + 10) * 1000;
    const { stdout } = await promisify(execFile)(program, args, { timeout: patience }).catch((error: unknown) => {
      // An agent that answers wrongly makes the generator say so and exit with 1.
      if (typeof error === 'object' && error !== null && 'stdout' in error && String(error.stdout).startsWith('{')) {
        return { stdout: String(error.stdout) };
      }
      if (typeof error === 'object' && error !== null && 'stderr' in error)
        throw new Error(String(error.stderr).trim(), { cause: error });
      throw error;
    });
    return JSON.parse(stdout) as LoadResult;
  }
}

/** Compiles a program of benchmarks/peers/c; its path, or undefined without a C compiler. */
export function compileC(name: string): string | undefined {
  mkdirSync(BUILD, { recursive: true });
  const program = `${BUILD}${name}`;
  try {
    execFileSync('cc', ['-O2', '-o', program, `${SOURCES}${name}.c`], { stdio: ['ignore', 'ignore', 'inherit'] });
    return program;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}
