/** A line of the log for each verdict other than "passed". */
import type { Outcome } from './answer.ts';
import type { Verdict } from './inspect.ts';
import type { KnownRequest } from './request-table.ts';

const MAX_LINES_A_SECOND = 100;
const SHOWN_CHARACTERS = 200;
const SHOWN_RULES = 20;

/** Writes at most 100 lines a second, and the number of those left out. */
export class VerdictLog {
  readonly #log: (line: string) => void;
  readonly #now: () => number;
  #second = 0;
  #lines = 0;

  constructor(log: (line: string) => void = console.log, now: () => number = () => performance.now()) {
    this.#log = log;
    this.#now = now;
  }

  /** @param outcome with its subject: `request denied`. */
  write(outcome: `${string} ${Outcome}`, id: string, { client, method, path }: KnownRequest, verdict: Verdict): void {
    const second = Math.floor(this.#now() / 1_000);
    if (second !== this.#second) {
      if (this.#lines > MAX_LINES_A_SECOND)
        this.#log(`${this.#lines - MAX_LINES_A_SECOND} more verdicts within a second`);
      this.#second = second;
      this.#lines = 0;
    }
    if (++this.#lines > MAX_LINES_A_SECOND) return;
    const { hits, score, decision } = verdict;
    const rules = hits.slice(0, SHOWN_RULES).map((rule) => rule.id);
    const title = (decision?.rule ?? hits.at(-1))?.title ?? '';
    // The client chose the path, perhaps its method, and in some configurations the id: no part of it may end the line.
    const request = JSON.stringify(`${method} ${path}`.slice(0, SHOWN_CHARACTERS));
    this.#log(
      `${outcome}: id=${JSON.stringify(id)} client=${client} score=${score} rules=${rules.join(',')} ${JSON.stringify(title)} ${request}`,
    );
  }
}
