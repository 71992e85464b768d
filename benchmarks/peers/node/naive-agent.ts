/**
 * What one would write first: 'data' events, the codec of benchmarks/naive with its objects, Maps and BigInts, and one
 * write for each ACK.
 *
 *     node benchmarks/peers/node/naive-agent.ts        prints "listening PORT"
 */
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { type Frame, FrameDecoder, type Message, type Value, decodeMessages } from '../../naive/decode.ts';
import { type Action, encodeAck, encodeString, encodeTypedData } from '../../naive/encode.ts';

const MAX_FRAME_SIZE = 16_380;

function lastOctet(address: Value | undefined): number | undefined {
  if (typeof address !== 'string') return undefined;
  if (!address.includes(':')) return Number(address.split('.').at(-1));
  const groups = address.split(':');
  return Number.parseInt(groups.at(-1) || '0', 16) & 0xff;
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

function agentHello(): Buffer {
  const pairs = [
    [encodeString('version'), encodeTypedData({ type: 'string', value: '2.0' })],
    [encodeString('max-frame-size'), encodeTypedData({ type: 'uint32', value: MAX_FRAME_SIZE })],
    [encodeString('capabilities'), encodeTypedData({ type: 'string', value: 'pipelining' })],
  ];
  const payload = Buffer.concat(pairs.flat());
  const head = Buffer.from([0, 0, 0, payload.length + 7, 101, 0, 0, 0, 1, 0, 0]);
  return Buffer.concat([head, payload]);
}

function answer(socket: Socket, frame: Frame): void {
  if (frame.type === 1) socket.write(agentHello());
  if (frame.type === 2) socket.end();
  if (frame.type !== 3) return;
  const score = scoreOf(decodeMessages(frame.payload));
  const actions: Action[] =
    score === undefined
      ? []
      : [{ action: 'set-var', scope: 'sess', name: 'ip_score', value: { type: 'int64', value: score } }];
  socket.write(encodeAck(frame.streamId, frame.frameId, actions));
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
