import { LinkedList, type Link } from './linked-list.ts';

/** What has to be answered in time. */
export interface Deadline {
  /** From when on its time runs, on the clock of performance.now(), in ms. */
  readonly startedAt: number;
  /** How long it may take; 0 for as long as it likes. */
  readonly timeoutMs: number;
  /** Its time is over: it has to be answered. */
  expire(): void;
}

/**
 * The deadlines of all that is in flight. Those of one length expire in the order they were added: a list for each length,
 * and one timer, armed for the first of all, so that a NOTIFY sets and clears none.
 */
export class Deadlines {
  /** By their length, which an agent has few of. */
  readonly #lists: Map<number, LinkedList<Deadline>> = new Map();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, on the clock of performance.now(). */
  #armedFor: number = Infinity;

  /** Adds a deadline by its link, which is in no list; one of length 0 is none. */
  add(link: Link<Deadline>): void {
    const { startedAt, timeoutMs } = link.item;
    if (timeoutMs === 0) return;
    let list = this.#lists.get(timeoutMs);
    if (list === undefined) {
      list = new LinkedList();
      this.#lists.set(timeoutMs, list);
    }
    list.add(link);
    if (startedAt + timeoutMs < this.#armedFor) this.#arm(startedAt + timeoutMs);
  }

  /** Removes a deadline that was added and has not expired; of others nothing is there to be removed. */
  remove(link: Link<Deadline>): void {
    this.#lists.get(link.item.timeoutMs)?.remove(link);
  }

  #arm(at: number): void {
    clearTimeout(this.#timer);
    this.#armedFor = at;
    this.#timer = setTimeout(() => this.#expire(), Math.max(1, Math.ceil(at - performance.now())));
    this.#timer.unref();
  }

  #expire(): void {
    this.#timer = undefined;
    this.#armedFor = Infinity;
    const now = performance.now();
    let next = Infinity;
    for (const [timeoutMs, list] of this.#lists) {
      for (let first = list.first; first !== undefined; first = list.first) {
        const at = first.startedAt + timeoutMs;
        if (at > now) {
          next = Math.min(next, at);
          break;
        }
        list.takeFirst();
        first.expire();
      }
    }
    // What was added meanwhile may have armed it for a later one.
    if (next < this.#armedFor) this.#arm(next);
  }
}
