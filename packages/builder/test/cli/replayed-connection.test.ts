import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { SessionEvent } from '../../src/cli/capture/session-file.ts';
import { framesOf, ReplayedConnection } from '../../src/cli/replayed-connection.ts';
import { ack, agentDisconnect, agentHello, frame, haproxy, notify, parseStream } from '../../src/index.ts';
import { targetOf } from './peers.ts';

const preset = haproxy('3.2');

/** HAProxy's side of a recorded connection: its HELLO, and two NOTIFYs. */
const EVENTS: readonly SessionEvent[] = [
  { seconds: 0, connection: 1, kind: 'open' },
  ...[preset.hello(), notify({ streamId: 1 }).message('m'), notify({ streamId: 2 }).message('m')].map(
    (one): SessionEvent => ({ seconds: 0, connection: 1, kind: 'bytes', from: 'haproxy', bytes: one.toBytes() }),
  ),
  { seconds: 0, connection: 1, kind: 'close', from: 'haproxy' },
];

/** Replays {@link EVENTS} to an agent that answers each frame of HAProxy by `answer`. */
async function replay(
  answer: (type: string, streamId: bigint, socket: Socket) => readonly { toBytes(): Uint8Array }[],
): Promise<ReplayedConnection> {
  const target = await targetOf((socket) => {
    socket.on('data', (chunk: Buffer) => {
      for (const { type, streamId } of parseStream(chunk).frames) {
        for (const one of answer(type, streamId, socket)) socket.write(one.toBytes());
      }
    });
    socket.on('end', () => socket.end());
  });
  const connection = new ReplayedConnection(EVENTS, { target, isFast: true, signal: new AbortController().signal });
  await connection.run();
  return connection;
}

describe('ReplayedConnection', () => {
  it('sends one NOTIFY at a time to an agent without pipelining', async () => {
    const order: string[] = [];
    const connection = await replay((type, streamId, socket) => {
      order.push(`${type} ${streamId}`);
      if (type === 'HAPROXY-HELLO') return [agentHello({ capabilities: null })];
      setImmediate(() => {
        order.push(`ACK ${streamId}`);
        socket.write(ack({ streamId }).toBytes());
      });
      return [];
    });
    expect(order).toEqual(['HAPROXY-HELLO 0', 'NOTIFY 1', 'ACK 1', 'NOTIFY 2', 'ACK 2']);
    expect([connection.failure, connection.acks.length, connection.latencies.length]).toEqual([undefined, 2, 2]);
  });

  it('takes ACKs that answer nothing, without a latency, and skips frames that are none of an agent’s', async () => {
    const connection = await replay((type, streamId) =>
      type === 'HAPROXY-HELLO' ? [agentHello(), frame(200), ack({ streamId: 9 })] : [ack({ streamId })],
    );
    expect(connection.acks.map(({ streamId }) => streamId)).toEqual([9n, 1n, 2n]);
    expect([connection.failure, connection.latencies.length]).toEqual([undefined, 2]);
  });

  it('says which frame of the agent was wrong', async () => {
    const connection = await replay((type, streamId) =>
      type === 'HAPROXY-HELLO' ? [agentHello()] : [ack({ streamId: 7 }).raw('09'), ack({ streamId })],
    );
    expect(connection.failure).toMatch(/^the agent sent a wrong frame: SPOP_BAD_ACTION/);
    expect(connection.acks).toHaveLength(2);
  });

  it('says that the connection broke, if the agent resets it before its ACKs', async () => {
    const connection = await replay((type, _, socket) => {
      if (type === 'HAPROXY-HELLO') return [agentHello()];
      socket.resetAndDestroy();
      return [];
    });
    expect(connection.failure).toMatch(/^the connection broke: .*ECONNRESET/);
  });

  it('has no status of a DISCONNECT without one', async () => {
    const connection = await replay((type, _, socket) => {
      if (type === 'HAPROXY-HELLO') socket.end(agentDisconnect({ statusCode: null }).toBytes());
      return [];
    });
    expect(connection.status).toBeNaN();
  });
});

describe('framesOf', () => {
  it('finds none in an event without bytes, or in bytes that are no frame', () => {
    expect(EVENTS.map((event) => framesOf(event).length)).toEqual([0, 1, 1, 1, 0]);
    const bytes = ack().raw('09').toBytes();
    expect(framesOf({ seconds: 0, connection: 1, kind: 'bytes', from: 'agent', bytes })).toEqual([]);
  });
});
