import * as fc from 'fast-check';
import { linkNames, pcapngOf, pcapOf, tcpPackets, type Said } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { readPcap, readPcapng } from '../../../src/cli/capture/pcap.ts';
import { SpopFinder } from '../../../src/cli/capture/spop-finder.ts';
import { ack, agentHello, frame, notify } from '../../../src/index.ts';
import {
  preset,
  body,
  said,
  conversation,
  whole,
  allOf,
  found,
  FLAGS,
  Flag,
  packetsOf,
  ETHERNET_AND_IP,
} from './conversation.ts';

function seqOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(ETHERNET_AND_IP + 4);
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

  it('ends a connection with its reset, once', () => {
    const packets = packetsOf();
    // The last three packets are those of the end.
    const [reset] = packets.splice(-3);
    reset![FLAGS]! |= Flag.reset;
    const half = said('haproxy', notify({ streamId: 5 })).bytes.subarray(0, 9);
    const [unfinished] = tcpPackets([{ from: 'client', bytes: half }], {
      hasBeginning: false,
      firstSeq: seqOf(reset!) - 1,
    });
    new DataView(reset!.buffer, reset!.byteOffset).setUint32(ETHERNET_AND_IP + 4, seqOf(reset!) + half.length);
    const again = packetsOf({ firstSeq: 77 });
    expect(found(readPcap(pcapOf([...packets, unfinished!, reset!, ...again])))).toEqual([
      ...whole,
      '#1 haproxy expected a whole frame; found one without its last 2 bytes',
      ...whole.map((line) => line.replace('#1', '#2')),
    ]);
  });

  it('does not recognise a side by frames of an unknown type', () => {
    const unknown = said('haproxy', frame(200, { streamId: 1, frameId: 1 }));
    const lines = found(readPcap(pcapOf(tcpPackets([unknown, ...conversation]))));
    expect(lines).toEqual(whole);
    expect(found(readPcap(pcapOf(tcpPackets([unknown]))))).toEqual([]);
  });

  it('keeps the side that the first frame shows', () => {
    const wrong = [said('haproxy', preset.hello()), said('haproxy', ack({ streamId: 3 })), said('agent', agentHello())];
    expect(found(readPcap(pcapOf(tcpPackets(wrong))))).toEqual([
      '#1 haproxy HAPROXY-HELLO',
      '#1 haproxy ACK 3',
      '#1 agent AGENT-HELLO',
    ]);
  });

  it('does not read frames above its maximum', () => {
    const packets = tcpPackets([said('haproxy', preset.hello()), said('haproxy', notify().message('m', { body }))]);
    expect(allOf(new SpopFinder(4096), packets)).toEqual([
      '#1 haproxy HAPROXY-HELLO',
      '#1 haproxy expected a frame of at most 4096 bytes; found a length of 5019',
    ]);
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
    const one = read === readPcap ? pcapOf(packetsOf().slice(0, 2)) : pcapngOf(packetsOf().slice(0, 2));
    expect(read(one.subarray(0, -5)).problem).toBe('the file is cut off after 1 packet');
  });
});
