/**
 * The agent that is flooded, on a free port: it does the jobs of benchmarks/load/traffic.ts, and has a message for each
 * other kind of flood.
 *
 *     node --conditions=@spop/source benchmarks/flood/agent.ts        prints "listening PORT"
 */
import type { Logger } from '@spop/agent';
import { defineMessage } from '@spop/codec';
import { jobsAgent, listenAndSay } from '../load/spop-jobs.ts';

const nowhere = (): void => {};
const logger: Logger = { debug: nowhere, info: nowhere, warn: nowhere, error: nowhere };

const agent = jobsAgent('sync', { logger })
  .onMessage(defineMessage('throws', {}), () => {
    throw new Error('a handler that throws');
  })
  .onMessage(defineMessage('later', {}), () => Promise.resolve());
await listenAndSay(agent);
