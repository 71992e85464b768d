/**
 * Connections that repeat a frame as fast as the agent reads, and drop its answers.
 *
 *     node --conditions=@spop/source benchmarks/flood/flooder.ts PORT CONNECTIONS BASE64       prints "flooding"
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { hello } from '../codec/frames.ts';

/** Bytes of one write. */
const BLOCK_BYTES = 262_144;

const [port, connections, base64 = ''] = process.argv.slice(2);
const frame = Buffer.from(base64, 'base64');
const block = Buffer.concat(Array.from({ length: Math.floor(BLOCK_BYTES / frame.length) }, () => frame));
for (let i = 0; i < Number(connections); i++) {
  const socket = connect(Number(port), '127.0.0.1');
  await once(socket, 'connect');
  socket.on('close', () => {
    throw new Error('expected an open connection; found that the agent closed it');
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
