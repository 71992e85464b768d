import { isIPv4, isIPv6 } from 'node:net';
import { data, SpopError } from '@spop/builder';
import { parseAddress, toIpv4Text, toIpv6Text } from '../../packages/codec/src/wire/address.ts';
import type { Target } from './target.ts';

const PREFIX_BYTES = 3;

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
    'text is taken for an address exactly where Node and the builder do, and its bytes read back as the same text',
  maxBytes: 50,
  *seeds() {
    for (const text of [
      '10.0.0.1',
      '255.255.255.255',
      '::',
      '::1',
      '2001:db8::1',
      '::ffff:192.0.2.1',
      '1:2:3:4:5:6:7:8',
    ]) {
      yield Buffer.from(text);
    }
  },
  run(input) {
    const text = input.toString('latin1');
    const target = Buffer.alloc(PREFIX_BYTES + 16 + PREFIX_BYTES, 0x5a);
    const size = parseAddress(text, target, PREFIX_BYTES);
    const expected = familyOf(text);
    if (size !== expected) throw new Error(`expected ${expected} bytes for ${JSON.stringify(text)}; found ${size}`);
    const written = builderText(text);
    if ((written === undefined) !== (size === 0))
      throw new Error(`the builder reads ${JSON.stringify(text)} as ${written}`);
    if (
      target.readUIntBE(0, PREFIX_BYTES) !== 0x5a5a5a ||
      target.readUIntBE(PREFIX_BYTES + 16, PREFIX_BYTES) !== 0x5a5a5a
    ) {
      throw new Error(`${JSON.stringify(text)} was written outside of its 16 bytes`);
    }
    if (size === 0) return;
    const bytes = target.subarray(PREFIX_BYTES, PREFIX_BYTES + size);
    const found = size === 4 ? toIpv4Text(bytes, 0) : toIpv6Text(bytes, 0);
    if (found !== written) throw new Error(`expected ${written} for ${JSON.stringify(text)}; found ${found}`);
  },
};
