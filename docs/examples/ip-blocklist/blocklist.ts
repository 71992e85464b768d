/** The lists in force, which a separate thread keeps up to date. */
import { Worker } from 'node:worker_threads';
import type { LabelledValue, OwnMetric, OwnNumber } from '@spop/agent';
import { escapeText } from '@spop/codec';
import type { AddressWords } from '../shared/entry.ts';
import { messageOf } from '../shared/message-of.ts';
import { AddressSet } from './address-set.ts';
import type { SourceStatus } from './source.ts';
import type { WorkerMessage, WorkerTask } from './worker.ts';

/** Pause before a thread that has ended is started again. */
const RESTART_MS = 1_000;
/** A line of the log is cut to this number of characters. */
const MAX_LINE = 8_192;

/** All lists as one set of addresses. */
export class Blocklist {
  /** Settles when the first lists are in force. */
  readonly inForce: Promise<void>;
  readonly #task: WorkerTask;
  readonly #program: URL;
  readonly #putInForce: () => void;
  /** New lists replace the old ones in one assignment. */
  #set: AddressSet | undefined;
  /** Names of the sources whose lists are in force. */
  #names: readonly string[] = [];
  #sources: readonly SourceStatus[] = [];
  #swaps = 0;
  #worker: Worker;

  /** @param program the thread's program; for tests. */
  constructor(task: WorkerTask, program: URL = new URL('worker.ts', import.meta.url)) {
    this.#task = task;
    this.#program = program;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.inForce = promise;
    this.#putInForce = resolve;
    this.#worker = this.#startWorker();
  }

  /** Whether the list of every source is in force. */
  get isComplete(): boolean {
    return this.#names.length === this.#task.sources.length;
  }

  /** Whether the address is on a list. */
  has(address: AddressWords): boolean {
    return this.#set?.has(address) ?? false;
  }

  /** Reads all sources now. */
  refresh(): void {
    this.#worker.postMessage('refresh');
  }

  /** The state of the sources. */
  toMetrics(): readonly OwnMetric[] {
    const each = (valueOf: (source: SourceStatus) => number): readonly LabelledValue[] =>
      this.#sources.map((source) => ({ labels: { source: source.name }, value: valueOf(source) }));
    const age = ({ goodAt }: SourceStatus): number => (goodAt === undefined ? -1 : (Date.now() - goodAt) / 1_000);
    const metric = (type: OwnNumber['type'], name: string, help: string, value: OwnNumber['value']): OwnMetric => ({
      name: `blocklist_${name}`,
      type,
      help,
      value,
    });
    return [
      metric('counter', 'swaps', 'Times that new lists were put in force.', this.#swaps),
      metric(
        'gauge',
        'entries',
        'Entries in the list of a source.',
        each(({ entries }) => entries),
      ),
      metric(
        'gauge',
        'bad_lines',
        'Lines that were skipped, of a list in force.',
        each(({ badLines }) => badLines),
      ),
      metric(
        'gauge',
        'age_seconds',
        'Time since a list was read, or found to be the same; -1 if there is none.',
        each(age),
      ),
      metric(
        'counter',
        'source_failures',
        'Times that a source gave no list.',
        each(({ failures }) => failures),
      ),
    ];
  }

  /** Ends the thread; the lists stay in force. */
  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#program, {
      workerData: { ...this.#task, inForce: this.#names } satisfies WorkerTask,
    });
    worker.on('message', (message: WorkerMessage) => this.#hear(message));
    worker.on('error', (error) => {
      console.error(`the thread that reads lists has failed, and is started again: ${messageOf(error)}`);
      setTimeout(() => (this.#worker = this.#startWorker()), RESTART_MS);
    });
    return worker;
  }

  #hear(message: WorkerMessage): void {
    switch (message.type) {
      case 'log':
        // Lists are foreign text: it must not end a line of the log, or move a terminal's cursor.
        console.error(escapeText(message.line, MAX_LINE));
        return;
      case 'status':
        this.#sources = message.sources;
        return;
      case 'lists':
        this.#set = new AddressSet(message.tables);
        this.#names = message.names;
        this.#swaps++;
        console.log(`in force      ${this.#sources.map(describe).join('; ')}`);
        this.#putInForce();
    }
  }
}

function describe({ name, entries, goodAt }: SourceStatus): string {
  return goodAt === undefined ? `${name}: no list yet` : `${name}: ${entries.toLocaleString('en')} entries`;
}
