import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { framesOf, ReplayedConnection } from '../../src/cli/replayed-connection.ts';
import { ack, agentDisconnect, agentHello, data, frame, notify, unset } from '../../src/index.ts';
import { targetOf } from './peers.ts';
import { asked, came, EVENTS, greeting, noting, preset, replay, sent } from './replaying.ts';

describe('ReplayedConnection', () => {
  it('sends one NOTIFY at a time to an agent without pipelining, and none before it has greeted', async () => {
    const order: string[] = [];
    const connection = await replay(
      noting(order, (type, streamId, socket) => {
        setImmediate(() => {
          order.push(type === 'NOTIFY' ? `ACK ${streamId}` : 'AGENT-HELLO');
          socket.write((type === 'NOTIFY' ? ack({ streamId }) : agentHello({ capabilities: null })).toBytes());
        });
        return [];
      }),
    );
    expect(order).toEqual(['HAPROXY-HELLO', 'AGENT-HELLO', 'NOTIFY 1', 'ACK 1', 'NOTIFY 2', 'ACK 2']);
    expect([connection.failure, connection.acks.length, connection.latencies.length]).toEqual([undefined, 2, 2]);
  });

  it('keeps 20 NOTIFYs in flight', async () => {
    const order: string[] = [];
    const waiting: bigint[] = [];
    const notifies = Array.from({ length: 22 }, (_, index) => asked(index + 1));
    const connection = await replay(
      noting(order, (type, streamId, socket) => {
        if (type === 'HAPROXY-HELLO') return [agentHello()];
        waiting.push(streamId);
        if (waiting.length !== 20 && streamId !== 22n) return [];
        setTimeout(() => {
          order.push('ACKs');
          for (const id of waiting.splice(0, streamId === 22n ? 22 : 2)) socket.write(ack({ streamId: id }).toBytes());
        }, 20);
        return [];
      }),
      { events: [sent(preset.hello()), ...notifies] },
    );
    const names = notifies.map((_, index) => `NOTIFY ${index + 1}`);
    expect(order).toEqual(['HAPROXY-HELLO', ...names.slice(0, 20), 'ACKs', ...names.slice(20), 'ACKs']);
    expect([connection.failure, connection.acks.length, connection.latencies.length]).toEqual([undefined, 22, 22]);
  });

  it('counts a NOTIFY in fragments once its last one is sent, which waits for no answer', async () => {
    const order: string[] = [];
    const connection = await replay(
      noting(order, (type, streamId) => {
        if (type === 'HAPROXY-HELLO') return [agentHello({ capabilities: 'fragmentation' })];
        return order.filter((name) => name === 'UNSET 2').length === 2 && streamId === 2n
          ? [ack({ streamId: 1 }), ack({ streamId })]
          : [];
      }),
      {
        events: [
          sent(preset.hello()),
          sent(notify({ streamId: 2, flags: 0 }).message('m')),
          asked(1),
          sent(unset({ streamId: 2, flags: 0 }, '00')),
          sent(unset({ streamId: 2 }, '00')),
          sent(notify({ streamId: 3, flags: 0 })),
          sent(unset({ streamId: 3, flags: 3 })),
        ],
      },
    );
    expect(order.slice(1, 5)).toEqual(['NOTIFY-FRAGMENT 2', 'NOTIFY 1', 'UNSET 2', 'UNSET 2']);
    expect(order.slice(5)).toEqual(['NOTIFY-FRAGMENT 3', 'UNSET 3']);
    expect([connection.failure, connection.acks.length, connection.latencies.length]).toEqual([undefined, 2, 2]);
  });

  it.each([
    ['after all answers, if it is fast', true, ['ACK', 'HAPROXY-DISCONNECT 0']],
    ['at its time', false, ['HAPROXY-DISCONNECT 0', 'ACK']],
  ])('sends a HAPROXY-DISCONNECT %s', async (_, isFast, last) => {
    const order: string[] = [];
    await replay(
      noting(order, (type, streamId, socket) => {
        if (type === 'HAPROXY-HELLO') return [agentHello()];
        if (type === 'NOTIFY') {
          setTimeout(() => {
            order.push('ACK');
            socket.write(ack({ streamId }).toBytes());
          }, 30);
        }
        return [];
      }),
      { isFast, events: [sent(preset.hello()), asked(1), sent(preset.disconnect())] },
    );
    expect(order).toEqual(['HAPROXY-HELLO', 'NOTIFY 1', ...last]);
  });

  it('sends bytes that are no frame as they are, before any greeting too, and none of the agent', async () => {
    const target = Promise.withResolvers<string>();
    const { address } = await targetOf((socket) => {
      socket.setEncoding('utf8').on('data', target.resolve);
      socket.on('end', () => socket.end());
    });
    const events = [sent(Buffer.from('ping?')), came(agentHello())];
    const options = {
      target: { text: '', address, tls: undefined, timeoutMs: 20_000 },
      isFast: true,
      signal: new AbortController().signal,
    };
    await new ReplayedConnection(events, options).run();
    expect(await target.promise).toBe('ping?');
  });

  it('opens a connection without events, and ends it', async () => {
    let ends = 0;
    const onEnd = (socket: Socket): void => void socket.end(() => ends++);
    expect((await replay(greeting, { events: [], isFast: false, onEnd })).failure).toBeUndefined();
    expect(ends).toBe(1);
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

  it.each([
    ['has the status of a DISCONNECT', agentDisconnect({ statusCode: 4 }), 4],
    ['has it after the message too', agentDisconnect({ statusCode: null }).item('status-code', data.uint32(5)), 5],
    ['has no status of a DISCONNECT without one', agentDisconnect({ statusCode: null }), Number.NaN],
    ['has no status that is NULL', agentDisconnect({ statusCode: null }).item('status-code', data.nil), Number.NaN],
  ])('%s', async (_, disconnect, status) => {
    const connection = await replay((type, _id, socket) => {
      if (type === 'HAPROXY-HELLO') socket.end(disconnect.toBytes());
      return [];
    });
    expect(connection.status).toBe(status);
    expect(connection.failure).toBe('the agent closed the connection');
  });

  it('has a latency for the first ACK of each NOTIFY', async () => {
    const start = performance.now();
    const connection = await replay((type, streamId, socket) =>
      type === 'NOTIFY' ? [ack({ streamId }), ack({ streamId })] : greeting(type, streamId, socket),
    );
    const all = performance.now() - start;
    expect(connection.acks.map(({ streamId }) => streamId)).toEqual([1n, 1n, 2n, 2n]);
    expect(connection.latencies).toHaveLength(2);
    for (const latency of connection.latencies) expect(latency > 0 && latency < all).toBe(true);
  });

  it('waits for the last answer', async () => {
    const connection = await replay((type, streamId, socket) => {
      if (type === 'HAPROXY-HELLO') return [agentHello()];
      setTimeout(() => socket.write(ack({ streamId }).toBytes()), 30);
      return [];
    });
    expect([connection.failure, connection.acks.length]).toEqual([undefined, 2]);
  });

  it('sends nothing after an answer that does not come', async () => {
    const order: string[] = [];
    const connection = await replay(
      noting(order, (type) => (type === 'HAPROXY-HELLO' ? [agentHello({ capabilities: '' })] : [])),
      { timeoutMs: 40 },
    );
    expect(order).toEqual(['HAPROXY-HELLO', 'NOTIFY 1']);
    expect(connection.failure).toBe('no answer came within 40 ms');
  });
});

describe('framesOf', () => {
  it('finds none in an event without bytes, or in bytes that are no frame', () => {
    expect(EVENTS.map((event) => framesOf(event).length)).toEqual([0, 1, 1, 1, 0]);
    const bytes = ack().raw('09').toBytes();
    expect(framesOf({ seconds: 0, connection: 1, kind: 'bytes', from: 'agent', bytes })).toEqual([]);
  });
});
