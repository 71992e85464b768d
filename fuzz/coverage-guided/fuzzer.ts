/** Feeds one target with changed inputs, and keeps those that reach something new. */
import type { Target } from '../targets/target.ts';
import { counterCount, counters } from './instrument.ts';
import { mutate, Random } from './mutate.ts';

/** The most steps for an input: a constant, and a number for each byte. No input of the corpora takes half as many. */
const STEPS_TO_START = 16_000;
const STEPS_PER_BYTE = 2_000;

/** An input for which the target does not hold. */
export class Failure extends Error {
  readonly input: Buffer;

  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? cause.stack : String(cause), { cause });
    this.input = input;
  }
}

/** One bit for each order of magnitude of a count: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
function magnitudeOf(count: number): number {
  if (count < 4) return count === 3 ? 4 : count;
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** One target, and the counters that its inputs have reached so far. */
export class Fuzzer {
  readonly #target: Target;
  readonly #random: Random;
  /** Called with each input before it is run. */
  readonly #announce: (input: Buffer) => void;
  /** The magnitudes of each counter that were reached. */
  readonly #seen: Uint8Array = new Uint8Array(counters.length);
  readonly #kept: Buffer[] = [];

  constructor(target: Target, seed: number, announce: (input: Buffer) => void = () => {}) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#announce = announce;
  }

  /** The number of counters that at least one input reached. */
  get reached(): number {
    return this.#seen.reduce((sum, magnitudes) => sum + (magnitudes === 0 ? 0 : 1), 0);
  }

  /** Runs one input and keeps it if it reaches a counter, or an order of magnitude of one, that no other did. @throws {Failure} */
  async feed(input: Buffer): Promise<void> {
    await this.#run(input);
    const count = counterCount();
    let isNew = false;
    let steps = 0;
    for (let index = 0; index < count; index++) {
      const value = counters[index]!;
      if (value === 0) continue;
      steps += value;
      const magnitude = magnitudeOf(value);
      isNew ||= (this.#seen[index]! & magnitude) === 0;
      this.#seen[index]! |= magnitude;
    }
    const most = STEPS_TO_START + STEPS_PER_BYTE * input.length;
    if (steps > most) throw new Failure(input, new Error(`expected at most ${most} steps; found ${steps}`));
    if (isNew) this.#kept.push(input);
  }

  /** Runs `count` changed inputs. @throws {Failure} */
  async explore(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const input = this.#pick();
      const other = this.#kept[this.#random.below(this.#kept.length)] ?? input;
      await this.feed(mutate(this.#random, input, other, this.#target.maxBytes));
    }
  }

  /** A few of the kept inputs that reach all counters that the kept inputs reach. */
  async minimise(): Promise<Buffer[]> {
    let left: { readonly input: Buffer; readonly reached: readonly number[] }[] = [];
    for (const input of this.#kept) {
      await this.#run(input);
      left.push({ input, reached: Array.from(counters.keys()).filter((index) => counters[index]! > 0) });
    }
    const few: Buffer[] = [];
    while (left.length > 0) {
      const best = left.reduce((one, each) => (each.reached.length > one.reached.length ? each : one));
      few.push(best.input);
      const gone = new Set(best.reached);
      left = left.map(({ input, reached }) => ({ input, reached: reached.filter((index) => !gone.has(index)) }));
      left = left.filter(({ reached }) => reached.length > 0);
    }
    return few;
  }

  async #run(input: Buffer): Promise<void> {
    this.#announce(input);
    counters.fill(0, 0, counterCount());
    try {
      const pending = this.#target.run(input);
      // Most targets return no promise, and an `await` would halve their speed.
      if (pending !== undefined) await pending;
    } catch (error) {
      throw new Failure(input, error);
    }
  }

  /** One of the kept inputs: half of the time among the last found, which lead further more often. */
  #pick(): Buffer {
    const { length } = this.#kept;
    if (length === 0) return Buffer.alloc(0);
    const isRecent = this.#random.below(2) === 0;
    return this.#kept[isRecent ? length - 1 - this.#random.below(Math.min(length, 32)) : this.#random.below(length)]!;
  }
}
