import { tcpPackets, type PacketOptions } from '@spop-internal/testbed/packets';
import { describe, expect, it } from 'vitest';
import { tcpSegmentOf, type TcpSegment } from '../../../src/cli/capture/tcp-segment.ts';

const BODY = Uint8Array.of(1, 2, 3, 4);
const ETHERNET = 14;

/** The packet with {@link BODY}, changed by `change`, and read as one of `linkType`. */
function segmentOf(
  { linkType = 1, ...options }: PacketOptions & { readonly linkType?: number },
  change: (packet: Uint8Array) => Uint8Array | void = () => undefined,
): TcpSegment | undefined {
  const packets = tcpPackets([{ from: 'client', bytes: BODY }], { ...options, hasBeginning: false });
  const packet = packets[0]!.slice();
  return tcpSegmentOf({ time: 0, linkType, data: Uint8Array.from(change(packet) ?? packet) });
}

describe('tcpSegmentOf', () => {
  it.each([
    ['BSD’s loopback of OpenBSD', 108, 'loopback'],
    ['raw IP', 12, 'raw'],
    ['raw IPv4', 228, 'raw'],
    ['raw IPv6', 229, 'raw'],
  ] as const)('reads %s', (_, linkType, link) => {
    const ipVersion = linkType === 229 ? 6 : 4;
    expect(segmentOf({ linkType, link, ipVersion })).toMatchObject({ payload: BODY, missing: 0 });
  });

  it('reads the families of IPv6 in BSD’s loopback, in either byte order, and no other', () => {
    const family = (bytes: readonly number[]) =>
      segmentOf({ linkType: 0, link: 'loopback', ipVersion: 6 }, (packet) => packet.set(bytes));
    for (const number of [10, 24, 28, 30]) {
      for (const bytes of [
        [number, 0, 0, 0],
        [0, 0, 0, number],
      ]) {
        expect(family(bytes)?.payload).toEqual(BODY);
      }
    }
    expect(family([7, 0, 0, 0])).toBeUndefined();
  });

  it('reads ports, numbers and flags', () => {
    const FLAGS = ETHERNET + 20 + 13;
    const nothing = { ack: undefined, isSyn: false, isFin: false, isReset: false };
    for (const [flags, expected] of [
      [0x00, {}],
      [0x01, { isFin: true }],
      [0x02, { isSyn: true }],
      [0x04, { isReset: true }],
      [0x08, {}],
      [0x10, { ack: 0x89abcdf0 }],
      [0x3f, { ack: 0x89abcdf0, isSyn: true, isFin: true, isReset: true }],
    ] as const) {
      const found = segmentOf({ port: 4321, firstSeq: 0x89abcdef }, (packet) => void (packet[FLAGS] = flags));
      const same = { from: '127.0.0.1:4321', to: '127.0.0.2:9000', seq: 0x89abcdf0, payload: BODY, missing: 0 };
      expect(found).toEqual({ ...same, ...nothing, ...expected });
    }
  });

  it('counts what the capture cut off, and drops what follows the IP packet', () => {
    const cut = segmentOf({}, (packet) => packet.subarray(0, -3));
    expect(cut).toMatchObject({ payload: BODY.subarray(0, 1), missing: 3 });
    for (const ipVersion of [4, 6] as const) {
      const padded = segmentOf({ ipVersion }, (packet) => Buffer.concat([packet, Uint8Array.of(7, 7)]));
      expect(padded).toMatchObject({ payload: BODY, missing: 0 });
    }
  });

  it('takes the length of the packet if a network card has not written it', () => {
    for (const [ipVersion, place] of [
      [4, ETHERNET + 2],
      [6, ETHERNET + 4],
    ] as const) {
      const found = segmentOf({ ipVersion }, (packet) => packet.fill(0, place, place + 2));
      expect(found).toMatchObject({ payload: BODY, missing: 0 });
    }
  });

  it('skips extension headers of IPv6, up to the end of the packet', () => {
    // A hop-by-hop header of 8 bytes, and destination options of 16.
    const headers = Uint8Array.from([60, 0, 0, 0, 0, 0, 0, 0, 6, 1, ...Array.from({ length: 14 }, () => 0)]);
    const withHeaders = (packet: Uint8Array): Uint8Array => {
      const begin = ETHERNET + 40;
      const longer = Buffer.concat([packet.subarray(0, begin), headers, packet.subarray(begin)]);
      longer[ETHERNET + 6] = 0;
      longer[ETHERNET + 5]! += headers.length;
      return longer;
    };
    expect(segmentOf({ ipVersion: 6 }, withHeaders)).toMatchObject({ payload: BODY, missing: 0 });
    const cut = (packet: Uint8Array): Uint8Array => withHeaders(packet).subarray(0, ETHERNET + 41);
    expect(segmentOf({ ipVersion: 6 }, cut)).toBeUndefined();
  });

  it.each<[string, PacketOptions & { readonly linkType?: number }, (packet: Uint8Array) => Uint8Array | void]>([
    ['an unknown link layer', { linkType: 147 }, () => undefined],
    ['another protocol over IPv4', {}, (packet) => void (packet[ETHERNET + 9] = 17)],
    ['another protocol over IPv6', { ipVersion: 6 }, (packet) => void (packet[ETHERNET + 6] = 17)],
    ['a later fragment', {}, (packet) => void (packet[ETHERNET + 7] = 1)],
    ['an EtherType of neither version', { ipVersion: 6 }, (packet) => void (packet[ETHERNET - 1] = 0x06)],
    ['IPv4 of another version', {}, (packet) => void (packet[ETHERNET] = 0x55)],
    ['IPv6 of another version', { ipVersion: 6 }, (packet) => void (packet[ETHERNET] = 0x40)],
    [
      'an IPv4 header below 20 bytes, though a TCP header could follow',
      {},
      (packet) => {
        packet[ETHERNET] = 0x44;
        packet[ETHERNET + 16 + 12] = 0x50;
      },
    ],
    ['a TCP header below 20 bytes', {}, (packet) => void (packet[ETHERNET + 20 + 12] = 0x40)],
    ['an EtherType without a packet', {}, (packet) => packet.subarray(0, ETHERNET)],
    ['half an EtherType', {}, (packet) => packet.subarray(0, ETHERNET - 1)],
    ['half an IPv6 header', { ipVersion: 6 }, (packet) => packet.subarray(0, ETHERNET + 39)],
    ['half a TCP header', {}, (packet) => packet.subarray(0, ETHERNET + 20 + 19)],
  ])('finds none in %s', (_, options, change) => {
    expect(segmentOf(options, change)).toBeUndefined();
  });
});
