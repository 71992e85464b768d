/**
 * The agent under measurement, on a free port.
 *
 *     node --conditions=@spop/source benchmarks/load/spop-agent.ts [async]        prints "listening PORT"
 */
import { jobsAgent } from './spop-jobs.ts';

const listening = await jobsAgent(process.argv[2] === 'async').listen({ host: '127.0.0.1', port: 0 });
if (!('port' in listening)) throw new Error('expected to listen on a port');
process.stdout.write(`listening ${listening.port}\n`);
