/**
 * Connections that send as fast as the agent reads, and drop its answers.
 *
 *     node --conditions=@spop/source benchmarks/flood/flooder.ts PORT CONNECTIONS FLOOD       prints "flooding"
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { blockOf, type Flood, hello } from './floods.ts';

const [port = '', connections = '', flood = ''] = process.argv.slice(2);
const block = blockOf(flood as Flood);
for (let i = 0; i < Number(connections); i++) {
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.on('close', () => {
    throw new Error('the agent closed a connection that floods it');
  });
  socket.resume();
  socket.write(hello);
  const send = (): void => {
    while (socket.write(block));
  };
  socket.on('drain', send);
  send();
}
process.stdout.write('flooding\n');
