import { LinkedList, type Link } from './linked-list.ts';

/** A handler's work that has to be answered in time. */
export interface Deadline {
  /** When its time started, in ms on the clock of performance.now(). */
  readonly startedAt: number;
  /** How long it may take, in ms; 0 is no limit. */
  readonly timeoutMs: number;
  /** Its time is over: answer it. */
  expire(): void;
}

/**
 * The deadlines of all handlers in flight. Deadlines of one length expire in the order they were added, so there is a list
 * for each length, and one timer for the first deadline of all. A NOTIFY sets and clears no timer.
 */
export class Deadlines {
  /** By their length in ms; an agent has few lengths. */
  readonly #lists: Map<number, LinkedList<Deadline>> = new Map();
  #timer: NodeJS.Timeout | undefined;
  /** When the timer fires, in ms on the clock of performance.now(). */
  #armedFor: number = Infinity;

  /** Adds a deadline by its link, which is in no list; a deadline of length 0 is ignored. */
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

  /** Removes a deadline, if it was added and has not expired. */
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
    // A deadline that was added meanwhile may have armed the timer for a later time.
    if (next < this.#armedFor) this.#arm(next);
  }
}
