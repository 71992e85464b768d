/** Measures some functions, and prints the error or the proof of each as JSON. */
import { type AllocationOptions, measureAllocations, withoutAllocations } from '../src/allocations.ts';

let total = 0;
const cell = new Float64Array(1);
const once: AllocationOptions = { calls: 1_000, rounds: 2, warmUpMs: 100 };

const functions: Readonly<Record<string, () => unknown>> = {
  nothing: () => undefined,
  integer: () => 5,
  object: () => ({ total: ++total }),
  rare: () => (++total % 500 === 0 ? { total } : undefined),
  fraction: () => (cell[0] = cell[0]! + 0.25) + 0.125,
  text: () => String(++total),
  array: () => Array.from({ length: 1_000 }, () => 0),
  slow: () => {
    for (let round = 0; round < 1_000_000; round++) cell[0] = round;
    return undefined;
  },
  async: async () => Promise.resolve(),
  throws: () => {
    throw new RangeError('expected less');
  },
};

function proof(name: string, fn: () => unknown): unknown {
  const options = name === 'slow' ? { rounds: 2, warmUpMs: 100 } : once;
  try {
    return withoutAllocations(fn, options);
  } catch (error) {
    return String(error);
  }
}

const object = functions['object'] ?? (() => undefined);
const proofs = Object.entries(functions).map(([name, fn]) => [name, proof(name, fn)]);
const measured = { once: measureAllocations(object, once), ten: measureAllocations(object, { ...once, calls: 10 }) };
console.log(JSON.stringify({ ...Object.fromEntries(proofs), measured }));
