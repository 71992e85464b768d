import { tcpPackets, type Said } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { SpopFinder } from '../../../src/cli/capture/spop-finder.ts';
import { ack, notify } from '../../../src/index.ts';
import {
  said,
  conversation,
  lineOf,
  whole,
  packetOf,
  allOf,
  FLAGS,
  Flag,
  withFlags,
  packetsOf,
} from './conversation.ts';

describe('the connections of SpopFinder', () => {
  it('are counted, as are those that speak SPOP, and packets of none', () => {
    const finder = new SpopFinder(1 << 20);
    const other = tcpPackets([{ from: 'client', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') }], { port: 5000 });
    const second = packetsOf({ port: 6000 });
    const mixed = packetsOf().flatMap((packet, index) => [packet, other[index], second[index], Uint8Array.of(1)]);
    allOf(
      finder,
      mixed.filter((packet) => packet !== undefined),
    );
    const { connections, found, otherPackets } = finder;
    expect({ connections, found, otherPackets }).toEqual({ connections: 3, found: 2, otherPackets: second.length });
  });

  it('name both sides also if the agent speaks first', () => {
    const [packet] = tcpPackets(conversation.slice(3), { hasBeginning: false });
    const [first] = new SpopFinder(1 << 20).push(packetOf(packet!));
    expect(first?.connection).toEqual({ number: 1, haproxy: '127.0.0.1:40000', agent: '127.0.0.2:9000' });
  });

  const [syn, synAck, opened, ...rest] = packetsOf();
  it.each<[string, (Uint8Array | undefined)[]]>([
    ['a repeated SYN', [syn, syn, synAck, syn, opened, ...rest]],
    ['a late SYN of the agent', [syn, synAck, opened, rest[0], synAck, ...rest.slice(1)]],
    [
      'packets without ACK',
      [syn, synAck, opened, ...rest.map((packet) => withFlags(packet, packet[FLAGS]! & ~Flag.ack))],
    ],
    [
      'a reset without ACK',
      [syn, synAck, opened, ...rest.slice(0, -3), withFlags(rest.at(-3)!, Flag.reset), rest.at(-3)],
    ],
  ])('go on with %s', (_, packets) => {
    const finder = new SpopFinder(1 << 20);
    expect(
      allOf(
        finder,
        packets.filter((packet) => packet !== undefined),
      ),
    ).toEqual(whole);
    expect(finder.connections).toBe(1);
  });

  it('end with a reset, and only once', () => {
    const half = notify({ streamId: 5 }).toBytes().subarray(0, 9);
    const packets = tcpPackets([...conversation.slice(0, 2), { from: 'client', bytes: half }]).slice(0, -2);
    const finder = new SpopFinder(1 << 20);
    const reset = withFlags(packets.pop()!, Flag.reset | Flag.ack);
    for (const packet of packets) finder.push(packetOf(packet));
    expect(finder.push(packetOf(reset)).map(lineOf)).toEqual([
      '#1 haproxy expected a whole frame; found one without its last 2 bytes',
    ]);
    expect(finder.end()).toEqual([]);
  });

  it('end with what both sides left incomplete, that of the first sender first', () => {
    const halves: Said[] = [
      { from: 'server', bytes: ack().toBytes().subarray(0, 9) },
      { from: 'client', bytes: notify().toBytes().subarray(0, 8) },
    ];
    const packets = tcpPackets([...conversation.slice(0, 2), ...halves]).slice(0, -3);
    expect(allOf(new SpopFinder(1 << 20), packets).slice(2)).toEqual([
      '#1 haproxy expected a whole frame; found one without its last 3 bytes',
      '#1 agent expected a whole frame; found one without its last 2 bytes',
    ]);
  });

  it('go on after a lost packet once the other side has acknowledged it in 8', () => {
    const lost = notify({ streamId: 1 });
    const answers = Array.from({ length: 8 }, (_, index) => said('agent', ack({ streamId: index })));
    const packets = tcpPackets([
      ...conversation.slice(0, 2),
      said('haproxy', lost),
      said('haproxy', notify({ streamId: 2 })),
      ...answers,
    ]);
    packets.splice(3 + 2, 1);
    const finder = new SpopFinder(1 << 20);
    const lines = packets.map((packet, time) => finder.push(packetOf(packet, time)).map(lineOf));
    // The acknowledgement comes before the ACK in the same packet.
    expect(lines[3 + 2 + 1 + 7]).toEqual([
      `#1 haproxy expected all bytes; found a capture without ${lost.toBytes().length} of them`,
      '#1 haproxy NOTIFY 2',
      '#1 agent ACK 7',
    ]);
    expect(lines.flat()).toHaveLength(2 + 2 + answers.length);
  });
});
