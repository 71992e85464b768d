/** Makes captures, as tcpdump and Wireshark write them, from the bytes of two sides, without privileges or a network. */

/** One write of one side. */
export interface Said {
  readonly from: 'client' | 'server';
  readonly bytes: Uint8Array;
}

/** Options of packets. */
export interface PacketOptions {
  /** The port of the client; the server's is 9000. */
  readonly port?: number;
  readonly ipVersion?: 4 | 6;
  /** Maximum bytes of a segment; 1448 by default. */
  readonly segmentBytes?: number;
  /** The first sequence number of both sides. */
  readonly firstSeq?: number;
  /** The link layer; Ethernet by default. */
  readonly link?: LinkName;
  /** Whether the capture has the three packets at the beginning of a connection; true by default. */
  readonly hasBeginning?: boolean;
}

/** Link layers with their LINKTYPE_ and the bytes before the IP packet, by the version of IP. */
const LINKS = {
  ethernet: { linkType: 1, header: (version: 4 | 6) => [...zeros(12), ...etherType(version)] },
  vlan: { linkType: 1, header: (version: 4 | 6) => [...zeros(12), 0x81, 0, 0, 5, ...etherType(version)] },
  cooked: { linkType: 113, header: (version: 4 | 6) => [...zeros(14), ...etherType(version)] },
  cooked2: { linkType: 276, header: (version: 4 | 6) => [...etherType(version), ...zeros(18)] },
  loopback: { linkType: 0, header: (version: 4 | 6) => [version === 4 ? 2 : 30, 0, 0, 0] },
  raw: { linkType: 101, header: () => [] },
} as const;

/** A link layer that {@link tcpPackets} can write. */
export type LinkName = keyof typeof LINKS;

/** The names of {@link LinkName}. */
export const linkNames: readonly LinkName[] = ['ethernet', 'vlan', 'cooked', 'cooked2', 'loopback', 'raw'];

const SERVER_PORT = 9000;
const Flag = { fin: 1, syn: 2, push: 8, ack: 16 } as const;

/** The packets of one TCP connection, from its SYN to its FINs. */
export function tcpPackets(conversation: readonly Said[], options: PacketOptions = {}): Uint8Array[] {
  const { segmentBytes = 1448, firstSeq = 1000, hasBeginning = true } = options;
  const next = { client: firstSeq, server: firstSeq };
  const packets: Uint8Array[] = [];
  const send = (from: Said['from'], flags: number, bytes: Uint8Array = new Uint8Array(0)): void => {
    const to = from === 'client' ? 'server' : 'client';
    packets.push(ipPacket(from, { seq: next[from], ack: next[to], flags, bytes }, options));
    next[from] += bytes.length + ((flags & (Flag.syn | Flag.fin)) === 0 ? 0 : 1);
  };
  send('client', Flag.syn);
  send('server', Flag.syn | Flag.ack);
  send('client', Flag.ack);
  const beginning = packets.length;
  for (const { from, bytes } of conversation) {
    for (let start = 0; start < bytes.length; start += segmentBytes) {
      send(from, Flag.push | Flag.ack, bytes.subarray(start, start + segmentBytes));
    }
  }
  send('client', Flag.fin | Flag.ack);
  send('server', Flag.fin | Flag.ack);
  send('client', Flag.ack);
  return hasBeginning ? packets : packets.slice(beginning);
}

/** A pcap file, one millisecond between packets. */
export function pcapOf(
  packets: readonly Uint8Array[],
  { link = 'ethernet', isBigEndian = false, hasNanoseconds = false, snapLength = 262_144 }: FileOptions = {},
): Buffer {
  const words = (...numbers: number[]): Buffer => uint32s(numbers, isBigEndian);
  const magic = hasNanoseconds ? 0xa1b23c4d : 0xa1b2c3d4;
  const version = isBigEndian ? 0x0002_0004 : 0x0004_0002;
  const records = packets.flatMap((packet, index) => {
    const captured = packet.subarray(0, snapLength);
    const fraction = (index % 1000) * (hasNanoseconds ? 1_000_000 : 1000);
    return [words(1_800_000_000 + Math.floor(index / 1000), fraction, captured.length, packet.length), captured];
  });
  return Buffer.concat([words(magic, version, 0, 0, snapLength, LINKS[link].linkType), ...records]);
}

