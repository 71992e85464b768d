/** A conversation of HAProxy and an agent as packets, and what a finder finds in them. */
import { tcpPackets, type PacketOptions, type Said } from '@spop-internal/testbed/packets';
import { expect } from 'vitest';
import type { Packet, PacketFile } from '../../../src/cli/capture/pcap.ts';
import { SpopFinder, type FoundFrame } from '../../../src/cli/capture/spop-finder.ts';
import { ack, agentDisconnect, agentHello, haproxy, notify } from '../../../src/index.ts';

export const preset = haproxy('3.2');
export const body = 'x'.repeat(5000);
export const ETHERNET_AND_IP = 14 + 20;

export function said(from: 'haproxy' | 'agent', frame: { toBytes(): Uint8Array }): Said {
  return { from: from === 'haproxy' ? 'client' : 'server', bytes: frame.toBytes() };
}

export const conversation: readonly Said[] = [
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
export function found({ packets, problem }: PacketFile): string[] {
  expect(problem).toBeUndefined();
  const finder = new SpopFinder(1 << 20);
  return [...packets.flatMap((packet) => finder.push(packet)), ...finder.end()].map(lineOf);
}

/** A packet of Ethernet. */
export function packetOf(data: Uint8Array, time?: number): Packet {
  return { time, linkType: 1, data };
}

/** One line for each frame that a finder finds in packets of Ethernet. */
export function allOf(finder: SpopFinder, packets: readonly Uint8Array[]): string[] {
  return [...packets.flatMap((packet) => finder.push(packetOf(packet))), ...finder.end()].map(lineOf);
}

export function lineOf({ connection, from, captured: { frame, error } }: FoundFrame): string {
  const ids = frame !== undefined && frame.streamId > 0n ? ` ${frame.streamId}` : '';
  return `#${connection.number} ${from} ${frame?.type ?? error?.reason}${ids}`;
}

/** The lines of {@link conversation}. */
export const whole = [
  '#1 haproxy HAPROXY-HELLO',
  '#1 agent AGENT-HELLO',
  '#1 haproxy NOTIFY 1',
  '#1 agent ACK 1',
  '#1 haproxy NOTIFY 3',
  '#1 agent ACK 3',
  '#1 haproxy HAPROXY-DISCONNECT',
  '#1 agent AGENT-DISCONNECT',
];

/** The place of TCP's flags in a packet of Ethernet and IPv4. */
export const FLAGS = ETHERNET_AND_IP + 13;
export const Flag = { reset: 4, ack: 16 } as const;

export function withFlags(packet: Uint8Array, flags: number): Uint8Array {
  const copy = Uint8Array.from(packet);
  copy[FLAGS] = flags;
  return copy;
}

export function packetsOf(options: PacketOptions = {}): Uint8Array[] {
  return tcpPackets(conversation, options);
}
