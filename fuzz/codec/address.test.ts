import { isIPv4, isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseAddress, toIpv4Text, toIpv6Text } from '../../packages/codec/src/wire/address.ts';
import { ipv6Bytes } from '../support/arbitraries.ts';
import { check } from '../support/runs.ts';
import { addressTextTarget } from '../targets/address-text.ts';

/** Text that is nearly an address. */
function nearAddress(): fc.Arbitrary<string> {
  const piece = fc.oneof(
    fc.constantFrom(
      ':',
      '::',
      '.',
      '0',
      'ffff',
      '255',
      '256',
      '1',
      'abcd',
      '00',
      '01',
      '12345',
      'g',
      ' ',
      '%eth0',
      '/8',
    ),
    fc.integer({ min: 0, max: 0xffff }).map((word) => word.toString(16)),
    fc.integer({ min: 0, max: 300 }).map(String),
  );
  return fc.oneof(
    fc.array(piece, { maxLength: 12 }).map((pieces) => pieces.join('')),
    fc.array(piece, { minLength: 1, maxLength: 9 }).map((pieces) => pieces.join(':')),
    fc.array(piece, { minLength: 3, maxLength: 5 }).map((pieces) => pieces.join('.')),
    fc.ipV4(),
    fc.ipV6(),
    fc.string({ maxLength: 20 }),
  );
}

describe('addresses as text', () => {
  it('are taken and refused as Node and the builder do it, and mean the same bytes', () => {
    check(
      fc.property(nearAddress(), (text) => addressTextTarget.run(Buffer.from(text))),
      5_000,
    );
  });

  it('of IPv4 bytes read back as the same bytes', () => {
    check(
      fc.property(fc.uint8Array({ minLength: 4, maxLength: 4 }), (bytes) => {
        const text = toIpv4Text(bytes, 0);
        expect(isIPv4(text)).toBe(true);
        const target = new Uint8Array(16);
        expect(parseAddress(text, target, 0)).toBe(4);
        expect(target.subarray(0, 4)).toEqual(bytes);
      }),
      500,
    );
  });

  it('of IPv6 bytes are the shortest form, as URLs have it, and read back as the same bytes', () => {
    check(
      fc.property(ipv6Bytes(), (bytes) => {
        const text = toIpv6Text(bytes, 0);
        expect(isIPv6(text)).toBe(true);
        const target = new Uint8Array(18).fill(0xaa);
        expect(parseAddress(text, target, 1)).toBe(16);
        expect(target).toEqual(Uint8Array.from([0xaa, ...bytes, 0xaa]));
        // URLs write IPv4-mapped addresses in hexadecimal digits, which RFC 5952 §5 advises against.
        if (!text.includes('.')) expect(new URL(`http://[${text}]/`).hostname).toBe(`[${text}]`);
      }),
      1_000,
    );
  });
});
