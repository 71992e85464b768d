import { describe, expect, it } from 'vitest';
import ipaddr from 'ipaddr.js';
import { parseTable, TableError } from './parse-table.ts';
import type { AddressBytes } from './table.ts';

function bytesOf(text: string): AddressBytes {
  const bytes = ipaddr.parse(text).toByteArray();
  return { family: bytes.length === 4 ? 4 : 6, byteAt: (index) => bytes[index] ?? Number.NaN };
}

function scoresOf(table: string, addresses: readonly string[]): number[] {
  const parsed = parseTable(table);
  return addresses.map((address) => parsed.score(bytesOf(address)));
}

function problemsOf(text: string): readonly string[] {
  try {
    parseTable(text);
  } catch (error) {
    if (error instanceof TableError) return error.problems;
    throw error;
  }
  return [];
}

describe('ScoreTable.score', () => {
  it.each([
    [
      'nothing listed',
      '',
      [
        ['192.0.2.1', 0],
        ['::1', 0],
        ['255.255.255.255', 0],
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 0],
      ],
    ],
    [
      'an IPv4 range to its last address',
      '10.0.0.0/8 100',
      [
        ['9.255.255.255', 0],
        ['10.0.0.0', 100],
        ['10.255.255.255', 100],
        ['11.0.0.0', 0],
      ],
    ],
    [
      'one IPv4 address',
      '192.0.2.7 60',
      [
        ['192.0.2.6', 0],
        ['192.0.2.7', 60],
        ['192.0.2.8', 0],
      ],
    ],
    [
      'addresses whose first bit is set',
      '200.0.0.0/8 7\n128.0.0.0/8 8',
      [
        ['200.1.1.1', 7],
        ['128.0.0.1', 8],
        ['127.255.255.255', 0],
        ['201.0.0.0', 0],
      ],
    ],
    [
      'an IPv6 range to its last address',
      '2001:db8::/32 30',
      [
        ['2001:db7:ffff:ffff:ffff:ffff:ffff:ffff', 0],
        ['2001:db8::', 30],
        ['2001:db8:ffff:ffff:ffff:ffff:ffff:ffff', 30],
        ['2001:db9::', 0],
      ],
    ],
    [
      'one IPv6 address',
      '2001:db8::7 60',
      [
        ['2001:db8::6', 0],
        ['2001:db8::7', 60],
        ['2001:db8::8', 0],
      ],
    ],
    [
      'a range within a range, both listed in any order',
      '10.1.0.0/16 5\n10.0.0.0/8 90\n10.1.2.3 70',
      [
        ['10.0.0.1', 90],
        ['10.1.0.1', 5],
        ['10.1.2.3', 70],
        ['10.1.2.4', 5],
        ['10.2.0.0', 90],
      ],
    ],
    [
      'ranges that begin together',
      '10.0.0.0/8 1\n10.0.0.0/16 2\n10.0.0.0/24 3\n10.0.0.0 4',
      [
        ['10.0.0.0', 4],
        ['10.0.0.1', 3],
        ['10.0.1.0', 2],
        ['10.1.0.0', 1],
      ],
    ],
    [
      'ranges that end together',
      '10.0.0.0/8 1\n10.255.0.0/16 2\n10.255.255.255 4',
      [
        ['10.254.0.0', 1],
        ['10.255.255.254', 2],
        ['10.255.255.255', 4],
        ['11.0.0.0', 0],
      ],
    ],
    [
      'ranges that touch',
      '10.0.0.0/9 1\n10.128.0.0/9 2',
      [
        ['10.127.255.255', 1],
        ['10.128.0.0', 2],
        ['11.0.0.0', 0],
      ],
    ],
    [
      'every IPv4 address, and no IPv6 address',
      '0.0.0.0/0 50',
      [
        ['0.0.0.0', 50],
        ['255.255.255.255', 50],
        ['::', 0],
        ['::1:0:0:0', 0],
      ],
    ],
    [
      'every IPv6 address, and no IPv4 address',
      '::/0 50',
      [
        ['::', 50],
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 50],
        ['0.0.0.0', 0],
        ['10.0.0.1', 0],
      ],
    ],
    [
      'the last IPv6 address',
      'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 9',
      [
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe', 0],
        ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff', 9],
      ],
    ],
    [
      'an IPv4-mapped client as the IPv4 address it is',
      '10.0.0.0/8 100',
      [
        ['::ffff:10.1.2.3', 100],
        ['::ffff:11.0.0.1', 0],
        ['::a01:203', 0],
      ],
    ],
    [
      'an IPv4-mapped range as the IPv4 range it is',
      '::ffff:10.0.0.0/104 100',
      [
        ['10.1.2.3', 100],
        ['11.0.0.0', 0],
      ],
    ],
  ] as const)('knows %s', (_, table, expected) => {
    expect(
      scoresOf(
        table,
        expected.map(([address]) => address),
      ),
    ).toEqual(expected.map(([, score]) => score));
  });

  it('agrees with a search through all ranges, for random ranges and addresses at their edges', () => {
    let state = 1;
    const random = (below: number): number => (state = (state * 48_271) % 0x7fff_ffff) % below;
    const ranges = Array.from({ length: 300 }, () => {
      const bits = 8 + random(25);
      const address = `${10 + random(2)}.${random(4)}.${random(256)}.${random(256)}`;
      return {
        text: `${ipaddr.IPv4.networkAddressFromCIDR(`${address}/${bits}`).toString()}/${bits}`,
        bits,
        score: random(101),
      };
    }).filter(({ text }, index, all) => all.findIndex((other) => other.text === text) === index);
    const edges = ranges.flatMap(({ text }) => [
      ipaddr.IPv4.networkAddressFromCIDR(text).toString(),
      ipaddr.IPv4.broadcastAddressFromCIDR(text).toString(),
    ]);
    const expected = edges.map((edge) => {
      const matching = ranges.filter(({ text }) => ipaddr.parse(edge).match(ipaddr.parseCIDR(text)));
      return matching.reduce((best, range) => (range.bits > best.bits ? range : best)).score;
    });
    expect(scoresOf(ranges.map(({ text, score }) => `${text} ${score}`).join('\n'), edges)).toEqual(expected);
  });
});

