/**
 * The client of an agent on 127.0.0.1: asked for a number, it sends so many tiny NOTIFYs, 500 at a time in one write, and
 * answers once all are acknowledged. All are alike, so all ACKs are, and counting their bytes counts them.
 */
import { once } from 'node:events';
import { connect } from 'node:net';
import { hello, tiny } from '../codec/frames.ts';

const WINDOW = 500;
const ACK = 103;
const AGENT_HELLO = 101;

const socket = connect({ host: '127.0.0.1', port: Number(process.argv[2]), noDelay: true });
let received = 0;
let wanted = 0;
let onReceived: () => void = () => {};
socket.on('data', (chunk) => {
  received += chunk.length;
  if (received > wanted) throw new Error(`expected ${wanted} bytes of ACKs; found ${received}`);
  if (received === wanted) onReceived();
});
socket.on('close', () => {
  if (received < wanted) console.error(`expected ${wanted} bytes of ACKs; found ${received} and a closed connection`);
  process.exit(received < wanted ? 1 : 0);
});

await firstAnswer(hello, AGENT_HELLO);
const ackLength = await firstAnswer(tiny, ACK);
const blocks = Buffer.concat(Array.from({ length: WINDOW }, () => tiny));

process.on('message', (count: number) => {
  void ask(count).then(() => process.send?.(0));
});
process.on('disconnect', () => process.exit());
process.send?.(0);

/** Sends one frame and gives the length of the one that answers it. */
async function firstAnswer(frame: Buffer, type: number): Promise<number> {
  wanted = Infinity;
  socket.write(frame);
  const [chunk] = (await once(socket, 'data')) as [Buffer];
  if (chunk[4] !== type || chunk.readUInt32BE(0) + 4 !== chunk.length) {
    throw new Error(`expected one frame of type ${type}; found ${chunk.toString('hex')}`);
  }
  return chunk.length;
}

async function ask(count: number): Promise<void> {
  for (let left = count; left > 0; left -= WINDOW) {
    const inFlight = Math.min(left, WINDOW);
    await new Promise<void>((resolve) => {
      onReceived = resolve;
      received = 0;
      wanted = inFlight * ackLength;
      socket.write(blocks.subarray(0, inFlight * tiny.length));
    });
  }
}
