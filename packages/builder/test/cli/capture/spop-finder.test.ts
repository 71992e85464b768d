import * as fc from 'fast-check';
import { linkNames, pcapngOf, pcapOf, tcpPackets, type PacketOptions, type Said } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { readPcap, readPcapng, type PacketFile } from '../../../src/cli/capture/pcap.ts';
import { SpopFinder, type FoundFrame } from '../../../src/cli/capture/spop-finder.ts';
import { ack, agentDisconnect, agentHello, haproxy, notify } from '../../../src/index.ts';

const preset = haproxy('3.2');
const body = 'x'.repeat(5000);

function said(from: 'haproxy' | 'agent', frame: { toBytes(): Uint8Array }): Said {
  return { from: from === 'haproxy' ? 'client' : 'server', bytes: frame.toBytes() };
}

const conversation: readonly Said[] = [
  said('haproxy', preset.hello()),
  said('agent', agentHello()),
  said('haproxy', notify().message('m', { body })),
  said('agent', ack().setVar('txn', 'a', 1)),
  said('haproxy', notify({ streamId: 3 }).message('n')),
  said('agent', ack({ streamId: 3 })),
  said('haproxy', preset.disconnect()),
  said('agent', agentDisconnect()),
];

/** One line for each frame of a capture, in the order of their last bytes. */
function found({ packets, problem }: PacketFile): string[] {
  expect(problem).toBeUndefined();
  const finder = new SpopFinder(1 << 20);
  return [...packets.flatMap((packet) => finder.push(packet)), ...finder.end()].map(lineOf);
}

function lineOf({ connection, from, captured: { frame, error } }: FoundFrame): string {
  const ids = frame !== undefined && frame.streamId > 0n ? ` ${frame.streamId}` : '';
  return `#${connection.number} ${from} ${frame?.type ?? error?.reason}${ids}`;
}

const whole = [
  '#1 haproxy HAPROXY-HELLO',
  '#1 agent AGENT-HELLO',
  '#1 haproxy NOTIFY 1',
  '#1 agent ACK 1',
  '#1 haproxy NOTIFY 3',
  '#1 agent ACK 3',
  '#1 haproxy HAPROXY-DISCONNECT',
  '#1 agent AGENT-DISCONNECT',
];

function packetsOf(options: PacketOptions = {}): Uint8Array[] {
  return tcpPackets(conversation, options);
}

