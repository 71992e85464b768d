/**
 * The agent under measurement, on a free port.
 *
 *     node --conditions=@spop/source benchmarks/load/spop-agent.ts [async]        prints "listening PORT"
 */
import { type HandlerKind, jobsAgent, listenAndSay } from './spop-jobs.ts';

await listenAndSay(jobsAgent(process.argv[2] as HandlerKind | undefined));
