/**
 * The client of an agent on 127.0.0.1, in a process of its own. Its parent sends a number; it sends that many tiny NOTIFYs,
 * 500 in one write, and answers when all are acknowledged.
 */
import { connect } from 'node:net';
import { tiny } from '../codec/frames.ts';
import { Asker } from './asker.ts';

const WINDOW = 500;

const socket = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true });
let isWaiting = true;
socket.on('close', () => {
  if (isWaiting) console.error('expected ACKs; found a closed connection');
  process.exit(isWaiting ? 1 : 0);
});
const asker = await Asker.open(socket, tiny);
isWaiting = false;

async function answer(count: number): Promise<void> {
  isWaiting = true;
  await asker.ask(count, WINDOW);
  isWaiting = false;
  process.send?.(0);
}

process.on('message', (count: number) => void answer(count));
process.on('disconnect', () => process.exit());
process.send?.(0);
