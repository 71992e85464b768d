/**
 * A first attempt at an agent: 'data' events, the codec beside this file, and one write for each ACK. It does both jobs of
 * benchmarks/load/traffic.ts.
 *
 *     node benchmarks/naive/agent.ts        prints "listening PORT"
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { AGENT_HELLO } from '../load/agent-hello.ts';
import { decodeMessages, encodeAck, type Frame, FrameDecoder, type Message, type Value } from './codec.ts';

const MAX_FRAME_SIZE = 16_380;

function lastOctet(address: Value | undefined): number | undefined {
  if (typeof address !== 'string') return undefined;
  if (!address.includes(':')) return Number(address.split('.').at(-1));
  return Number.parseInt(address.split(':').at(-1) || '0', 16) & 0xff;
}

function scoreOf(messages: readonly Message[]): number | undefined {
  let score: number | undefined;
  for (const { name, args } of messages) {
    if (name === 'check-client-ip') score = lastOctet(args.get('ip'));
    if (name === 'check-request') {
      score = Number(args.get('src_port')) + (lastOctet(args.get('src')) ?? 0) + (args.get('ssl') === true ? 1 : 0);
      for (const key of ['method', 'path', 'query', 'headers', 'host']) score += String(args.get(key)).length;
    }
  }
  return score;
}

function answer(socket: Socket, { type, streamId, frameId, payload }: Frame): void {
  if (type === 1) socket.write(AGENT_HELLO);
  if (type === 2) socket.end();
  if (type !== 3) return;
  const score = scoreOf(decodeMessages(payload));
  const actions = score === undefined ? [] : [{ scope: 'sess', name: 'ip_score', value: BigInt(score) } as const];
  socket.write(encodeAck(streamId, frameId, actions));
}

const server = createServer((socket) => {
  const decoder = new FrameDecoder(MAX_FRAME_SIZE);
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  socket.on('data', (chunk) => {
    try {
      for (const frame of decoder.push(chunk)) answer(socket, frame);
    } catch {
      socket.destroy();
    }
  });
});
server.listen(0, '127.0.0.1', () => process.stdout.write(`listening ${(server.address() as AddressInfo).port}\n`));
