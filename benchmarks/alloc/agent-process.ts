/**
 * The agent whose heap is read: it answers on a unix socket and, asked by its parent, says how many bytes of heap and of
 * buffers are in use.
 *
 *     node agent-process.ts PATH sync|async
 */
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { jobsAgent } from '../load/spop-jobs.ts';

/** What the parent gets: a reading of the heap. The first one says that the agent listens. */
export interface Reading {
  readonly bytes: number;
  readonly buffers: number;
}

/** What the parent asks for: a reading, after a collection, as it is, or after the function by itself has run. */
export type Request = 'collect' | 'read' | 'run function';

/** How often the function is run then. */
export const FUNCTION_RUNS = 20_000;

const settled: Promise<void> = Promise.resolve();
/** What an async function takes by itself. */
const awaiting = async (_message: unknown, _ack: unknown): Promise<void> => {
  await settled;
};

/** Sends the parent a reading. */
function report(): void {
  const reading: Reading = {
    bytes: getHeapStatistics().used_heap_size,
    buffers: process.memoryUsage().arrayBuffers,
  };
  process.send?.(reading);
}

if (process.send !== undefined) {
  const [socketPath = '', kind] = process.argv.slice(2);
  const agent = jobsAgent(kind === 'async');
  await agent.listen({ path: socketPath });
  process.on('message', (request: Request) => {
    if (request === 'collect') globalThis.gc?.();
    if (request !== 'run function') return report();
    for (let i = 0; i < FUNCTION_RUNS; i++) void awaiting(agent, agent);
    void setImmediate().then(report);
  });
  process.on('disconnect', () => process.exit());
  report();
}
