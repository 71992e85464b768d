/** A HAProxy as a process of its own: configured, started, waited for, and stopped by its id; it ends with this process. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import type { NetConnectOpts } from 'node:net';
import { tmpdir } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { accepts } from '../../packages/agent/test/haproxy/accepts.ts';
import { cpuSecondsOf } from './agent-process.ts';
import type { HaproxyProgram } from './haproxies.ts';

const READY_TIMEOUT_MS = 5_000;

/** The texts of haproxy.cfg and spoe.conf. Both may say "${RUN_DIR}", in double quotes, for the folder they are in. */
export interface HaproxyFiles {
  readonly haproxy: string;
  readonly spoe: string;
}

const running = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A new folder with both files, the caller's to remove. */
export function makeRunFolder({ haproxy, spoe }: HaproxyFiles): string {
  const folder = mkdtempSync(`${tmpdir()}/spop-haproxy-`);
  writeFileSync(`${folder}/haproxy.cfg`, haproxy);
  writeFileSync(`${folder}/spoe.conf`, spoe);
  return folder;
}

export class HaproxyProcess {
  readonly #child: ChildProcess;
  readonly #version: string;
  #stderr = '';

  /** Starts it with the files of a folder from {@link makeRunFolder}. */
  constructor({ program, version }: HaproxyProgram, folder: string) {
    this.#version = version;
    const child = spawn(program, ['-db', '-f', `${folder}/haproxy.cfg`], {
      env: { ...process.env, RUN_DIR: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    this.#child = child;
    running.add(child);
    child.once('exit', () => running.delete(child));
    child.stderr.on('data', (chunk: Buffer) => (this.#stderr = (this.#stderr + chunk.toString('latin1')).slice(-4096)));
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Waits until it accepts connections there. */
  async ready(target: NetConnectOpts): Promise<void> {
    for (const startedAt = performance.now(); performance.now() - startedAt < READY_TIMEOUT_MS; await sleep(20)) {
      if (!this.isAlive) throw new Error(`HAProxy ${this.#version} ended: ${this.#stderr}`);
      if (await accepts(target)) return;
    }
    throw new Error(`HAProxy ${this.#version} does not accept: ${this.#stderr}`);
  }

  cpuSeconds(): number {
    return cpuSecondsOf(this.#child.pid);
  }

  /** Lets it answer what it was asked (SIGUSR1), for so long at most. */
  stopSoftly(graceMs: number): void {
    this.#child.kill('SIGUSR1');
    setTimeout(() => this.#child.kill('SIGKILL'), graceMs).unref();
  }

  async stop(): Promise<void> {
    if (!this.isAlive) return;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}
