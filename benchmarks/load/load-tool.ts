/**
 * The generator as a process: the C one where there is a compiler, because it loads an agent several times as hard as
 * Node can; else the one in TypeScript. Both take the same options and print the same line of JSON.
 */
import { execFile, execFileSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { plainJsFlags } from '../harness/plain-js.ts';
import { type AgentCommand, pinned } from './agent-process.ts';
import type { LoadResult } from './generator.ts';
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

const SOURCES = fileURLToPath(new URL('../peers/c/', import.meta.url));
export const BUILD: string = fileURLToPath(new URL('../peers/build/', import.meta.url));
const GENERATOR = fileURLToPath(new URL('generator.ts', import.meta.url));

export class LoadTool {
  /** `C` or `Node`. */
  readonly name: 'C' | 'Node';
  readonly #traffic: Readonly<Record<TrafficKind, string>>;

  constructor(name?: 'C' | 'Node') {
    mkdirSync(BUILD, { recursive: true });
    this.#traffic = { tiny: `${BUILD}tiny.traffic`, realistic: `${BUILD}realistic.traffic` };
    writeTraffic(this.#traffic.tiny, 'tiny');
    writeTraffic(this.#traffic.realistic, 'realistic');
    this.name = name ?? (compileC('generator') === undefined ? 'Node' : 'C');
  }

  /** Where the payloads are, for programs that read them too. */
  trafficFile(kind: TrafficKind): string {
    return this.#traffic[kind];
  }

  async run(request: LoadRequest): Promise<LoadResult> {
    const { program, args } = pinned(this.#command(request), request.cores);
    const patience = ((request.seconds ?? 3) + (request.warm ?? 0.5) + 10) * 1000;
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

  #command(request: LoadRequest): AgentCommand {
    const { port, kind, connections = 1, window = 0, seconds = 3, warm = 0.5, count = 0 } = request;
    const numbers = { port, connections, window, seconds, warm, count };
    const args = Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]);
    if (this.name === 'C') return { program: `${BUILD}generator`, args: [...args, '--traffic', this.#traffic[kind]] };
    return { program: process.execPath, args: [...plainJsFlags(), GENERATOR, ...args, '--kind', kind] };
  }
}

/** Compiles a program of benchmarks/peers/c; its path, or undefined where there is no C compiler. */
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
