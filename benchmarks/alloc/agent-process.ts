/**
 * The agent whose heap is read. It answers on a unix socket, and sends its parent on request how many bytes of heap and of
 * buffers are in use.
 *
 *     node agent-process.ts PATH sync|async
 */
import { setImmediate } from 'node:timers/promises';
import { getHeapStatistics } from 'node:v8';
import { jobsAgent } from '../load/spop-jobs.ts';

/** A reading of the heap. The agent sends the first one as soon as it listens. */
export interface Reading {
  readonly bytes: number;
  readonly buffers: number;
}

/** A request for a reading: after a garbage collection, at once, or after an async function has run by itself. */
export type Request = 'collect' | 'read' | 'run function';

/** How often the function runs. */
export const FUNCTION_RUNS = 20_000;

const settled: Promise<void> = Promise.resolve();
/** An async function that does nothing else. */
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
