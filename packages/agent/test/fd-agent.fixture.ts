/** An agent on file descriptor 3, which ends with its standard input. */
import { createAgent } from '@spop/agent';
import { defineVariable, int32 } from '@spop/codec';

const answer = defineVariable('txn', 'answer', int32);
const agent = createAgent().onNotify((_, ack) => void ack.set(answer, 1));
console.log(JSON.stringify(await agent.listen({ fd: 3 })));
process.stdin.resume().once('end', () => void agent.close());
