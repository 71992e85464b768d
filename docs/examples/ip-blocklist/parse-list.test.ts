import { isIP } from 'node:net';
import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { Entry } from '../shared/entry.ts';
import { parseList } from './parse-list.ts';

function parse(text: string): Pick<ReturnType<typeof parseList>, 'entries' | 'badLines' | 'badLinesText'> {
  const { entries, badLines, badLinesText } = parseList(Buffer.from(text, 'latin1'));
  return { entries, badLines, badLinesText };
}

function readEntry(text: string): Entry | undefined {
  const entry = new Entry();
  const bytes = Buffer.from(`1${text}1`);
  return entry.read(bytes, 1, bytes.length - 1) ? entry : undefined;
}

/** The first address of an entry, as text. */
function firstOf({ family, first }: Entry): string {
  const bytes = [...first.subarray(0, family === 4 ? 1 : 4)].flatMap((word) =>
    [24, 16, 8, 0].map((bits) => (word >>> bits) & 255),
  );
  return ipaddr.fromByteArray(bytes).toString();
}

describe('Entry.read', () => {
  it.each([
    ['192.0.2.7', '192.0.2.7'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['10.1.2.3/8', '10.0.0.0'],
    ['1.2.3.4/0', '0.0.0.0'],
    ['1.2.3.4/32', '1.2.3.4'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['2001:DB8::A', '2001:db8::a'],
    ['1:2:3:4:5:6:7:8', '1:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:1.2.3.4', '1:2:3:4:5:6:102:304'],
    ['64:ff9b::192.0.2.33', '64:ff9b::c000:221'],
    ['2001:db8:ffff::/33', '2001:db8:8000::'],
    ['::ffff:1.2.3.4', '1.2.3.4'],
    ['::FFFF:102:304', '1.2.3.4'],
    ['::ffff:10.9.9.9/104', '10.0.0.0'],
    ['::ffff:0:0/96', '0.0.0.0'],
    ['::ffff:0:0/95', '::fffe:0:0'],
  ])('reads %s', (text, first) => {
    const entry = readEntry(text);
    expect(entry && firstOf(entry)).toBe(first);
  });

  it.each([
    ...'1.2.3 9.9.9.0/ /8 / 1.2.3.4.5 1.2.3.4. .1.2.3.4 1..2.3 256.1.1.1 01.2.3.4 1.2.3.4/33 1.2.3.4/08'.split(' '),
    ...'1.2.3.4/-1 1.2.3.4/8/8 1.2.3.4/255.0.0.0 1.2.3.4-1.2.3.9 1.2.3.4, 1 localhost <html> 0x7f.0.0.1'.split(' '),
    ...': ::: 1:::2 ::1:: 1:2:3:4:5:6:7 1:2:3:4:5:6:7:8:9 1:2:3:4:5:6:7:8:: 1::2:3:4:5:6:7:8 12345:: g::'.split(' '),
    ...':1 1: 1:2:3:4:5:6:7: ::1/129 ::1/ fe80::1%eth0 [::1] ::1.2.3 ::1.2.3.4.5 1.2.3.4::'.split(' '),
    ...'1:2:3:4:5:6:7:1.2.3.4 ::1.2.3.4:5'.split(' '),
    '1.2.3.4 /8',
    '1.2.3.4\0',
    '①.2.3.4',
  ])('refuses %j', (text) => {
    expect(readEntry(text)).toBeUndefined();
  });

  it('reads the same addresses as Node, and refuses all other text', () => {
    const part = fc.constantFrom(
      '0',
      '1',
      '01',
      '255',
      '256',
      'ffff',
      '12345',
      'G',
      '',
      ':',
      '::',
      '.',
      '1.2.3.4',
      '%',
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 9 }).map((parts) => parts.join(':')),
      fc.array(part, { maxLength: 12 }).map((parts) => parts.join('')),
      fc.ipV4(),
      fc.ipV6(),
    );
    fc.assert(
      fc.property(text, (address) => {
        const isAddress = isIP(address) !== 0 && !address.includes('%');
        const entry = readEntry(address);
        expect(entry !== undefined).toBe(isAddress);
        // Read by way of a URL, since ipaddr.js reads ::1.2.3.4 as a mapped address.
        const plain =
          entry !== undefined && address.includes(':') ? new URL(`http://[${address}]`).hostname.slice(1, -1) : address;
        if (entry !== undefined) expect(firstOf(entry)).toBe(ipaddr.process(plain).toString());
      }),
      { numRuns: 2_000 },
    );
  });
});

describe('parseList', () => {
  it('accepts comments, also after an entry, blanks, empty lines, and line ends of both kinds', () => {
    const text = '\xef\xbb\xbf1.1.1.1\r\n# all\r\n\r\n \t 2.2.2.2 \t # two\n3.3.3.3#three\n#\n::1 # 4\n   \n10.0.0.0/8';
    expect(parse(text)).toEqual({ entries: 5, badLines: 0, badLinesText: '' });
  });

  it('skips bad lines and names their numbers', () => {
    const text = '1.1.1.1\n1.2.3\n# 3\n9.9.9.0/ # four\n\n/8\n2.2.2.2 3.3.3.3\n4.4.4.4';
    expect(parse(text)).toEqual({
      entries: 2,
      badLines: 4,
      badLinesText: 'line 2 "1.2.3", line 4 "9.9.9.0/", line 6 "/8", line 7 "2.2.2.2 3.3.3.3"',
    });
  });

  it('names ten of many bad lines with their text, a thousand by their numbers, and counts all', () => {
    const { entries, badLines, badLinesText } = parse(`${'x\n'.repeat(1_500)}1.1.1.1`);
    expect([entries, badLines]).toEqual([1, 1_500]);
    expect(badLinesText).toMatch(/^line 1 "x", .*, line 10 "x", 11, 12, .*, 999, 1000, and 500 more$/);
  });

  it('cuts the text of a long bad line', () => {
    expect(parse('a'.repeat(1e6)).badLinesText).toBe(`line 1 "${'a'.repeat(40)}"`);
  });

  it.each([
    ['nothing', ''],
    ['comments', '# none\n\n#'],
    ['HTML', '<!doctype html>\n<title>Not found</title>\n'],
    ['bytes', '\x7fELF\x02\x01\x00\n\xff\xfe\n\x00\x00'],
  ])('finds no entry in %s', (_, text) => {
    expect(parse(text).entries).toBe(0);
  });
});
