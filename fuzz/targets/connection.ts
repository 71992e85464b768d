import { setImmediate as nextTurn } from 'node:timers/promises';
import { createAgent } from '@spop/agent';
import { haproxyHello, notify, parseStream, type PlainFrame, type ScriptedHaproxy } from '@spop/builder';
import { address, DEFAULT_MAX_FRAME_SIZE, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';
import * as fc from 'fast-check';
import { anyStream, chunkSizes } from '../support/arbitraries.ts';
import { expectSame } from '../support/plain-frames.ts';
import { connectTo, expectNoViolation, idsOf, sendPieces } from '../support/haproxy.ts';
import { capturedStreams, type Target } from './target.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: optional(address), ua: optional(string) });
const later = defineMessage('later', { x: optional(string) });
const score = defineVariable('sess', 'score', int32);
const MAX_FRAME_SIZE = 1 << 20;

/** A HAProxy that sent these bytes to an agent, and ended its side after so many turns of the event loop. */
async function converse(bytes: Uint8Array, sizes: readonly number[], turns: number): Promise<ScriptedHaproxy> {
  const agent = createAgent({
    helloTimeoutMs: 0,
    partialFrameTimeoutMs: 0,
    maxReassembledBytes: 2_000,
    lingerTimeoutMs: 1,
    // Without a hook each error is a warning of the process.
    hooks: { protocolError: () => {}, handlerError: () => {} },
  })
    .onMessage(checkClientIp, (message, ack) => {
      if (message.ip !== undefined) ack.set(score, message.ip.byteAt(0));
    })
    .onMessage(later, () => nextTurn())
    .onNotify(async (all) => {
      const walk = all.walk();
      while (walk.next()) if (walk.name.equals('wait')) return nextTurn();
    });
  const haproxy = await connectTo(agent);
  sendPieces(haproxy, bytes, sizes);
  for (let turn = 0; turn < turns; turn++) await nextTurn();
  haproxy.end();
  await haproxy.closed();
  await agent.close();
  expectSame([agent.connectionCount, agent.inFlightCount], [0, 0]);
  return haproxy;
}

/** The max-frame-size of a HELLO, as far as the agent takes it over: 1 MiB at most. */
function offeredSize(hello: PlainFrame | undefined): number {
  const items = hello !== undefined && 'items' in hello ? hello.items : [];
  const size = items.findLast(({ name }) => name === 'max-frame-size')?.value;
  return size !== undefined && 'value' in size ? Math.min(Number(size.value), MAX_FRAME_SIZE) : DEFAULT_MAX_FRAME_SIZE;
}

function checkAnswer(bytes: Uint8Array, haproxy: ScriptedHaproxy): void {
  expectNoViolation(haproxy);
  const acks = haproxy.received.filter(({ type }) => type === 'ACK').map(idsOf);
  if (haproxy.received[0]?.type !== 'AGENT-HELLO') return expectSame(acks, []);
  const asked = parseStream(bytes, { maxFrameSize: offeredSize(parseStream(bytes).frames[0]) });
  const rest = asked.frames.slice(1).filter(({ type }) => type !== 'UNKNOWN');
  // If nothing is wrong and nothing ends the connection, each NOTIFY has its ACK.
  const isClean = asked.error === undefined && rest.every(({ type }) => type === 'NOTIFY');
  if (isClean) expectSame(acks.toSorted(), rest.map(idsOf).toSorted());
  // No ACK comes that nobody asked for.
  const left = rest.filter(({ type }) => type === 'NOTIFY' || type === 'UNSET').map(idsOf);
  for (const ids of acks) {
    if (!left.includes(ids)) throw new Error(`expected an ACK for one of ${left.join(' ')}; found one for ${ids}`);
    left.splice(left.indexOf(ids), 1);
  }
}

export const connectionTarget: Target = {
  name: 'connection',
  checks: 'an agent that is given any bytes answers in whole frames, every NOTIFY once, and is done in the end',
  maxBytes: 600,
  seeds() {
    const asking = notify({ streamId: 1 }).message(checkClientIp, { ua: 'curl', ip: '192.0.2.1' }).toBytes();
    return [
      ...capturedStreams(590).map((bytes) => Buffer.from([1, 50, ...bytes])),
      Buffer.from([0, ...haproxyHello({ healthcheck: true }).toBytes()]),
      // A NOTIFY that comes again is read along the order of the first.
      Buffer.from([0, ...haproxyHello().toBytes(), ...asking, ...asking, ...asking]),
    ];
  },
  inputs: () =>
    fc
      .tuple(chunkSizes(), anyStream())
      .map(([sizes, bytes]) => Buffer.from([sizes.length, ...sizes, ...haproxyHello().toBytes(), ...bytes])),
  async run(input) {
    // The first byte: the number of chunk sizes after it, and whether HAProxy waits before it ends its side.
    const [how = 0] = input;
    const count = how & 7;
    const bytes = input.subarray(1 + count);
    checkAnswer(bytes, await converse(bytes, [...input.subarray(1, 1 + count)], how & 8));
  },
};
