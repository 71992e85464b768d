import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AddressReader, parseAddress, parseAddressBytes } from '../../src/index.ts';
import { parseIpv4Bytes, parseIpv6Bytes } from '../../src/wire/address-bytes.ts';
import { toIpv4Text, toIpv6Text } from '../../src/wire/address.ts';
import { plainAddress, plainForwarded, plainXForwardedFor } from './plain-addresses.ts';
import { stringOf, SURROUNDINGS } from './text-argument.ts';

const addresses = new AddressReader();

/** An address as views show it. */
function shown(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  const bytes = Buffer.alloc(16);
  if (parseAddress(text, bytes, 0) === 4) return toIpv4Text(bytes, 0);
  return toIpv6Text(bytes, 0).replace(/^::ffff:(?=.*\.)/, '');
}

/** Every way to read the text, amid different surrounding bytes. */
function checkAll(text: string): void {
  const argument = stringOf(Buffer.from(text, 'latin1'), SURROUNDINGS[runs++ % SURROUNDINGS.length]);
  expect(addresses.read(argument)?.toString()).toBe(shown(plainAddress(text)));
  addresses.readXForwardedFor(argument);
  expect(elements()).toEqual(plainXForwardedFor(text).map(shown));
  addresses.readForwarded(argument);
  expect(elements()).toEqual(plainForwarded(text).map(shown));
}

let runs = 0;

function elements(): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  while (addresses.next()) found.push(addresses.address?.toString());
  return found;
}

const anyIpv4 = fc.ipV4();
const anyIpv6 = fc.oneof(
  fc.ipV6(),
  anyIpv4.map((text) => `::ffff:${text}`),
);
const port = fc.constantFrom('', ':80', ':_p1', ':65535', ':', ':123456');
const node = fc.oneof(
  fc.tuple(anyIpv4, port).map((parts) => parts.join('')),
  fc.tuple(anyIpv6, port).map(([text, tail]) => `[${text}]${tail}`),
  anyIpv6,
  fc.constantFrom('unknown', '_hidden', 'unknown:80', '', '[fe80::1%eth0]', '192.0.2.01'),
);

/** The text in quotes, with a backslash before some characters. */
function quoted(text: string, escaped: readonly boolean[]): string {
  return `"${Array.from(text, (letter, index) => (escaped[index] === true ? `\\${letter}` : letter)).join('')}"`;
}

const quotedNode = fc
  .tuple(node, fc.array(fc.boolean(), { maxLength: 20 }))
  .map(([text, escaped]) => quoted(text, escaped));
const space = fc.constantFrom('', ' ', '\t', ' \t ');
const forPair = fc
  .tuple(fc.constantFrom('for', 'For', 'FOR'), fc.oneof(node, quotedNode))
  .map(([name, value]) => `${name}=${value}`);
const otherPair = fc.constantFrom(
  'proto=https',
  'by=_x',
  'host="a,b;c"',
  String.raw`host="\",\\"`,
  'host=a:80',
  '',
  'x',
  'x=',
  '=x',
  'x="',
  'x=\\',
);
const element = fc
  .tuple(space, fc.array(fc.oneof({ weight: 3, arbitrary: forPair }, otherPair), { maxLength: 3 }), space)
  .map(([before, pairs, after]) => `${before}${pairs.join(`${after};${before}`)}${after}`);

describe('parseAddressBytes', () => {
  it.each([
    [-1, 3, 16, 'expected a range within 9 bytes; found offsets -1 to 3'],
    [0, 10, 16, 'expected a range within 9 bytes; found offsets 0 to 10'],
    [0, 9, 15, 'expected room for 16 bytes; found 15'],
  ])('refuses bytes from %i to %i, and room for %i', (start, end, room, message) => {
    const read = (): unknown => parseAddressBytes(Buffer.from('192.0.2.1'), start, end, Buffer.alloc(room));
    expect(read).toThrow(new RangeError(message));
  });
});

describe('addresses in text', () => {
  it('are those that a plain reader finds in a Forwarded field', () => {
    fc.assert(
      fc.property(fc.array(element, { maxLength: 5 }), (elements) => checkAll(elements.join(','))),
      { numRuns: 300 },
    );
  });

  it('are those that a plain reader finds in an X-Forwarded-For field', () => {
    const spaced = fc.tuple(space, fc.oneof(node, quotedNode), space).map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.array(spaced, { maxLength: 5 }), (elements) => checkAll(elements.join(','))),
      { numRuns: 200 },
    );
  });

  it('are those that a plain reader finds in any bytes', () => {
    const part = fc.oneof(
      fc.string({ unit: fc.constantFrom(...Array.from('for=,"\\;:[]1.2_% \t\n\u0000é')), minLength: 1, maxLength: 1 }),
      fc.constantFrom('192.0.2.1', '[::1]', 'for=192.0.2.1', '"'),
    );
    const text = fc.oneof(
      fc.array(part, { maxLength: 24 }).map((all) => all.join('')),
      fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes).toString('latin1')),
    );
    fc.assert(fc.property(text, checkAll), { numRuns: 500 });
  });

  it('are the same from bytes and from text of JavaScript', () => {
    const nearly = fc
      .tuple(fc.oneof(anyIpv4, anyIpv6), fc.nat(), fc.constantFrom('', ':', '.', '0', 'f', 'G', '%', ' '))
      .map(([text, place, letter]) => {
        const at = place % (text.length + 1);
        return `${text.slice(0, at)}${letter}${text.slice(at + (place % 2))}`;
      });
    const addressLike = fc.array(fc.constantFrom(':', '::', '.', '1', '0', 'ff', '255', '256', 'abcd'), {
      maxLength: 18,
    });
    const any = fc.oneof(
      anyIpv4,
      anyIpv6,
      nearly,
      addressLike.map((all) => all.join('')),
    );
    fc.assert(
      fc.property(any, fc.constantFrom(0x31, 0x3a, 0x2e), (text, fill) => {
        const bytes = Buffer.concat([Buffer.of(fill), Buffer.from(text), Buffer.of(fill, fill)]);
        const end = 1 + text.length;
        const [found, expected] = [Buffer.alloc(20, 0x5a), Buffer.alloc(16)];
        const size = parseAddress(text, expected, 0);
        expect(parseIpv6Bytes(bytes, 1, end, found)).toBe(size === 16);
        if (size === 16) expect(found.subarray(0, 16)).toEqual(expected);
        expect(parseIpv4Bytes(bytes, 1, end, found, 12)).toBe(size === 4);
        if (size === 4) expect(found.subarray(12, 16)).toEqual(expected.subarray(0, 4));
        expect(found.readUInt32BE(16)).toBe(0x5a5a5a5a);
        const either = Buffer.alloc(16);
        expect(parseAddressBytes(bytes, 1, end, either)).toBe(size);
        expect(either.subarray(0, size)).toEqual(expected.subarray(0, size));
      }),
      { numRuns: 2_000 },
    );
  });
});
