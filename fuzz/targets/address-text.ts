import { isIPv4, isIPv6 } from 'node:net';
import { data, SpopError } from '@spop/builder';
import * as fc from 'fast-check';
import { parseAddress, toIpv4Text, toIpv6Text } from '../../packages/codec/src/wire/address.ts';
import { expectSame } from '../support/plain-frames.ts';
import type { Target } from './target.ts';

const EXAMPLES = ['10.0.0.1', '255.255.255.255', '::', '::1', '2001:db8::1', '::ffff:192.0.2.1', '1:2:3:4:5:6:7:8'];

/** The family by Node's opinion; a zone, which Node accepts, is not part of an address on the wire. */
function familyOf(text: string): 0 | 4 | 16 {
  if (isIPv4(text)) return 4;
  return isIPv6(text) && !text.includes('%') ? 16 : 0;
}

function builderText(text: string): string | undefined {
  try {
    return text.includes(':') ? data.ipv6(text).value : data.ipv4(text).value;
  } catch (error) {
    if (error instanceof SpopError && error.code === 'SPOP_INVALID_VALUE') return undefined;
    throw error;
  }
}

export const addressTextTarget: Target = {
  name: 'address-text',
  checks:
    'text is an address exactly if Node and the builder take it for one, and its bytes read back as the same text',
  maxBytes: 50,
  seeds: () => EXAMPLES.map((text) => Buffer.from(text)),
  inputs() {
    const words = [
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
      ':',
      '::',
      '.',
    ];
    const piece = fc.oneof(fc.constantFrom(...words), fc.nat({ max: 300 }).map(String));
    const pieces = fc.array(piece, { minLength: 1, maxLength: 12 });
    const joined = fc.tuple(pieces, fc.constantFrom('', ':', '.')).map(([list, by]) => list.join(by));
    return fc.oneof(joined, fc.ipV4(), fc.ipV6(), fc.string({ maxLength: 20 })).map((text) => Buffer.from(text));
  },
  run(input) {
    const text = input.toString('latin1');
    const target = Buffer.alloc(24, 0x5a);
    const size = parseAddress(text, target, 4);
    expectSame(size, familyOf(text));
    expectSame([target.readUInt32BE(0), target.readUInt32BE(20)], [0x5a5a5a5a, 0x5a5a5a5a]);
    const shown = size === 0 ? undefined : size === 4 ? toIpv4Text(target, 4) : toIpv6Text(target, 4);
    expectSame(shown, builderText(text));
  },
};
