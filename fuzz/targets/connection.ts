import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Agent, createAgent } from '@spop/agent';
import { haproxyHello, notify, parseStream } from '@spop/builder';
import type { NotifyFrame, PlainFrame } from '@spop/builder';
import { address, DEFAULT_MAX_FRAME_SIZE, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';
import { readCaptures } from '@spop-internal/testbed/captures';
import { streamPair } from '../support/stream-pair.ts';
import type { AsyncTarget } from './target.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: optional(address), ua: optional(string) });
const score = defineVariable('sess', 'score', int32);

function startAgent(): Agent {
  return createAgent({ helloTimeoutMs: 0, partialFrameTimeoutMs: 0, maxReassembledBytes: 2_000, lingerTimeoutMs: 1 })
    .onMessage(checkClientIp, (message, ack) => {
      if (message.ip !== undefined) ack.set(score, message.ip.byteAt(0));
    })
    .onNotify(async (notify) => {
      const walk = notify.walk();
      while (walk.next()) if (walk.name.equals('later')) await nextTurn();
    });
}

/** What the agent wrote until it had nothing more to say to these bytes. */
async function converse(bytes: Uint8Array, sizes: readonly number[]): Promise<Buffer> {
  const agent = startAgent();
  const [ours, theirs] = streamPair();
  const received: Buffer[] = [];
  const { promise: isOver, resolve } = Promise.withResolvers<void>();
  ours.on('data', (chunk: Buffer) => received.push(chunk));
  ours.on('error', () => resolve());
  ours.on('close', () => resolve());
  agent.handle(theirs);
  for (let at = 0, index = 0; at < bytes.length; index++) {
    const size = Math.max(1, sizes[index % Math.max(sizes.length, 1)] ?? bytes.length);
    if (!ours.writable) break;
    ours.write(bytes.subarray(at, at + size));
    at += size;
  }
  ours.end();
  await isOver;
  await agent.close();
  if (agent.connectionCount !== 0 || agent.inFlightCount !== 0) throw new Error('the agent is not done');
  return Buffer.concat(received);
}

/** The NOTIFYs that have to be answered, up to the first thing that is wrong or that ends the connection. */
function askedNotifies(frames: readonly PlainFrame[]): NotifyFrame[] {
  const asked: NotifyFrame[] = [];
  for (const frame of frames) {
    if (frame.type === 'NOTIFY') asked.push(frame);
    else if (frame.type !== 'UNKNOWN') break;
  }
  return asked;
}

/** The max-frame-size of the HELLO that the bytes begin with, as far as the agent takes it over: 1 MiB at most. */
function offeredSize(bytes: Uint8Array): number {
  const [hello] = parseStream(bytes).frames;
  const items = hello !== undefined && 'items' in hello ? hello.items : [];
  const size = items.findLast(({ name }) => name === 'max-frame-size')?.value;
  return size !== undefined && 'value' in size ? Math.min(Number(size.value), 1 << 20) : DEFAULT_MAX_FRAME_SIZE;
}

function checkAnswer(bytes: Uint8Array, answer: Uint8Array): void {
  const { frames, consumed, error } = parseStream(answer, { ackPadding: true, maxFrameSize: 1 << 20 });
  if (error !== undefined || consumed < answer.length) throw new Error(`the agent sent what nobody can read: ${error}`);
  const end = frames.findIndex(({ type }) => type === 'AGENT-DISCONNECT');
  if (end >= 0 && end < frames.length - 1) throw new Error(`expected nothing after AGENT-DISCONNECT`);
  const acks = frames.filter(({ type }) => type === 'ACK').map(({ streamId, frameId }) => `${streamId}:${frameId}`);
  const asked = parseStream(bytes, { maxFrameSize: offeredSize(bytes) });
  const isGreeted = frames[0]?.type === 'AGENT-HELLO';
  if (!isGreeted) {
    if (acks.length > 0) throw new Error('ACKs without a HELLO');
    return;
  }
  const [, ...rest] = asked.frames;
  const sure = askedNotifies(rest).map(({ streamId, frameId }) => `${streamId}:${frameId}`);
  // Until the connection ends, each NOTIFY has its ACK; after that no unexpected ACK comes.
  const isClean = asked.error === undefined && sure.length === rest.filter(({ type }) => type !== 'UNKNOWN').length;
  if (isClean && acks.toSorted().join(' ') !== sure.toSorted().join(' ')) {
    throw new Error(`expected ACKs for ${sure.join(' ')}; found ${acks.join(' ')}`);
  }
  const known = new Map<string, number>();
  for (const { type, streamId, frameId } of rest) {
    const ids = `${streamId}:${frameId}`;
    if (type === 'NOTIFY' || type === 'UNSET') known.set(ids, (known.get(ids) ?? 0) + 1);
  }
  for (const ids of acks) {
    const left = known.get(ids) ?? 0;
    if (left === 0) throw new Error(`an ACK for ${ids}, which nobody asked for`);
    known.set(ids, left - 1);
  }
}

export const connectionTarget: AsyncTarget = {
  name: 'connection',
  checks: 'an agent that is given any bytes answers in whole frames, every NOTIFY once, and is done in the end',
  maxBytes: 600,
  *seeds() {
    for (const { bytes } of readCaptures()) if (bytes.length <= 590) yield Buffer.from([1, 50, ...bytes]);
    yield Buffer.from([0, ...haproxyHello({ healthcheck: true }).toBytes()]);
    // A NOTIFY that comes again is read along the order of the first.
    const asking = notify({ streamId: 1 }).message(checkClientIp, { ua: 'curl', ip: '192.0.2.1' });
    const hello = haproxyHello().toBytes();
    yield Buffer.from([0, ...hello, ...asking.toBytes(), ...asking.toBytes(), ...asking.toBytes()]);
  },
  async run(input) {
    const count = (input[0] ?? 0) & 7;
    const sizes = [...input.subarray(1, 1 + count)];
    const bytes = input.subarray(1 + count);
    checkAnswer(bytes, await converse(bytes, sizes));
  },
};
