/** The lists in force, which a thread of its own keeps up to date. */
import { Worker } from 'node:worker_threads';
import type { OwnMetric } from '@spop/agent';
import { AddressSet, type AddressWords } from './address-set.ts';
import type { SourceStatus } from './source.ts';
import type { WorkerMessage, WorkerTask } from './worker.ts';

/** All lists as one set of addresses. */
export class Blocklist {
  /** Settles when the first list is in force. */
  readonly inForce: Promise<void>;
  /** In one assignment the new lists take the place of those of before. */
  #set: AddressSet | undefined;
  #sources: readonly SourceStatus[] = [];
  #swaps = 0;
  readonly #worker: Worker;

  constructor(task: WorkerTask) {
    this.#worker = new Worker(new URL('worker.ts', import.meta.url), { workerData: task });
    this.inForce = new Promise((resolve, reject) => {
      this.#worker.on('error', reject);
      this.#worker.on('message', (message: WorkerMessage) => {
        if (message.type === 'log') console.error(message.line);
        else if (message.type === 'status') this.#sources = message.sources;
        else {
          this.#set = new AddressSet(message.tables);
          this.#swaps++;
          console.log(`in force: ${message.names.join(', ')}`);
          resolve();
        }
      });
    });
  }

  /** Whether the address is on a list. */
  has(address: AddressWords): boolean {
    return this.#set?.has(address) ?? false;
  }

  /** Reads all sources now. */
  refresh(): void {
    this.#worker.postMessage('refresh');
  }

  /** How the sources stand. */
  toMetrics(): readonly OwnMetric[] {
    const each = (valueOf: (source: SourceStatus) => number): OwnMetric['value'] =>
      this.#sources.map((source) => ({ labels: { source: source.name }, value: valueOf(source) }));
    return [
      { name: 'blocklist_swaps', type: 'counter', help: 'Times that new lists were put in force.', value: this.#swaps },
      { name: 'blocklist_entries', type: 'gauge', help: 'Entries of a source.', value: each(({ entries }) => entries) },
      {
        name: 'blocklist_bad_lines',
        type: 'gauge',
        help: 'Bad lines of a source, skipped.',
        value: each((s) => s.badLines),
      },
      {
        name: 'blocklist_age_seconds',
        type: 'gauge',
        help: 'How long ago the list of a source was read, or found to be the same; NaN where there is none.',
        value: each(({ goodAt = Number.NaN }) => (Date.now() - goodAt) / 1_000),
      },
      {
        name: 'blocklist_source_failures',
        type: 'counter',
        help: 'Times that a source could not be read, or had no entry.',
        value: each(({ failures }) => failures),
      },
    ];
  }
}
