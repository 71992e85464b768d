/** Starts the agent, until SIGTERM or SIGINT. */
import { closeOnSignals, formatListenAddress } from '@spop/agent';
import { createAdminAgent } from './agent.ts';

const agent = createAdminAgent();
closeOnSignals(agent);
const listening = await agent.listen(process.env['SPOE_ADDR'] ?? '127.0.0.1:9000');
console.log(`listening on ${formatListenAddress(listening)}`);
