import { ipv4Text, ipv6Text } from '../../data/address.ts';
import { byteAt } from '../../data/text.ts';
import type { Packet } from './pcap.ts';

/** One TCP segment. */
export interface TcpSegment {
  /** `address:port` of the sender. */
  readonly from: string;
  /** `address:port` of the receiver. */
  readonly to: string;
  readonly seq: number;
  /** The acknowledged sequence number; undefined without ACK. */
  readonly ack: number | undefined;
  readonly isSyn: boolean;
  readonly isFin: boolean;
  readonly isReset: boolean;
  readonly payload: Uint8Array;
  /** The number of bytes at the end that the capture cut off. */
  readonly missing: number;
}

const IPV4 = 0x0800;
const IPV6 = 0x86dd;
const VLAN = new Set([0x8100, 0x88a8, 0x9100]);
const TCP = 6;
/** The extension headers of IPv6 with a length field: hop-by-hop, routing and destination options (RFC 8200 §4). */
const EXTENSIONS = new Set([0, 43, 60]);
const Flag = { Fin: 1, Syn: 2, Reset: 4, Ack: 16 } as const;
/** The families of BSD's loopback for IPv6; 2 is IPv4. */
const LOOPBACK_IPV6 = new Set([10, 24, 28, 30]);

/** An IP packet with its version. */
interface IpPacket {
  readonly version: number;
  readonly data: Uint8Array;
}

/** The TCP segment in a packet; undefined if it has none that can be read. */
export function tcpSegmentOf(packet: Packet): TcpSegment | undefined {
  const ip = ipPacketOf(packet);
  if (ip === undefined) return undefined;
  return ip.version === 4 ? fromIpv4(ip.data) : fromIpv6(ip.data);
}

/** The IP packet in a link layer of Linux, in BSD's loopback, or without a link layer. */
function ipPacketOf({ linkType, data }: Packet): IpPacket | undefined {
  switch (linkType) {
    case 1:
      return fromEtherType(data, 12);
    case 113:
      return fromEtherType(data, 14);
    case 276:
      return withVersion(uint16(data, 0), data.subarray(20));
    case 0:
    case 108:
      return fromLoopback(data);
    case 12:
    case 101:
    case 228:
    case 229:
      return { version: byteAt(data, 0) >> 4, data };
    default:
      return undefined;
  }
}

function fromEtherType(data: Uint8Array, offset: number): IpPacket | undefined {
  let place = offset;
  while (VLAN.has(uint16(data, place))) place += 4;
  return withVersion(uint16(data, place), data.subarray(place + 2));
}

function withVersion(etherType: number, data: Uint8Array): IpPacket | undefined {
  if (etherType === IPV4) return { version: 4, data };
  return etherType === IPV6 ? { version: 6, data } : undefined;
}

/** The IP packet in BSD's loopback, whose family has the byte order of the capturing machine. */
function fromLoopback(data: Uint8Array): IpPacket | undefined {
  const family = Math.max(byteAt(data, 0), byteAt(data, 3));
  const rest = data.subarray(4);
  if (family === 2) return { version: 4, data: rest };
  return LOOPBACK_IPV6.has(family) ? { version: 6, data: rest } : undefined;
}

function fromIpv4(data: Uint8Array): TcpSegment | undefined {
  const headerLength = (byteAt(data, 0) & 15) * 4;
  const fragment = uint16(data, 6) & 0x3fff;
  if (byteAt(data, 0) >> 4 !== 4 || headerLength < 20 || data[9] !== TCP || fragment !== 0) return undefined;
  // The length is 0 if a network card cuts the packet later.
  const total = uint16(data, 2) || data.length;
  const [from, to] = [ipv4Text(data.subarray(12, 16)), ipv4Text(data.subarray(16, 20))];
  return fromTcp(data.subarray(headerLength, total), total - headerLength, from, to);
}

function fromIpv6(data: Uint8Array): TcpSegment | undefined {
  if (data.length < 40 || byteAt(data, 0) >> 4 !== 6) return undefined;
  const total = (uint16(data, 4) || data.length - 40) + 40;
  let next = byteAt(data, 6);
  let offset = 40;
  while (EXTENSIONS.has(next) && offset + 2 <= data.length) {
    next = byteAt(data, offset);
    offset += (byteAt(data, offset + 1) + 1) * 8;
  }
  if (next !== TCP) return undefined;
  const [from, to] = [`[${ipv6Text(data.subarray(8, 24))}]`, `[${ipv6Text(data.subarray(24, 40))}]`];
  return fromTcp(data.subarray(offset, total), total - offset, from, to);
}

/** The TCP segment in an IP payload; `length` is the number of its bytes by the IP header. */
function fromTcp(data: Uint8Array, length: number, from: string, to: string): TcpSegment | undefined {
  const headerLength = (byteAt(data, 12) >> 4) * 4;
  if (headerLength < 20 || data.length < headerLength || length < headerLength) return undefined;
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  const flags = byteAt(data, 13);
  return {
    from: `${from}:${view.getUint16(0)}`,
    to: `${to}:${view.getUint16(2)}`,
    seq: view.getUint32(4),
    ack: (flags & Flag.Ack) === 0 ? undefined : view.getUint32(8),
    isSyn: (flags & Flag.Syn) !== 0,
    isFin: (flags & Flag.Fin) !== 0,
    isReset: (flags & Flag.Reset) !== 0,
    payload: data.subarray(headerLength),
    missing: length - data.length,
  };
}

/** Two bytes as a number; those after the end are 0. */
function uint16(data: Uint8Array, offset: number): number {
  return byteAt(data, offset) * 256 + byteAt(data, offset + 1);
}
