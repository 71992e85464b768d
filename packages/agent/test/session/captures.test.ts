import { setImmediate as nextTurn } from 'node:timers/promises';
import { parse, type PlainFrame, reassemble } from '@spop/builder';
import '@spop/builder/vitest';
import { defineVariable, int32 } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { type Capture, piecesOf, readCaptures } from '@spop-internal/testbed/captures';
import { connectRaw, eventually, type RawPeer, startAgent } from '../harness.ts';

const count = defineVariable('txn', 'count', int32);

/** The answers of an agent to a capture: types and ids. */
function expectedAnswers(capture: Capture): string[] {
  const frames = parse(capture.bytes);
  const answers = reassemble(frames).flatMap((frame): string[] => {
    if (frame.type === 'NOTIFY') return [`ACK ${frame.streamId}:${frame.frameId}`];
    if (frame.type === 'HAPROXY-HELLO') return ['AGENT-HELLO 0:0'];
    return frame.type === 'HAPROXY-DISCONNECT' ? ['AGENT-DISCONNECT 0:0'] : [];
  });
  return answers;
}

function answerOf({ type, streamId, frameId }: PlainFrame): string {
  return `${type} ${streamId}:${frameId}`;
}

/** Sends the pieces one by one, ends its side, and waits for the agent to end its own. */
async function replay(peer: RawPeer, pieces: readonly Uint8Array[]): Promise<void> {
  for (const piece of pieces) {
    peer.send(piece);
    await nextTurn();
  }
  peer.stream.end();
  expect(await eventually(() => peer.ending() !== undefined)).toBe(true);
  expect(peer.ending()).toBe('end');
}

const captures = readCaptures();

it('finds the captures', () => {
  expect(captures).toHaveLength(90);
  expect(captures.flatMap((capture) => expectedAnswers(capture)).length).toBeGreaterThan(600);
});

describe.each(captures.map((capture) => [capture.label, capture] as const))('%s is answered', (_label, capture) => {
  it.each([
    ['whole', 'IPv4', [capture.bytes]],
    ['by its recorded read sizes', 'IPv4', piecesOf(capture)],
    ['whole, in memory', 'memory', [capture.bytes]],
    ['byte by byte', 'memory', Array.from(capture.bytes, (_, i) => capture.bytes.subarray(i, i + 1))],
  ] as const)('%s: one ACK for each NOTIFY, and its HELLO and DISCONNECT', async (_, link, pieces) => {
    const { target, reports } = await startAgent({
      link,
      setup: (agent) =>
        agent.onNotify((notify, ack) => {
          let total = 0;
          const messages = notify.walk();
          while (messages.next()) while (messages.nextArgument()) total += messages.value.type;
          ack.set(count, total);
        }),
    });
    const peer = await connectRaw(target);
    await replay(peer, pieces);
    const frames = peer.frames();
    expect(frames.map(answerOf)).toEqual(expectedAnswers(capture));
    const acks = frames.filter((frame) => frame.type === 'ACK');
    expect(acks.every(({ actions }) => actions.length === 1)).toBe(true);
    for (const frame of frames.slice(-1)) if (frame.type === 'AGENT-DISCONNECT') expect(frame).toBeDisconnect(0);
    expect([...reports.protocolError, ...reports.handlerError, ...reports.transportError]).toEqual([]);
  });
});
