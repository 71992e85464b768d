import { createHash } from 'node:crypto';
import { appendFileSync, existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What mutate.ts tells the process that runs the tests. */
export interface Plan {
  readonly journal: string;
  /** Of the mutants, those whose number leaves this remainder, divided by the number of processes. */
  readonly part: number;
  readonly parts: number;
  readonly round: number;
  /** Tests that take more processor time have no turn in this round. */
  readonly cpuMs: number;
  /** Nor have mutants that so many tests of the same file did not notice, but for tests of the mutant's folder. */
  readonly tests: number;
  /** The folder of each mutant below `src`. */
  readonly folders: readonly string[];
  /** Mutants that tests have noticed in earlier runs. */
  readonly noticed: readonly number[];
}

export type Entry =
  | readonly ['static' | 'covered', readonly number[]]
  | readonly ['process', id: number]
  | readonly ['try', mutant: number, test: string, limitMs: number]
  | readonly ['failed' | 'retry', mutant: number, test: string]
  | readonly ['killed', mutants: readonly number[], test: string]
  | readonly ['unusable' | 'disturbed', test: string, reason: string]
  | readonly ['done' | 'file', name: string, round: number];

/** Names a file of tests as it is now: when it changes, its tests run anew. */
export function fileKey(folder: string, file: string): string {
  const digest = createHash('sha256').update(readFileSync(join(folder, file)));
  return `${file} ${digest.digest('base64url').slice(0, 8)}`;
}

/** What is known of the mutants of a package, one line for each step: a run that was stopped goes on after the last. */
export class Journal {
  readonly #path: string;
  /** Reached while modules are loaded: such code has run before a mutant can be active. */
  readonly static: Set<number> = new Set<number>();
  readonly covered: Set<number> = new Set<number>();
  readonly killed: Map<number, string> = new Map<number, string>();
  readonly unusable: Map<string, string> = new Map<string, string>();
  /** How often a mutant was tried with a file of tests. */
  readonly #tries = new Map<string, number>();
  readonly #tried = new Set<string>();
  readonly #again = new Set<string>();
  readonly #done = new Map<string, number>();
  /** The process that runs the tests. */
  process: number | undefined;
  last: Entry | undefined;
  /** The number of lines. */
  size: number = 0;

  /** Reads what is in these files; `write` adds to the first. */
  constructor(...paths: [string, ...string[]]) {
    [this.#path] = paths;
    for (const path of paths) {
      if (!existsSync(path)) continue;
      // Written by write(); a line that was cut off by a kill is the last one.
      for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) this.#add(JSON.parse(line) as Entry);
    }
  }

  #add(entry: Entry): void {
    this.last = entry;
    this.size++;
    switch (entry[0]) {
      case 'static':
      case 'covered':
        for (const mutant of entry[1]) this[entry[0]].add(mutant);
        break;
      case 'process':
        this.process = entry[1];
        break;
      case 'try':
        this.#tried.add(`${entry[1]} ${entry[2]}`);
        this.#tries.set(withFile(entry[1], entry[2]), (this.#tries.get(withFile(entry[1], entry[2])) ?? 0) + 1);
        break;
      case 'killed':
        for (const mutant of entry[1]) this.killed.set(mutant, entry[2]);
        break;
      case 'failed':
      case 'retry':
        this.#tried.delete(`${entry[1]} ${entry[2]}`);
        this.#again.add(`${entry[1]} ${entry[2]}`);
        break;
      case 'unusable':
        this.unusable.set(entry[1], entry[2]);
        break;
      case 'done':
      case 'file':
        this.#done.set(entry[1], entry[2]);
    }
  }

  write(entry: Entry): void {
    this.#add(entry);
    appendFileSync(this.#path, `${JSON.stringify(entry)}\n`);
  }

  /** Notes those that are new. */
  reached(kind: 'static' | 'covered', mutants: readonly number[]): void {
    const added = mutants.filter((mutant) => !this[kind].has(mutant));
    if (added.length > 0) this.write([kind, added]);
  }

  /** Whether a test, or a file of tests, has had its turn in this round. */
  isDone(name: string, round: number): boolean {
    return (this.#done.get(name) ?? 0) >= round;
  }

  /** Those to run with a test. */
  open(mutants: readonly number[], test: string, { tests, folders, part, parts }: Plan): number[] {
    const [, folder = ''] = /^packages\/\w+\/test\/(?:([^ ]+)\/)?[^/ ]+ /.exec(test) ?? [];
    const isOfFolder = (mutant: number): boolean => `${folders[mutant] ?? ''}/`.startsWith(`${folder}/`);
    const open = mutants.filter(
      (mutant) =>
        mutant % parts === part &&
        !this.killed.has(mutant) &&
        !this.#tried.has(`${mutant} ${test}`) &&
        ((this.#tries.get(withFile(mutant, test)) ?? 0) < tests || isOfFolder(mutant)),
    );
    return open.toSorted((a, b) => Number(this.isAgain(b, test)) - Number(this.isAgain(a, test)));
  }

  /** Whether a test has failed with a mutant, and it is not certain that the mutant was why. */
  isAgain(mutant: number, test: string): boolean {
    return this.#again.has(`${mutant} ${test}`);
  }
}

function withFile(mutant: number, test: string): string {
  return `${mutant} ${test.slice(0, test.indexOf(' '))}`;
}