describe('parseTable', () => {
  it('skips comments, empty lines and spaces, and takes line ends of both kinds', () => {
    const table = parseTable('# all\r\n\r\n  10.0.0.0/8 \t 100   # private\r\n192.0.2.1 1\r\n');
    expect(table.size).toBe(2);
    expect(table.score(bytesOf('192.0.2.1'))).toBe(1);
  });

  it.each([
    ['10.0.0.0/8', 'line 1: expected an address or range and a score, as in "10.0.0.0/8 100"; found "10.0.0.0/8"'],
    [
      '10.0.0.0/8 100 yes',
      'line 1: expected an address or range and a score, as in "10.0.0.0/8 100"; found "10.0.0.0/8 100 yes"',
    ],
    ['10.0.0.0/8 101', 'line 1: "101" is no score; a score is a whole number from 0 to 100'],
    ['10.0.0.0/8 -1', 'line 1: "-1" is no score; a score is a whole number from 0 to 100'],
    ['10.0.0.0/8 1.5', 'line 1: "1.5" is no score; a score is a whole number from 0 to 100'],
    ['10.0.0.256 1', 'line 1: "10.0.0.256" is no IPv4 or IPv6 address'],
    ['10.1 1', 'line 1: "10.1" is no IPv4 or IPv6 address'],
    ['fe80::1%eth0 1', 'line 1: "fe80::1%eth0" is no IPv4 or IPv6 address'],
    ['10.0.0.0/33 1', 'line 1: "/33" is no prefix length of an IPv4 address; it is 0 to 32'],
    ['10.0.0.0/ 1', 'line 1: "/" is no prefix length of an IPv4 address; it is 0 to 32'],
    ['::/129 1', 'line 1: "/129" is no prefix length of an IPv6 address; it is 0 to 128'],
    ['10.1.2.3/8 1', 'line 1: 10.1.2.3/8 does not begin at its network address; did you mean 10.0.0.0/8?'],
    ['2001:db8::1/32 1', 'line 1: 2001:db8::1/32 does not begin at its network address; did you mean 2001:db8::/32?'],
  ])('refuses "%s"', (text, problem) => {
    expect(problemsOf(text)).toEqual([problem]);
  });

  it('names every wrong line by its number, and a range that is listed twice', () => {
    expect(problemsOf('10.0.0.0/8 1\nnonsense 5\n\n::ffff:10.0.0.0/104 2\n')).toEqual([
      'line 2: "nonsense" is no IPv4 or IPv6 address',
      'line 4: ::ffff:10.0.0.0/104 is on line 1 already',
    ]);
  });

  it('shows ten problems of many', () => {
    expect(() => parseTable('x 1\n'.repeat(500))).toThrow(/line 10: .*\nand 490 more$/);
  });
});
