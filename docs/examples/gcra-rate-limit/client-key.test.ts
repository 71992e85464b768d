import { address, binary, FrameReader, int64, MessageReader, NotifyWriter, string } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { ClientKey } from './client-key.ts';

type Argument = readonly [name: string, value: string | Uint8Array | number | { readonly address: string } | null];

/** A NOTIFY with one message, whose arguments are texts, bytes, numbers, addresses or NULL. */
function notify(args: readonly Argument[]): MessageReader {
  const bytes = Buffer.alloc(4_096);
  const writer = new NotifyWriter();
  writer.beginNotify(bytes, 0, bytes.length, 1, 1);
  writer.message('other');
  writer.argument('ip_src', address, '203.0.113.99');
  writer.message('check-rate');
  for (const [name, value] of args) {
    if (value === null) writer.nullArgument(name);
    else if (typeof value === 'string') writer.argument(name, string, value);
    else if (typeof value === 'number') writer.argument(name, int64, value);
    else if (value instanceof Uint8Array) writer.argument(name, binary, value);
    else writer.argument(name, address, value.address);
  }
  const reader = new FrameReader();
  reader.push(bytes, 0, writer.end());
  const frame = reader.next();
  if (frame === undefined) throw new Error('expected a frame');
  const messages = new MessageReader();
  messages.read(frame);
  return messages;
}

function read(args: readonly Argument[], prefix: number = 64): string | undefined {
  const key = new ClientKey(prefix);
  return key.read(notify(args)) ? key.toString() : undefined;
}

describe('ClientKey', () => {
  it.each([
    '192.0.2.7',
    '192.0.2.7:80',
    '192.0.2.7:_p8',
    '"192.0.2.7:65535"',
    '::ffff:192.0.2.7',
    '[::FFFF:c000:207]:80',
    '0:0:0:0:0:ffff:192.0.2.7',
    ' 192.0.2.7 ',
    '203.0.113.1, 192.0.2.7',
    'for=192.0.2.7;proto=https',
    'for=203.0.113.1, For="[::ffff:192.0.2.7]:4711"',
    Buffer.from('192.0.2.7'),
    { address: '192.0.2.7' },
    { address: '::ffff:192.0.2.7' },
  ])('is 192.0.2.7 for %o in any argument', (value) => {
    for (const name of ['ip_fwd', 'ip_xff', 'ip_src']) expect(read([[name, value]])).toBe('192.0.2.7');
  });

  it.each([
    '2001:db8:0:1::7',
    '2001:DB8:0000:0001:ffff:ffff:ffff:ffff',
    '[2001:db8::1:0:0:0:8]:443',
    'for="[2001:db8:0:1::9]"',
    { address: '2001:db8:0:1:1::' },
  ])('is the /64 for %o', (value) => {
    expect(read([['ip_src', value]])).toBe('2001:db8:0:1/64');
  });

  it.each([
    [1, '0/1'],
    [32, '2001:db8/32'],
    [56, '2001:db8:1:200/56'],
    [127, '2001:db8:1:2ff:3:4:5:6/127'],
    [128, '2001:db8:1:2ff:3:4:5:7/128'],
  ])('has the given number of bits of an IPv6 address: %i', (prefix, text) => {
    expect(read([['ip_src', '2001:db8:1:2ff:3:4:5:7']], prefix)).toBe(text);
    expect(read([['ip_src', '::ffff:192.0.2.7']], prefix)).toBe('192.0.2.7');
  });

  it('is the first of ip_fwd, ip_xff, ip_src that is an address, in any order', () => {
    const src: Argument = ['ip_src', { address: '192.0.2.3' }];
    const xff: Argument = ['ip_xff', '192.0.2.2'];
    const fwd: Argument = ['ip_fwd', 'for=192.0.2.1'];
    expect(read([src, xff, fwd])).toBe('192.0.2.1');
    expect(read([fwd, ['x', 1], src, xff])).toBe('192.0.2.1');
    expect(read([src, xff])).toBe('192.0.2.2');
    expect(read([src])).toBe('192.0.2.3');
  });

  it.each([
    null,
    '',
    ' ',
    'unknown',
    '_hidden',
    'for=unknown',
    'for=_hidden;by=192.0.2.9',
    'garbage',
    '192.0.2',
    '192.0.2.256',
    '192.0.2.07',
    '2001:db8::1::2',
    'fe80::1%eth0',
    '192.0.2.9, unknown',
    '192.0.2.9,',
    'for=192.0.2.9, for="',
    1,
    Buffer.from([192, 0, 2, 9]),
  ])('ignores %o and reads the next argument', (value) => {
    const src: Argument = ['ip_src', { address: '192.0.2.3' }];
    expect(read([['ip_fwd', value], ['ip_xff', value], src])).toBe('192.0.2.3');
    expect(read([['ip_src', value]])).toBeUndefined();
  });

  it('is empty without arguments', () => {
    expect(read([])).toBeUndefined();
  });
});
