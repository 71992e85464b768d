/** Counts the steps that targets take for inputs that grow, in a thread of its own: linear-work.test.ts. */
import { parentPort } from 'node:worker_threads';
import { countSteps, counters, instrumentPackages } from './instrument.ts';

/** How the work on one shape of input grows: steps for each of some sizes in bytes. */
export interface Growth {
  readonly shape: string;
  readonly points: readonly { readonly bytes: number; readonly steps: number }[];
}

/** From a small frame to one of 16 times its size. */
const REPETITIONS = [16, 32, 64, 128, 256];

async function measureGrowth(): Promise<Growth[]> {
  instrumentPackages();
  const { shapes } = await import('./growing-inputs.ts');
  const { targets } = await import('../targets/index.ts');
  const growths: Growth[] = [];
  for (const shape of shapes) {
    const target = targets.find(({ name }) => name === shape.target)!;
    const points: Growth['points'][number][] = [];
    for (const repetitions of REPETITIONS) {
      const input = Buffer.from(shape.build(repetitions));
      counters.fill(0);
      await target.run(input);
      points.push({ bytes: input.length, steps: countSteps() });
    }
    growths.push({ shape: shape.name, points });
  }
  return growths;
}

parentPort?.postMessage(await measureGrowth());