/** A pcapng file, one millisecond between packets; its times are in nanoseconds. */
export function pcapngOf(
  packets: readonly Uint8Array[],
  { link = 'ethernet', isBigEndian = false }: FileOptions = {},
): Buffer {
  const words = (...numbers: number[]): Buffer => uint32s(numbers, isBigEndian);
  const halves = (high: number, low: number): number => (isBigEndian ? high * 0x10000 + low : low * 0x10000 + high);
  const block = (type: number, body: Uint8Array): Buffer => {
    const padded = Buffer.concat([body, new Uint8Array((4 - (body.length % 4)) % 4)]);
    return Buffer.concat([words(type, padded.length + 12), padded, words(padded.length + 12)]);
  };
  const section = block(0x0a0d0d0a, words(0x1a2b3c4d, halves(1, 0), 0xffffffff, 0xffffffff));
  const resolution = Buffer.concat([words(halves(9, 1)), Uint8Array.of(9, 0, 0, 0), words(0)]);
  const face = block(1, Buffer.concat([words(halves(LINKS[link].linkType, 0), 262_144), resolution]));
  const records = packets.map((packet, index) => {
    const time = (1_800_000_000n * 1000n + BigInt(index)) * 1_000_000n;
    const head = words(0, Number(time >> 32n), Number(time & 0xffffffffn), packet.length, packet.length);
    return block(6, Buffer.concat([head, packet]));
  });
  return Buffer.concat([section, face, block(0x0bad, words(1)), ...records]);
}

/** Options of a capture file. */
export interface FileOptions {
  /** The link layer of the packets; Ethernet by default. */
  readonly link?: LinkName;
  readonly isBigEndian?: boolean;
  /** For pcap; pcapng files always have nanoseconds here. */
  readonly hasNanoseconds?: boolean;
  /** Maximum bytes of a packet that are kept, in pcap; all by default. */
  readonly snapLength?: number;
}

interface Segment {
  readonly seq: number;
  readonly ack: number;
  readonly flags: number;
  readonly bytes: Uint8Array;
}

function ipPacket(from: Said['from'], segment: Segment, options: PacketOptions): Uint8Array {
  const { port = 40_000, ipVersion = 4, link = 'ethernet' } = options;
  const [source, target] = from === 'client' ? [port, SERVER_PORT] : [SERVER_PORT, port];
  const isFirst = (segment.flags & Flag.syn) !== 0 && (segment.flags & Flag.ack) === 0;
  const tcp = Buffer.concat([
    uint16s([source, target]),
    uint32s([segment.seq >>> 0, isFirst ? 0 : segment.ack >>> 0], true),
    // Five words of header; a window, no checksum, no urgent pointer.
    Uint8Array.of(0x50, segment.flags, 0xff, 0xff, 0, 0, 0, 0),
    segment.bytes,
  ]);
  const last = from === 'client' ? 1 : 2;
  const other = 3 - last;
  const ip =
    ipVersion === 4
      ? [0x45, 0, ...uint16s([tcp.length + 20]), 0, 0, 0x40, 0, 64, 6, 0, 0, 127, 0, 0, last, 127, 0, 0, other]
      : [0x60, 0, 0, 0, ...uint16s([tcp.length]), 6, 64, ...ipv6(last), ...ipv6(other)];
  return Buffer.concat([Uint8Array.from(LINKS[link].header(ipVersion)), Uint8Array.from(ip), tcp]);
}

function ipv6(last: number): number[] {
  return [0x20, 0x01, 0x0d, 0xb8, ...zeros(11), last];
}

function zeros(count: number): number[] {
  return Array.from({ length: count }, () => 0);
}

function etherType(version: 4 | 6): readonly number[] {
  return version === 4 ? [0x08, 0x00] : [0x86, 0xdd];
}

function uint16s(numbers: readonly number[]): Uint8Array {
  return Uint8Array.from(numbers.flatMap((number) => [(number >> 8) & 0xff, number & 0xff]));
}

function uint32s(numbers: readonly number[], isBigEndian: boolean): Buffer {
  const bytes = Buffer.alloc(numbers.length * 4);
  for (const [index, number] of numbers.entries()) {
    if (isBigEndian) bytes.writeUInt32BE(number, index * 4);
    else bytes.writeUInt32LE(number, index * 4);
  }
  return bytes;
}
