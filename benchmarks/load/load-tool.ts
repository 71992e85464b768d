/** The load generator, a program in C that is compiled here. It sends several times as fast as one in Node could. */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { pinned } from './agent-process.ts';
import { type TrafficKind, writeTraffic } from './traffic.ts';

/** One load. */
export interface LoadRequest {
  readonly port: number;
  readonly kind: TrafficKind;
  readonly connections?: number;
  /** NOTIFYs in flight on each connection; 0, the default, is as many as the agent takes. */
  readonly window?: number;
  readonly seconds?: number;
  readonly warm?: number;
  /** NOTIFYs in all; 0, the default, is as many as fit the time. */
  readonly count?: number;
  /** Cores to run on, as `taskset -c` takes them. */
  readonly cores?: string;
}

/** The result of one load, as the generator prints it. Latencies are in microseconds. */
export interface LoadResult {
  readonly acked: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  /** The first fault of the agent's answers, or empty. */
  readonly firstError: string;
}

const SOURCE = fileURLToPath(new URL('../peers/c/generator.c', import.meta.url));
/** The folder for built programs; git ignores it. */
export const BUILD: string = fileURLToPath(new URL('../peers/build/', import.meta.url));

/** The compiled generator, with the traffic that it sends. */
export class LoadTool {
  readonly #program: string = `${BUILD}generator`;
  readonly #traffic: Readonly<Record<TrafficKind, string>>;

  /** @throws {Error} if there is no C compiler. */
  constructor() {
    mkdirSync(BUILD, { recursive: true });
    execFileSync('cc', ['-O2', '-o', this.#program, SOURCE], { stdio: ['ignore', 'ignore', 'inherit'] });
    this.#traffic = { tiny: `${BUILD}tiny.traffic`, realistic: `${BUILD}realistic.traffic` };
    writeTraffic(this.#traffic.tiny, 'tiny');
    writeTraffic(this.#traffic.realistic, 'realistic');
  }

  /** Loads an agent and waits for the result. */
  async run(request: LoadRequest): Promise<LoadResult> {
    const { port, kind, connections = 1, window = 0, seconds = 3, warm = 0.5, count = 0 } = request;
    const numbers = [port, connections, window, seconds, warm, count];
    const command = { program: this.#program, args: [this.#traffic[kind], ...numbers.map(String)] };
    const { program, args } = pinned(command, request.cores);
    const patience = (seconds + warm + 10) * 1000;
    const { stdout } = await promisify(execFile)(program, args, { timeout: patience });
    return JSON.parse(stdout) as LoadResult;
  }
}
