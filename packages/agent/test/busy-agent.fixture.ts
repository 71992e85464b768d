/** An agent that listens, and then blocks its event loop for ever; for busy-listener.test.ts. */
import { writeSync } from 'node:fs';
import { createAgent } from '../src/index.ts';

const [path = '', backlog = ''] = process.argv.slice(2);
await createAgent().listen({ path, backlog: Number(backlog) });
writeSync(1, 'listening\n');
Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
