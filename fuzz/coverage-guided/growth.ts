/** Counts the steps of targets for growing inputs, in a thread that linear-work.test.ts starts. */
import { parentPort } from 'node:worker_threads';
import { countSteps, counters, instrumentPackages } from './instrument.ts';

/** The steps for inputs of one shape, at growing sizes in bytes. */
export interface Growth {
  readonly shape: string;
  readonly points: readonly { readonly bytes: number; readonly steps: number }[];
}

/** The largest input is 16 times as long as the smallest. */
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