describe('SpopFinder', () => {
  it.each(linkNames)('reads %s, IPv4 and IPv6', (link) => {
    expect(found(readPcap(pcapOf(packetsOf({ link }), { link })))).toEqual(whole);
    expect(found(readPcapng(pcapngOf(packetsOf({ link, ipVersion: 6 }), { link })))).toEqual(whole);
  });

  it.each([{}, { isBigEndian: true }, { hasNanoseconds: true }, { isBigEndian: true, hasNanoseconds: true }])(
    'reads pcap and pcapng, %j',
    (options) => {
      for (const file of [readPcap(pcapOf(packetsOf(), options)), readPcapng(pcapngOf(packetsOf(), options))]) {
        expect(found(file)).toEqual(whole);
        expect(file.packets[1]?.time).toBeCloseTo(1_800_000_000.001, 4);
      }
    },
  );

  it('names the sides', () => {
    const finder = new SpopFinder(1 << 20);
    const [first] = readPcap(pcapOf(packetsOf({ ipVersion: 6, port: 4321 }))).packets.flatMap((packet) =>
      finder.push(packet),
    );
    expect(first?.connection).toEqual({ number: 1, haproxy: '[2001:db8::1]:4321', agent: '[2001:db8::2]:9000' });
  });

  it('puts late, repeated and overlapping segments in order, also if sequence numbers wrap', () => {
    const seqs = fc.constantFrom(1000, 2 ** 32 - 10, 2 ** 32 - 3000, 2 ** 31 - 100);
    const moves = fc.array(fc.tuple(fc.nat(200), fc.nat(3), fc.boolean()), { maxLength: 2 });
    fc.assert(
      fc.property(seqs, fc.integer({ min: 40, max: 3000 }), moves, (firstSeq, segmentBytes, moved) => {
        const bySide = { haproxy: [] as string[], agent: [] as string[] };
        const packets = packetsOf({ firstSeq, segmentBytes });
        for (const [place, by, isCopy] of moved) {
          // The three packets of the beginning keep their places.
          const from = 3 + (place % (packets.length - 3));
          const [packet] = isCopy ? [packets[from]!] : packets.splice(from, 1);
          packets.splice(Math.min(from + by, packets.length), 0, packet!);
        }
        for (const line of found(readPcap(pcapOf(packets))))
          bySide[line.includes(' agent ') ? 'agent' : 'haproxy'].push(line);
        expect(bySide).toEqual({
          haproxy: whole.filter((line) => line.includes(' haproxy ')),
          agent: whole.filter((line) => line.includes(' agent ')),
        });
      }),
    );
  });

  it('goes on after a packet that was not captured', () => {
    const packets = packetsOf({ segmentBytes: 1448 });
    // The second of the four packets of the large NOTIFY.
    packets.splice(3 + 2 + 1, 1);
    expect(found(readPcap(pcapOf(packets))).filter((line) => line.includes(' haproxy '))).toEqual([
      '#1 haproxy HAPROXY-HELLO',
      '#1 haproxy expected all bytes; found a capture without 1448 of them',
      '#1 haproxy NOTIFY 3',
      '#1 haproxy HAPROXY-DISCONNECT',
    ]);
  });

  it('goes on after packets that were cut off', () => {
    const lines = found(readPcap(pcapOf(packetsOf(), { snapLength: 400 })));
    expect(lines).toContain('#1 haproxy expected all bytes; found a capture without 1102 of them');
    expect(lines.slice(-5)).toEqual(['#1 agent ACK 1', ...whole.slice(4)]);
  });

  it('begins within a connection, and recognises a new connection with the same ports', () => {
    const middle = tcpPackets(conversation.slice(2), { hasBeginning: false });
    expect(found(readPcap(pcapOf(middle)))).toEqual(whole.slice(2));
    const twice = [...packetsOf(), ...packetsOf({ firstSeq: 77 })];
    expect(found(readPcap(pcapOf(twice)))).toEqual([...whole, ...whole.map((line) => line.replace('#1', '#2'))]);
  });

  it('finds nothing in other traffic', () => {
    const http: Said[] = [
      { from: 'client', bytes: Buffer.from('GET / HTTP/1.1\r\n\r\n') },
      { from: 'server', bytes: Buffer.from('HTTP/1.1 200 OK\r\n\r\n') },
      { from: 'client', bytes: new Uint8Array(3000) },
    ];
    const udp = Buffer.from(packetsOf()[0]!);
    udp[14 + 9] = 17;
    expect(found(readPcap(pcapOf([...tcpPackets(http), udp, Uint8Array.of(1), new Uint8Array(0)])))).toEqual([]);
  });

  it('never throws, for any content of a file', () => {
    const files = [
      pcapOf(packetsOf()),
      pcapngOf(packetsOf()),
      pcapOf(packetsOf({ ipVersion: 6, link: 'vlan' }), { link: 'vlan' }),
    ];
    const spoiled = fc
      .tuple(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(20_000), fc.nat(255)), { maxLength: 40 }),
        fc.nat(20_000),
      )
      .map(([file, bytes, end]) => {
        const copy = Buffer.from(file.subarray(0, end));
        for (const [place, byte] of bytes) copy[place % Math.max(1, copy.length)] = byte;
        return copy;
      });
    fc.assert(
      fc.property(fc.oneof(spoiled, fc.uint8Array()), (bytes) => {
        for (const { packets } of [readPcap(bytes), readPcapng(bytes)]) {
          const finder = new SpopFinder(1 << 20);
          for (const packet of packets) finder.push(packet);
          finder.end();
        }
      }),
    );
  });

  it.each([
    ['pcap', readPcap, pcapOf(packetsOf())],
    ['pcapng', readPcapng, pcapngOf(packetsOf())],
  ])('says that a %s file is cut off', (_, read, file) => {
    expect(read(file.subarray(0, -5))).toMatchObject({
      problem: `the file is cut off after ${packetsOf().length - 1} packets`,
    });
    expect(read(file.subarray(0, 10)).packets).toEqual([]);
  });
});
