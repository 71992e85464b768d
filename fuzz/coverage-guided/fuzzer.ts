import type { AnyTarget } from '../targets/target.ts';
import { Coverage, takeBuckets } from './coverage.ts';
import { counters } from './instrument.ts';
import { mutate } from './mutate.ts';
import { Random } from './random.ts';

/**
 * Steps that an input may take: a constant for setting up, and so many per byte. Twice of the most that any input of
 * the corpora takes; work that grows faster than the input passes it soon.
 */
const STEPS_TO_START = 4_000;
const STEPS_PER_BYTE = 400;

/** What a file more is worth against longer files, in bytes. */
const BYTES_PER_INPUT = 64;
/** An input that adds less than this, and no counter, is not worth a file. */
const FEW_BUCKETS = 6;

/** The most steps that an input of `size` bytes may take. */
export function mostSteps(size: number): number {
  return STEPS_TO_START + STEPS_PER_BYTE * size;
}

/** How far a fuzzer has come. */
export interface Progress {
  readonly runs: number;
  /** Counters that were reached. */
  readonly reached: number;
  /** Counters and orders of magnitude that were reached. */
  readonly buckets: number;
  /** Inputs that are kept. */
  readonly kept: number;
}

/** An input for which the target does not hold. */
export class Failure extends Error {
  readonly input: Buffer;

  constructor(input: Buffer, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.input = input;
  }
}

/** Feeds one target: inputs that reach something new are kept, and changed further. */
export class Fuzzer {
  readonly #target: AnyTarget;
  readonly #random: Random;
  /** Called with each input before it is run. */
  readonly #announce: (input: Buffer) => void;
  readonly #coverage: Coverage = new Coverage();
  readonly #kept: Buffer[] = [];
  #runs: number = 0;

  constructor(target: AnyTarget, seed: number, announce: (input: Buffer) => void) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#announce = announce;
  }

  get progress(): Progress {
    const { reached, buckets } = this.#coverage;
    return { runs: this.#runs, reached, buckets, kept: this.#kept.length };
  }

  /** Inputs that reached something new when they came. */
  get kept(): readonly Buffer[] {
    return this.#kept;
  }

  get coverage(): Coverage {
    return this.#coverage;
  }

  /** Runs one input and keeps it if it reaches something new. @throws {Failure} */
  async feed(input: Buffer): Promise<void> {
    this.#announce(input);
    this.#runs++;
    counters.fill(0, 0, 1);
    try {
      const pending = this.#target.run(input);
      // Most targets are done at once; awaiting nothing would halve their speed.
      if (pending !== undefined) await pending;
    } catch (error) {
      this.#coverage.take();
      throw new Failure(input, error);
    }
    const { isNew, steps } = this.#coverage.take();
    if (steps > mostSteps(input.length)) {
      throw new Failure(input, new Error(`expected at most ${mostSteps(input.length)} steps; found ${steps}`));
    }
    if (isNew) this.#kept.push(input);
  }

  /** Runs `count` changed inputs. @throws {Failure} */
  async explore(count: number): Promise<void> {
    const random = this.#random;
    const kept = this.#kept;
    for (let i = 0; i < count; i++) {
      const input = this.#pick();
      const other = kept[random.below(kept.length)] ?? input;
      const changed = mutate(random, input, other, this.#target.maxBytes);
      const pending = this.feed(changed);
      await pending;
    }
  }

  /** One of the kept inputs: half of the time among the last found, which lead further more often. */
  #pick(): Buffer {
    const { length } = this.#kept;
    if (length === 0) return Buffer.alloc(0);
    const recent = Math.min(length, 32);
    const index = this.#random.below(2) === 0 ? length - 1 - this.#random.below(recent) : this.#random.below(length);
    return this.#kept[index]!;
  }
}

/**
 * Of `inputs` few and small ones that reach every counter that they reach together, and nearly every order of
 * magnitude: always the one next that adds the most per byte.
 */
export async function minimise(target: AnyTarget, inputs: readonly Buffer[]): Promise<Buffer[]> {
  const candidates: { readonly input: Buffer; buckets: number[] }[] = [];
  for (const input of inputs) {
    takeBuckets();
    await target.run(input);
    candidates.push({ input, buckets: takeBuckets() });
  }
  const chosen: Buffer[] = [];
  const counted = new Set<number>();
  const worth = (each: { readonly input: Buffer; readonly buckets: readonly number[] }): number =>
    each.buckets.length / (each.input.length + BYTES_PER_INPUT);
  for (;;) {
    let best = candidates[0];
    for (const each of candidates) if (best === undefined || worth(each) > worth(best)) best = each;
    if (best === undefined || best.buckets.length === 0) return chosen;
    const reached = new Set(best.buckets);
    for (const each of candidates) each.buckets = each.buckets.filter((bucket) => !reached.has(bucket));
    const isNewCounter = [...reached].some((bucket) => !counted.has(bucket >> 8));
    if (!isNewCounter && reached.size < FEW_BUCKETS) continue;
    for (const bucket of reached) counted.add(bucket >> 8);
    chosen.push(best.input);
  }
}

/** A smaller input that fails too, found by leaving out parts and by plain bytes, within `tries` runs. */
export async function shrink(target: AnyTarget, failing: Buffer, tries: number): Promise<Buffer> {
  let smallest = failing;
  let left = tries;
  const fails = async (input: Buffer): Promise<boolean> => {
    left--;
    try {
      await new Fuzzer(target, 1, () => undefined).feed(input);
      return false;
    } catch {
      return true;
    }
  };
  for (let size = Math.ceil(smallest.length / 2); size >= 1 && left > 0; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < smallest.length && left > 0;) {
      const shorter = Buffer.concat([smallest.subarray(0, at), smallest.subarray(at + size)]);
      if (await fails(shorter)) smallest = shorter;
      else at += size;
    }
  }
  for (let at = 0; at < smallest.length && left > 0; at++) {
    const plainer = Buffer.from(smallest);
    plainer[at] = 0;
    if (smallest[at] !== 0 && (await fails(plainer))) smallest = plainer;
  }
  return smallest;
}
