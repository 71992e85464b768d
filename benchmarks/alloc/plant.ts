import type { Operation } from '../harness/operation.ts';

/** Kinds of allocation that a control plants, and the bytes that one of them takes at least. */
export const plants = { object: 24, double: 16 } as const;

export type Plant = keyof typeof plants;

/**
 * The operation with one allocation in every `every` calls. What is made goes into an array of mixed elements, so that
 * no compiler can leave it out, and so that a double has to be boxed.
 */
export function planted(operation: Operation, plant: Plant, every: number): Operation {
  const kept: unknown[] = [''];
  let calls = 0;
  let total = 0;
  return () => {
    if (++calls === every) {
      calls = 0;
      total++;
      kept[0] = plant === 'object' ? { total } : total + 0.5;
    }
    return operation();
  };
}
