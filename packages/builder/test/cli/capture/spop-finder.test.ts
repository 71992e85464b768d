import * as fc from 'fast-check';
import { linkNames, pcapngOf, pcapOf, tcpPackets, type PacketOptions, type Said } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { readPcap, readPcapng, type PacketFile } from '../../../src/cli/capture/pcap.ts';
import { SpopFinder, type FoundFrame } from '../../../src/cli/capture/spop-finder.ts';
import { ack, agentDisconnect, agentHello, frame, haproxy, notify } from '../../../src/index.ts';

const preset = haproxy('3.2');
const body = 'x'.repeat(5000);
const ETHERNET_AND_IP = 14 + 20;

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

function seqOf(packet: Uint8Array): number {
  return new DataView(packet.buffer, packet.byteOffset).getUint32(ETHERNET_AND_IP + 4);
}

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

  it('ends a connection with its reset, once', () => {
    const packets = packetsOf();
    // The last three packets are those of the end.
    const [reset] = packets.splice(-3);
    reset![ETHERNET_AND_IP + 13]! |= 4;
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

describe('readPcapng', () => {
  /** A block of little-endian words, and bytes, with its lengths. */
  function block(type: number, words: readonly number[], data: Uint8Array = new Uint8Array(0)): Buffer {
    const length = 12 + words.length * 4 + data.length;
    const bytes = Buffer.alloc(length);
    for (const [index, word] of [type, length, ...words].entries()) bytes.writeUInt32LE(word, index * 4);
    bytes.set(data, 8 + words.length * 4);
    bytes.writeUInt32LE(length, length - 4);
    return bytes;
  }
  const read = (blocks: readonly Buffer[]): PacketFile => readPcapng(Uint8Array.from(Buffer.concat(blocks)));
  const section = block(0x0a0d0d0a, [0x1a2b3c4d, 1, 0xffffffff, 0xffffffff]);
  const ethernet = block(1, [1, 0]);
  const bytes = Uint8Array.of(1, 2, 3, 4);

  it('reads simple packets, which have no time, and obsolete ones', () => {
    // An obsolete block has 16 bits for its interface, and 16 for the number of lost packets.
    expect(read([section, ethernet, block(3, [3], bytes), block(2, [0x00050000, 0, 7, 4, 4], bytes)])).toEqual({
      packets: [
        { time: undefined, linkType: 1, data: bytes.subarray(0, 3) },
        { time: 7e-6, linkType: 1, data: bytes },
      ],
      problem: undefined,
    });
  });

  it('reads times in parts of a power of 2', () => {
    const option = Uint8Array.of(9, 0, 1, 0, 0x80 + 10, 0, 0, 0);
    const file = read([section, block(1, [113, 0], option), block(6, [0, 0, 512, 4, 4], bytes)]);
    expect(file.packets).toEqual([{ time: 0.5, linkType: 113, data: bytes }]);
  });

  it('skips packets of an interface that is not described', () => {
    const packets = [block(3, [4], bytes), block(6, [1, 0, 0, 4, 4], bytes), block(6, [0, 0, 0, 4], bytes)];
    expect(read([section, ...packets])).toEqual({ packets: [], problem: undefined });
    // Each section describes its own.
    expect(read([section, ethernet, section, ...packets]).packets).toEqual([]);
  });

  it('refuses a section without byte order', () => {
    const wrong = Buffer.from(section);
    wrong[8] = 0;
    expect(read([section, wrong])).toEqual({
      packets: [],
      problem: 'the section at byte 28 has no byte order',
    });
  });
});
