/** The decisions in force, which a separate thread keeps up to date. */
import { Worker } from 'node:worker_threads';
import { escapeText } from '@spop/codec';
import type { AddressWords } from '../shared/entry.ts';
import { messageOf } from '../shared/message-of.ts';
import { DecisionTable } from './decision-table.ts';
import type { WorkerMessage, WorkerTask } from './decision-worker.ts';
import type { Held } from './held-slots.ts';

/** Pause before a thread that has ended is started again. */
const RESTART_MS = 1_000;
/** A line of the log is cut to this number of characters. */
const MAX_LINE = 1_024;

/** The decisions of an API. */
export class Decisions {
  /** Settles when there are decisions for the first time. */
  readonly known: Promise<void>;
  readonly #task: WorkerTask;
  readonly #program: URL;
  readonly #makeKnown: () => void;
  #isKnown = false;
  /** A complete new table replaces the old one in one assignment. */
  #table = new DecisionTable();
  /** The table that the parts of a poll are added to, and the start of their durations. */
  #next = this.#table;
  #receivedAt = 0;
  #polledAt = -Infinity;
  #polls = 0;
  #failures = 0;
  #worker: Worker;

  /** @param program the thread's program; for tests. */
  constructor(task: WorkerTask, program: URL = new URL('decision-worker.ts', import.meta.url)) {
    this.#task = task;
    this.#program = program;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.known = promise;
    this.#makeKnown = resolve;
    this.#worker = this.#startWorker();
  }

  /** Whether the API has answered yet. */
  get isKnown(): boolean {
    return this.#isKnown;
  }

  /** The number of questions to the API, of failures, and the age of its last answer: Infinity before the first. */
  get polls(): { readonly asked: number; readonly failed: number; readonly ageMs: number } {
    return { asked: this.#polls, failed: this.#failures, ageMs: performance.now() - this.#polledAt };
  }

  /** The decision about an address. */
  find(address: AddressWords): Held | undefined {
    return this.#table.find(address, performance.now());
  }

  /** The decision about an address that is text. */
  findText(address: string): Held | undefined {
    return this.#table.findText(address, performance.now());
  }

  /** The decision about a country, by its code of two capital letters. */
  findCountry(code: string): Held | undefined {
    return this.#table.findCountry(code, performance.now());
  }

  /** Visits all that are in force. */
  forEach(visit: (held: Held) => void): void {
    this.#table.forEach(performance.now(), visit);
  }

  /** Ends the thread; decisions stay in force until they expire. */
  async close(): Promise<void> {
    this.#worker.removeAllListeners();
    await this.#worker.terminate();
  }

  #startWorker(): Worker {
    const worker = new Worker(this.#program, { workerData: this.#task });
    worker.on('message', (message: WorkerMessage) => {
      this.#receive(message);
      // Other messages are answered before the next part is read.
      if (message.type === 'part') setImmediate(() => worker.postMessage('next'));
    });
    worker.on('error', (error) => {
      console.error(`the thread that asks for decisions has failed, and is started again: ${messageOf(error)}`);
      setTimeout(() => (this.#worker = this.#startWorker()), RESTART_MS);
    });
    return worker;
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case 'failed':
        this.#polls++;
        this.#failures++;
        this.#next = this.#table;
        log(`no answer of ${this.#task.source.url}: ${message.reason}; ${this.#whatStays()}`);
        return;
      case 'begin':
        this.#next = message.isStartup ? new DecisionTable() : this.#table;
        this.#receivedAt = performance.now() - Number(process.hrtime.bigint() - message.receivedAt) / 1e6;
        return;
      case 'part': {
        for (const decision of message.deleted) this.#next.remove(decision);
        // A table that is not in force yet has only decisions of this answer: of several about the same value the longest counts.
        const keepsLonger = this.#next !== this.#table;
        const unread = message.added.filter((decision) => !this.#next.add(decision, this.#receivedAt, keepsLonger));
        if (unread[0] !== undefined) {
          log(`skipped ${unread.length} decisions, the first about ${unread[0].scope} ${unread[0].value}`);
        }
        return;
      }
      case 'end':
        this.#polls++;
        this.#polledAt = this.#receivedAt;
        this.#table = this.#next;
        if (message.bad > 0) log(`skipped ${message.bad} decisions, the first one: ${message.firstProblem}`);
        if (!this.#isKnown) this.#logCount();
        this.#isKnown = true;
        this.#makeKnown();
    }
  }

  #logCount(): void {
    let count = 0;
    this.forEach(() => count++);
    console.log(`decisions     ${count.toLocaleString('en')} of ${this.#task.source.url}`);
  }

  #whatStays(): string {
    if (!this.#isKnown) return 'there are no decisions yet';
    return `decisions of ${Math.round(this.polls.ageMs / 1_000)} s ago stay in force until they expire`;
  }
}

/** Decisions are foreign text: it must not end a line of the log, or move a terminal's cursor. */
function log(line: string): void {
  console.error(escapeText(line, MAX_LINE));
}
