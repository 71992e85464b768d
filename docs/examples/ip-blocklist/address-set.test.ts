import { BlockList } from 'node:net';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import type { AddressWords } from '../shared/entry.ts';
import { AddressSet, layOut } from './address-set.ts';
import { parseList } from './parse-list.ts';

/** An address as a handler gets it: one mapped to IPv6 reads as IPv4. */
function wordsOf(text: string): AddressWords {
  const bytes = Buffer.from(ipaddr.process(text).toByteArray());
  return { family: bytes.length === 4 ? 4 : 6, wordAt: (index) => bytes.readInt32BE(index * 4) };
}

function setOf(lines: readonly string[]): AddressSet {
  return new AddressSet(layOut(parseList(Buffer.from(lines.join('\n'))).ranges));
}

const familyOf = (text: string): 'ipv4' | 'ipv6' => (text.includes(':') ? 'ipv6' : 'ipv4');

/** An oracle with a list for each family, since one list finds every IPv4 address in ::/0. */
function oracleOf(lines: readonly string[]): (text: string) => boolean {
  const lists = { ipv4: new BlockList(), ipv6: new BlockList() };
  for (const line of lines) {
    const [address = '', prefix] = line.split('/');
    const family = familyOf(address);
    if (prefix === undefined) lists[family].addAddress(address, family);
    else lists[family].addSubnet(address, Number(prefix), family);
  }
  return (text) => lists[familyOf(text)].check(text, familyOf(text));
}

// Few values of each byte, so that ranges meet, contain each other, and contain the addresses looked up.
const byte = fc.constantFrom(0, 1, 2, 127, 128, 254, 255);
const ipv4 = fc.tuple(byte, byte, byte, byte).map((bytes) => bytes.join('.'));
const group = fc.constantFrom(0, 1, 0x7fff, 0x8000, 0xffff);
// No address is mapped: the oracle counts those in both families.
const ipv6 = fc
  .tuple(fc.constantFrom(0x2001, 0x7fff, 0x8000, 0xffff), group, group, group, group, group, group, group)
  .map((groups) => groups.map((each) => each.toString(16)).join(':'));
const withPrefix = (address: fc.Arbitrary<string>, min: number, max: number): fc.Arbitrary<string> =>
  fc.oneof(
    address,
    fc.tuple(address, fc.integer({ min, max })).map(([text, prefix]) => `${text}/${prefix}`),
  );

describe('AddressSet.has', () => {
  it.each([
    ['nothing', [], [], ['0.0.0.0', '255.255.255.255', '::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff']],
    ['one address', ['192.0.2.7'], ['192.0.2.7', '::ffff:192.0.2.7'], ['192.0.2.6', '192.0.2.8', '::c000:207']],
    ['a range', ['10.0.0.0/8'], ['10.0.0.0', '10.255.255.255'], ['9.255.255.255', '11.0.0.0']],
    ['the bits after a prefix', ['10.1.2.3/8'], ['10.0.0.0', '10.255.255.255'], ['11.0.0.0']],
    ['a mapped range', ['::ffff:10.0.0.0/104'], ['10.0.0.0', '10.255.255.255'], ['11.0.0.0', '::a00:0']],
    ['all of IPv4', ['0.0.0.0/0'], ['0.0.0.0', '128.0.0.0', '255.255.255.255'], ['::', '::1']],
    ['all of IPv4, mapped', ['::ffff:0:0/96'], ['0.0.0.0', '255.255.255.255'], ['::', '::fffe:1.2.3.4']],
    ['all of IPv6', ['::/0'], ['::', '8000::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], ['0.0.0.0', '127.0.0.1']],
    [
      'the ends of IPv4',
      ['0.0.0.0', '255.255.255.255'],
      ['0.0.0.0', '255.255.255.255'],
      ['0.0.0.1', '127.255.255.255'],
    ],
    ['ranges that touch', ['10.0.0.0/9', '10.128.0.0/9'], ['10.127.255.255', '10.128.0.0'], ['11.0.0.0']],
    ['a range in a range', ['10.0.0.0/8', '10.1.0.0/16', '10.9.9.9'], ['10.0.0.0', '10.200.0.1'], ['11.0.0.0']],
    ['one IPv6 address', ['2001:db8::7'], ['2001:db8::7'], ['2001:db8::6', '2001:db8::8', '::7']],
    ['a range of IPv6', ['2001:db8::/32'], ['2001:db8::', '2001:db8:ffff::1'], ['2001:db7:ffff::', '2001:db9::']],
    ['a prefix within a word', ['2001:db8:8000::/33'], ['2001:db8:8000::', '2001:db8:ffff::'], ['2001:db8:7fff::']],
    ['the ends of IPv6', ['::', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'], ['::'], ['::1', '8000::']],
  ])('knows %s', (_, lines, inside, outside) => {
    const set = setOf(lines);
    expect(inside.filter((text) => !set.has(wordsOf(text)))).toEqual([]);
    expect(outside.filter((text) => set.has(wordsOf(text)))).toEqual([]);
  });

  it('finds no other address with the same last bits as a listed one', () => {
    const hosts = Array.from({ length: 64 }, (_, i) => `::${(i * 16).toString(16)}`);
    const set = setOf(hosts.map((host) => `2001:db8:1${host}`));
    for (const network of ['2001:db8', '2001:db8:2', '2001:db8:1:1', '2001:db8:0:8000', '2001:1']) {
      expect(hosts.filter((host) => set.has(wordsOf(`${network}${host}`)))).toEqual([]);
    }
    expect(hosts.filter((host) => !set.has(wordsOf(`2001:db8:1${host}`)))).toEqual([]);
  });

  it.each([
    ['IPv4', 40, withPrefix(ipv4, 1, 32), ipv4],
    ['IPv6', 40, withPrefix(ipv6, 1, 128), ipv6],
    ['many small ranges of IPv6', 400, withPrefix(ipv6, 30, 128), ipv6],
    ['both', 40, fc.oneof(withPrefix(ipv4, 1, 32), withPrefix(ipv6, 1, 128)), fc.oneof(ipv4, ipv6)],
  ])('agrees with net.BlockList on %s, for all ranges and addresses', (_, maxLength, line, address) => {
    fc.assert(
      fc.property(
        fc.array(line, { maxLength, size: 'max' }),
        fc.array(address, { maxLength: 40 }),
        (lines, addresses) => {
          const set = setOf(lines);
          const isListed = oracleOf(lines);
          const asked = [...addresses, ...lines.map((text) => text.replace(/\/.*/, ''))];
          expect(asked.map((text) => set.has(wordsOf(text)))).toEqual(asked.map(isListed));
        },
      ),
    );
  });

  it('finds each of many addresses, but not their neighbours', () => {
    const lines: string[] = [];
    for (let i = 0; i < 4_000; i++) {
      lines.push(`10.${i >> 10}.${(i >> 2) & 255}.${(i & 3) * 64 + 2}`, `2001:db8:${i.toString(16)}::${(i % 9) + 2}`);
    }
    const set = setOf(lines);
    expect(lines.filter((text) => !set.has(wordsOf(text)))).toEqual([]);
    const neighbours = lines.flatMap((text) =>
      [-1, 1].map((step) => text.replace(/\d+$/, (n) => String(Number(n) + step))),
    );
    expect(neighbours.filter((text) => set.has(wordsOf(text)))).toEqual([]);
  });
});
