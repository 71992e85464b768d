import { parentPort } from 'node:worker_threads';
import { countSteps, counters, instrumentPackages } from './instrument.ts';

/** How the work on one shape of input grows: steps for each of some sizes in bytes. */
export interface Growth {
  readonly shape: string;
  readonly points: readonly { readonly bytes: number; readonly steps: number }[];
}

/** Which repetitions each shape is tried with: from a small frame to one of 16 times its size. */
const REPETITIONS = [16, 32, 64, 128, 256];

/** Counts the steps of reading inputs that grow, each shape made of a part that comes again and again. */
export async function measureGrowth(): Promise<Growth[]> {
  instrumentPackages();
  const { shapes } = await import('./growing-inputs.ts');
  const growths: Growth[] = [];
  for (const [shape, build, read] of shapes) {
    const points: Growth['points'][number][] = [];
    for (const repetitions of REPETITIONS) {
      const bytes = build(repetitions);
      counters.fill(0);
      await read(bytes);
      points.push({ bytes: bytes.length, steps: countSteps() });
    }
    growths.push({ shape, points });
  }
  return growths;
}

parentPort?.postMessage(await measureGrowth());
