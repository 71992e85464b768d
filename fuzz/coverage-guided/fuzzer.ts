/** Feeds one target with changed inputs, and keeps those that reach something new. */
import type { AnyTarget } from '../targets/target.ts';
import { counterCount, counters } from './instrument.ts';
import { mutate, Random } from './mutate.ts';

/**
 * Steps that an input may take: a constant for setting up, and a number per byte. Twice of the most that any input of the
 * corpora takes; work that grows faster than the input passes it soon.
 */
const STEPS_TO_START = 16_000;
const STEPS_PER_BYTE = 1_000;

/** An input for which the target does not hold. */
export class Failure extends Error {
  readonly input: Buffer;

  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? cause.stack : String(cause), { cause });
    this.input = input;
  }
}

/** Counts are told apart by their order of magnitude, a bit for each: 1, 2, 3, 4 to 7, 8 to 15, 16 to 31, 32 to 127, more. */
function magnitudeOf(count: number): number {
  if (count < 4) return count === 3 ? 4 : count;
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** One target, and what its inputs reached so far. */
export class Fuzzer {
  readonly #target: AnyTarget;
  readonly #random: Random;
  /** Called with each input before it is run. */
  readonly #announce: (input: Buffer) => void;
  /** The magnitudes of each counter that were reached. */
  readonly #seen: Uint8Array = new Uint8Array(counters.length);
  readonly #kept: Buffer[] = [];

  constructor(target: AnyTarget, seed: number, announce: (input: Buffer) => void = () => {}) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#announce = announce;
  }

  /** Inputs that reached something new when they came. */
  get kept(): readonly Buffer[] {
    return this.#kept;
  }

  /** How many counters at least one input reached. */
  get reached(): number {
    return this.#seen.reduce((sum, magnitudes) => sum + (magnitudes === 0 ? 0 : 1), 0);
  }

  /** Runs one input and keeps it if it reaches something new. @throws {Failure} */
  async feed(input: Buffer): Promise<void> {
    this.#announce(input);
    counters.fill(0, 0, counterCount());
    try {
      const pending = this.#target.run(input);
      // Most targets are done at once; awaiting nothing would halve their speed.
      if (pending !== undefined) await pending;
    } catch (error) {
      throw new Failure(input, error);
    }
    const { isNew, steps } = this.#take();
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

  /** One of the kept inputs: half of the time among the last found, which lead further more often. */
  #pick(): Buffer {
    const { length } = this.#kept;
    if (length === 0) return Buffer.alloc(0);
    const isRecent = this.#random.below(2) === 0;
    return this.#kept[isRecent ? length - 1 - this.#random.below(Math.min(length, 32)) : this.#random.below(length)]!;
  }

  /** Notes what the counters say: whether a magnitude is new, and their sum. */
  #take(): { readonly isNew: boolean; readonly steps: number } {
    const count = counterCount();
    let isNew = false;
    let steps = 0;
    for (let index = 0; index < count; index++) {
      const value = counters[index]!;
      if (value === 0) continue;
      steps += value;
      const magnitude = magnitudeOf(value);
      if ((this.#seen[index]! & magnitude) !== 0) continue;
      isNew = true;
      this.#seen[index]! |= magnitude;
    }
    return { isNew, steps };
  }
}

/** Those of `inputs`, the longest first, that reach something that the longer ones do not: few files. */
export async function minimise(target: AnyTarget, inputs: readonly Buffer[]): Promise<readonly Buffer[]> {
  const fuzzer = new Fuzzer(target, 1);
  for (const input of inputs.toSorted((a, b) => b.length - a.length)) await fuzzer.feed(input);
  return fuzzer.kept;
}
