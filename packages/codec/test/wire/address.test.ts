import { isIP, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, toIpv4Text, toIpv6Text } from '../../src/wire/address.ts';
import { amid, hex, toHex } from '../bytes.ts';

/** The bytes that text reads as, in hex; `''` if it is no address. */
function read(text: string): string {
  const target = Buffer.alloc(24, 0xee);
  const length = parseAddress(text, target, 4);
  expect([text, toHex(target, 0, 4) + toHex(target, 20)]).toEqual([text, 'ee'.repeat(8)]);
  return toHex(target, 4, 4 + length);
}

/** The result of Node's isIP: 4, 6 or 0. */
function familyOf(text: string): number {
  return { 8: 4, 32: 6 }[read(text).length] ?? 0;
}

function write6(digits: string): string {
  return toIpv6Text(amid(hex(digits), 0xee, 3, 3), 3);
}

const ipv4: [string, string][] = [
  ['0.0.0.0', '00000000'],
  ['192.0.2.1', 'c0000201'],
  ['127.0.0.1', '7f000001'],
  ['1.20.255.9', '0114ff09'],
  ['255.255.255.255', 'ffffffff'],
];

/** Text as RFC 5952 writes it, and the address; these go both ways. */
const canonical: [string, string, string][] = [
  ['all zero', '::', '00000000000000000000000000000000'],
  ['loopback', '::1', '00000000000000000000000000000001'],
  ['zeros at the end', '1::', '00010000000000000000000000000000'],
  ['all ones', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 'f'.repeat(32)],
  ['no leading zeros (§4.1)', '2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001'],
  ['one zero group is not shortened (§4.2.2)', '2001:db8:0:1:2:3:4:5', '20010db8000000010002000300040005'],
  ['the longest run (§4.2.3)', '2001:0:0:1::1', '20010000000000010000000000000001'],
  ['the first of equal runs (§4.2.3)', '2001:db8::1:0:0:1', '20010db8000000000001000000000001'],
  ['lower case (§4.3)', '2001:db8::abcd:ef', '20010db80000000000000000abcd00ef'],
  ['IPv4-mapped (§5)', '::ffff:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['IPv4-mapped zero', '::ffff:0.0.0.0', '00000000000000000000ffff00000000'],
  ['IPv4-compatible, which is hexadecimal', '::c000:201', '000000000000000000000000c0000201'],
  ['not quite IPv4-mapped', '::1:ffff:c000:201', '00000000000000000001ffffc0000201'],
  ['a run of two at the start', '::1:2:3:4:5:6', '00000000000100020003000400050006'],
  ['a run of two at the end', '1:2:3:4:5:6::', '00010002000300040005000600000000'],
  ['a run of two in the middle', '1:2:3::4:5:6', '00010002000300000000000400050006'],
  ['a zero at the start', '0:1:2:3:4:5:6:7', '00000001000200030004000500060007'],
  ['a zero at the end', '1:2:3:4:5:6:7:0', '00010002000300040005000600070000'],
  ['zeros apart', '1:0:2:0:3:0:4:0', '00010000000200000003000000040000'],
  ['a long run after a short one', '1:0:0:2::', '00010000000000020000000000000000'],
  ['a long run before a short one', '::2:0:0:1', '00000000000000000002000000000001'],
  ['documentation', '2001:db8::1', '20010db8000000000000000000000001'],
  ['link-local', 'fe80::5054:ff:fe12:3456', 'fe80000000000000505400fffe123456'],
];

/** Text that RFC 4291 §2.2 allows and RFC 5952 would write differently. */
const otherForms: [string, string][] = [
  ['0:0:0:0:0:0:0:0', '00000000000000000000000000000000'],
  ['0:0:0:0:0:0:0:1', '00000000000000000000000000000001'],
  ['2001:0DB8::0001', '20010db8000000000000000000000001'],
  ['2001:DB8:0:0:8:800:200C:417A', '20010db80000000000080800200c417a'],
  ['::0', '00000000000000000000000000000000'],
  ['0::', '00000000000000000000000000000000'],
  ['::2:3:4:5:6:7:8', '00000002000300040005000600070008'],
  ['1::3:4:5:6:7:8', '00010000000300040005000600070008'],
  ['1:2:3:4:5:6:7::', '00010002000300040005000600070000'],
  ['::FFFF:192.0.2.1', '00000000000000000000ffffc0000201'],
  ['0:0:0:0:0:FFFF:129.144.52.38', '00000000000000000000ffff81903426'],
  ['::13.1.68.3', '0000000000000000000000000d014403'],
  ['64:ff9b::192.0.2.33', '0064ff9b0000000000000000c0000221'],
  ['1:2:3:4:5:6:192.0.2.1', '000100020003000400050006c0000201'],
  ['1:2:3:4:5::192.0.2.1', '000100020003000400050000c0000201'],
  ['1::2:3:4:5:192.0.2.1', '000100000002000300040005c0000201'],
];

const noAddresses: string[] = [
  '',
  ' ',
  '.',
  ':',
  ':::',
  'localhost',
  '0',
  '1.2.3',
  '1.2.3.',
  '.1.2.3',
  '1.2.3.4.',
  '1.2.3.4.5',
  '1..2.3',
  '256.0.0.1',
  '1.2.3.256',
  '1.2.3.999',
  '1.2.3.0004',
  '01.2.3.4',
  '1.2.3.00',
  '1.2.3.04',
  '-1.2.3.4',
  '+1.2.3.4',
  '1.2.3.4 ',
  ' 1.2.3.4',
  '1.2.3.4/32',
  '1,2,3,4',
  '0x1.2.3.4',
  '1.2.3.a',
  '1e1.2.3.4',
  '١.2.3.4',
  '1.2.3.4\u0000',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7:',
  ':1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:',
  ':1:2:3:4:5:6:7:8',
  '1::2::3',
  '::1::',
  ':::1',
  '1:::2',
  '1::2:',
  ':1::2',
  '12345::',
  '::12345',
  '::g',
  '::1g',
  '::-1',
  '1:2:3:4::5:6:7:8',
  '::1:2:3:4:5:6:7:8',
  '1:2:3:4:5:6:7:8::',
  '1::2:3:4:5:6:7:8',
  'fe80::1%eth0',
  '[::1]',
  '::1/128',
  '::1 ',
  ' ::1',
  '::1.2.3',
  '::1.2.3.4.5',
  '::256.1.1.1',
  '::1.2.3.04',
  '::1.2.3.4:5',
  '1.2.3.4::',
  '::ffff:1.2.3.4/96',
  '::.1.2.3',
  '1:2:3:4:5:6:7:1.2.3.4',
  '1:2:3:4:5:6:7::1.2.3.4',
  '1:2:3:4:5:1.2.3.4',
  '1:2:3:4:5:6::1.2.3.4',
  '::ffff.1.2.3.4',
  '::a1.2.3.4',
  '::\u0000',
  '::1\u0000',
  '::é',
  '1:2:3:4:5:6:7:8 ',
  'g::',
  '::1..2.3',
  '::1.2.3.4.',
  '1::2.',
  '::0x1',
];

describe('parseAddress', () => {
  it.each(ipv4)('reads %s as %s', (text, bytes) => {
    expect(read(text)).toBe(bytes);
  });

  it.each(canonical)('reads %s: %s', (_, text, bytes) => {
    expect(read(text)).toBe(bytes);
    expect(read(text.toUpperCase())).toBe(bytes);
  });

  it.each(otherForms)('reads %s as %s', (text, bytes) => {
    expect(read(text)).toBe(bytes);
  });

  it.each(noAddresses.map((text) => [text]))('does not count %j as an address, like Node', (text) => {
    expect(read(text)).toBe('');
    // Node counts a zone as part of an address; SPOP has no place for one.
    if (!text.includes('%')) expect(isIP(text)).toBe(0);
  });

  it('agrees with Node on random text that looks like an address', () => {
    const piece = fc.constantFrom(
      ...Array.from('0123456789abcdefAFg:.'),
      '::',
      '1.2.3.4',
      'ffff',
      '00',
      '255',
      '256',
      '0:',
      ':0',
      '12345',
      ' ',
      'é',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (pieces) => {
        const text = pieces.join('');
        expect([text, familyOf(text)]).toEqual([text, isIP(text)]);
      }),
      { numRuns: 5_000 },
    );
  });

  it('agrees with Node on addresses with one character changed, added or removed', () => {
    const address = fc.oneof(fc.ipV6(), fc.ipV4(), fc.constantFrom(...canonical.map(([, text]) => text)));
    fc.assert(
      fc.property(
        address,
        fc.nat(44),
        fc.nat(1),
        fc.constantFrom('', ':', '.', '0', 'f', '9', '::'),
        (text, at, cut, put) => {
          const changed = text.slice(0, at) + put + text.slice(at + cut);
          expect([changed, familyOf(changed)]).toEqual([changed, isIP(changed)]);
        },
      ),
      { numRuns: 4_000 },
    );
  });
});

describe('toIpv4Text', () => {
  it.each(ipv4)('writes %s', (text, bytes) => {
    expect(toIpv4Text(amid(hex(bytes), 0xee, 3, 3), 3)).toBe(text);
  });
});

describe('toIpv6Text', () => {
  it.each(canonical)('writes %s: %s', (_, text, bytes) => {
    expect(write6(bytes)).toBe(text);
  });

  it('writes the canonical form of the other forms', () => {
    for (const [text, bytes] of otherForms) expect([text, read(write6(bytes))]).toEqual([text, bytes]);
  });

  it('writes text that reads as the same bytes, in the form that the URL standard serialises', () => {
    const group = fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      fc.nat(0xffff),
      fc.constantFrom(1, 0xf, 0x10, 0xff, 0x100, 0xffff),
    );
    fc.assert(
      fc.property(fc.array(group, { minLength: 8, maxLength: 8 }), (groups) => {
        const bytes = groups.map((value) => value.toString(16).padStart(4, '0')).join('');
        const text = write6(bytes);
        expect(isIPv6(text)).toBe(true);
        expect(read(text)).toBe(bytes);
        // The URL standard differs only in writing IPv4-mapped addresses in hexadecimal.
        if (!text.includes('.')) expect(new URL(`http://[${text}]`).hostname).toBe(`[${text}]`);
      }),
      { numRuns: 2_000 },
    );
  });
});
