import { describe, expect, it } from 'vitest';
import { AddressReader } from '../../src/index.ts';
import { thrown, valueOf } from '../bytes.ts';
import { stringOf, SURROUNDINGS } from './text-argument.ts';

const addresses = new AddressReader();

/** Requires the same answer amid any surrounding bytes. */
function ask<Answer>(content: string | Uint8Array, question: (text: ReturnType<typeof stringOf>) => Answer): Answer {
  const answers = SURROUNDINGS.map((fill) => question(stringOf(content, fill)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0]!;
}

function one(content: string | Uint8Array): string | undefined {
  return ask(content, (text) => addresses.read(text)?.toString());
}

function elements(): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  while (addresses.next()) found.push(addresses.address?.toString());
  return found;
}

function xForwardedFor(content: string): (string | undefined)[] {
  return ask(content, (text) => {
    addresses.readXForwardedFor(text);
    return elements();
  });
}

function forwarded(content: string): (string | undefined)[] {
  return ask(content, (text) => {
    addresses.readForwarded(text);
    return elements();
  });
}

const NODES: readonly [content: string, expected: string | undefined][] = [
  ['192.0.2.1', '192.0.2.1'],
  ['0.0.0.0', '0.0.0.0'],
  ['255.255.255.255', '255.255.255.255'],
  ['192.0.2.1:80', '192.0.2.1'],
  ['192.0.2.1:0', '192.0.2.1'],
  ['192.0.2.1:65535', '192.0.2.1'],
  ['192.0.2.1:_p.8-x_', '192.0.2.1'],
  ['[2001:db8::1]', '2001:db8::1'],
  ['[2001:DB8:0:0::0001]', '2001:db8::1'],
  ['[2001:db8::1]:443', '2001:db8::1'],
  ['[2001:db8::1]:_x', '2001:db8::1'],
  ['[::]', '::'],
  ['[1:2:3:4:5:6:7:8]', '1:2:3:4:5:6:7:8'],
  ['[1:2:3:4:5:6:192.0.2.1]', '1:2:3:4:5:6:c000:201'],
  ['[::ffff:192.0.2.1]', '192.0.2.1'],
  ['[::FFFF:c000:0201]:80', '192.0.2.1'],
  ['"192.0.2.1"', '192.0.2.1'],
  ['"192.0.2.1:80"', '192.0.2.1'],
  ['"[2001:db8::1]:80"', '2001:db8::1'],
  [String.raw`"\1\9\2.0.2\.1\:80"`, '192.0.2.1'],
  ['', undefined],
  ['unknown', undefined],
  ['unknown:80', undefined],
  ['_hidden', undefined],
  ['_hidden:80', undefined],
  ['garbage', undefined],
  ['192.0.2', undefined],
  ['192.0.2.1.', undefined],
  ['192.0.2.1.1', undefined],
  ['192.0.2.256', undefined],
  ['192.0.2.01', undefined],
  ['0192.0.2.1', undefined],
  ['192.0.2.', undefined],
  ['192.0..1', undefined],
  ['3221225985', undefined],
  ['0xc0.0.2.1', undefined],
  ['192.0.2.1:', undefined],
  ['192.0.2.1:123456', undefined],
  ['192.0.2.1:8o', undefined],
  ['192.0.2.1:_', undefined],
  ['192.0.2.1:_p!', undefined],
  ['192.0.2.1 :80', undefined],
  ['192.0.2.1/32', undefined],
  ['192.0.2.1x', undefined],
  ['[192.0.2.1]', undefined],
  ['[]', undefined],
  ['[', undefined],
  [']', undefined],
  ['[2001:db8::1', undefined],
  ['[2001:db8::1]80', undefined],
  ['[2001:db8::1]:', undefined],
  ['[2001:db8::1]]', undefined],
  ['[ 2001:db8::1]', undefined],
  ['[fe80::1%eth0]', undefined],
  ['[fe80::1%25eth0]', undefined],
  ['[1:2:3:4:5:6:7]', undefined],
  ['[1:2:3:4:5:6:7:8:9]', undefined],
  ['[1:2:3:4:5:6:7::]', '1:2:3:4:5:6:7:0'],
  ['[1:2:3:4:5:6:7:8::]', undefined],
  ['[::1:2:3:4:5:6:7:8]', undefined],
  ['[1:2:3:4::5:6:7:8]', undefined],
  ['[1::2::3]', undefined],
  ['[:1:2:3:4:5:6:7]', undefined],
  ['[1:2:3:4:5:6:7:]', undefined],
  ['[12345::1]', undefined],
  ['[g::1]', undefined],
  ['[::192.0.2.256]', undefined],
  ['[1:2:3:4:5:6:7:192.0.2.1]', undefined],
  ['""', undefined],
  ['"', undefined],
  ['"192.0.2.1', undefined],
  ['192.0.2.1"', undefined],
  ['"192.0.2.1"x', undefined],
  [String.raw`"192.0.2.1\"`, undefined],
  ['" 192.0.2.1"', undefined],
  [`192.0.2.1:_${'p'.repeat(245)}`, '192.0.2.1'],
  [`192.0.2.1:_${'p'.repeat(246)}`, undefined],
  [`"${'\\1'.repeat(127)}"`, undefined],
];

describe('text that is one address', () => {
  it.each(NODES)('%j is %s', (content, expected) => {
    expect(one(content)).toBe(expected);
    expect(one(` \t${content}\t `)).toBe(expected);
  });

  it.each([
    ['2001:db8::1', '2001:db8::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['2001:db8::1:80', '2001:db8::1:80'],
    ['fe80::1%eth0', undefined],
    ['192.0.2.1, 192.0.2.2', undefined],
    ['192.0.2.1\r\n', undefined],
    ['1:2', undefined],
  ])('%j is %s', (content, expected) => {
    expect(one(content)).toBe(expected);
  });

  it('has no elements to go to', () => {
    addresses.read(stringOf('192.0.2.1'));
    expect([addresses.next(), addresses.address]).toEqual([false, undefined]);
  });
});

describe('an X-Forwarded-For field', () => {
  it.each(NODES.filter(([content]) => content !== ''))('with only the element %j has %s', (content, expected) => {
    expect(xForwardedFor(content)).toEqual([expected]);
  });

  it.each<[content: string, expected: readonly (string | undefined)[]]>([
    ['', []],
    [' \t', []],
    ['192.0.2.1, 10.0.0.7', ['10.0.0.7', '192.0.2.1']],
    ['192.0.2.1,10.0.0.7,10.0.0.8', ['10.0.0.8', '10.0.0.7', '192.0.2.1']],
    ['2001:db8::1, [2001:db8::2]:80\t,\t192.0.2.1:80', ['192.0.2.1', '2001:db8::2', '2001:db8::1']],
    ['192.0.2.1, unknown', [undefined, '192.0.2.1']],
    ['unknown, 192.0.2.1', ['192.0.2.1', undefined]],
    ['192.0.2.1,', [undefined, '192.0.2.1']],
    [',192.0.2.1', ['192.0.2.1', undefined]],
    ['192.0.2.1, , 192.0.2.2', ['192.0.2.2', undefined, '192.0.2.1']],
    [',', [undefined, undefined]],
    ['192.0.2.1 192.0.2.2', [undefined]],
    ['"192.0.2.1, 192.0.2.2"', [undefined, undefined]],
  ])('%j has, from the last on, %j', (content, expected) => {
    expect(xForwardedFor(content)).toEqual(expected);
  });
});

describe('a Forwarded field', () => {
  it.each(NODES.filter(([content]) => !/["\\ ]|^$/.test(content)))('with for=%s has %s', (content, expected) => {
    expect(forwarded(`for=${content}`)).toEqual([expected]);
    expect(forwarded(`for="${content}"`)).toEqual([content.length > 254 ? undefined : expected]);
  });

  it.each<[content: string, expected: readonly (string | undefined)[]]>([
    ['', []],
    [' \t', []],
    ['for=192.0.2.1', ['192.0.2.1']],
    ['For="[2001:DB8::1]:4711"', ['2001:db8::1']],
    ['FOR=192.0.2.60;proto=http;by=203.0.113.43', ['192.0.2.60']],
    ['by=203.0.113.43; proto=http ;for=192.0.2.60', ['192.0.2.60']],
    ['for=192.0.2.43, for=198.51.100.17', ['198.51.100.17', '192.0.2.43']],
    ['for=192.0.2.43,for="[2001:db8::17]",for=unknown', [undefined, '2001:db8::17', '192.0.2.43']],
    ['for=192.0.2.1;', ['192.0.2.1']],
    [';;for=192.0.2.1;;', ['192.0.2.1']],
    ['for=192.0.2.1 ; proto=https \t, \tproto=http;for=192.0.2.2 ', ['192.0.2.2', '192.0.2.1']],
    [String.raw`for="192.0.2.1\:80";host="a\",b\\"`, ['192.0.2.1']],
    ['host="a,b;for=192.0.2.9";for=192.0.2.1', ['192.0.2.1']],
    ['host="for=192.0.2.9, for=192.0.2.9", for=192.0.2.1', ['192.0.2.1', undefined]],
    [String.raw`for=192.0.2.2, host="\\\"," , for=192.0.2.1`, ['192.0.2.1', undefined, '192.0.2.2']],
    ['host=example.com:8080;for=192.0.2.1', ['192.0.2.1']],
    // IPv6 without brackets, which might have a port.
    ['for="2001:db8::1"', [undefined]],
    ['for=2001:db8::1', [undefined]],
    // No parameter `for`, or two.
    ['proto=https', [undefined]],
    ['forx=192.0.2.1', [undefined]],
    ['fo=192.0.2.1', [undefined]],
    ['xfor=192.0.2.1', [undefined]],
    ['nor=192.0.2.1;fur=192.0.2.2;fox=192.0.2.3;for=192.0.2.4', ['192.0.2.4']],
    ['for=192.0.2.1;for=192.0.2.2', [undefined]],
    ['for=192.0.2.1;FOR=192.0.2.1', [undefined]],
    ['for=unknown;for=192.0.2.1', [undefined]],
    // Malformed before the address, in it and after it.
    ['for', [undefined]],
    ['for=', [undefined]],
    ['=192.0.2.1', [undefined]],
    ['192.0.2.1', [undefined]],
    ['for =192.0.2.1', [undefined]],
    ['for= 192.0.2.1', [undefined]],
    ['for=192.0.2.1 proto=https', [undefined]],
    ['for=192.0.2.1;proto', [undefined]],
    ['for=192.0.2.1;proto=', [undefined]],
    ['for=192.0.2.1;=https', [undefined]],
    ['for=192.0.2.1;pro to=https', [undefined]],
    ['for=192.0.2.1;proto=a=b', [undefined]],
    ['for=192.0.2.1;proto="a"b', [undefined]],
    ['for=192.0.2.1"x"', [undefined]],
    ['fo"r"=192.0.2.1', [undefined]],
    ['for=192.0.2.1;é=1', [undefined]],
    // A malformed element does not change the others, and none takes its place.
    ['for=192.0.2.1, garbage', [undefined, '192.0.2.1']],
    ['garbage, for=192.0.2.1', ['192.0.2.1', undefined]],
    ['for=192.0.2.1,', [undefined, '192.0.2.1']],
    [', for=192.0.2.1', ['192.0.2.1', undefined]],
    [',', [undefined, undefined]],
    // The beginnings of elements are unknown.
    ['"', [undefined]],
    ['for="192.0.2.9, for=192.0.2.1', [undefined]],
    ['for=192.0.2.9;x=", for="[2001:db8::1]"', [undefined]],
    ['for=192.0.2.9;x="\\", for=192.0.2.1', [undefined]],
    [String.raw`x=\", for=192.0.2.1`, [undefined]],
    [String.raw`x=\, for=192.0.2.1`, [undefined]],
    ['for=192.0.2.1, x="\\', [undefined]],
  ])('%j has, from the last on, %j', (content, expected) => {
    expect(forwarded(content)).toEqual(expected);
  });

  it('of many elements is read in a time that grows with its length', () => {
    for (const part of ['for="\\\\\\"",', ',', '"",', 'x="\\\\\\\\\\\\', 'for=192.0.2.1,']) {
      addresses.readForwarded(stringOf(part.repeat(100_000)));
      while (addresses.next());
    }
  });
});

describe('an address reader', () => {
  it('has no address before the first element and after the last', () => {
    const reader = new AddressReader();
    expect(reader.address).toBeUndefined();
    reader.readXForwardedFor(stringOf('192.0.2.1'));
    expect(reader.address).toBeUndefined();
    expect([reader.next(), reader.address?.toString()]).toEqual([true, '192.0.2.1']);
    expect([reader.next(), reader.address]).toEqual([false, undefined]);
    expect([reader.next(), reader.address]).toEqual([false, undefined]);
  });

  it('goes through one list after the other, after any error in the last', () => {
    addresses.readForwarded(stringOf('"'));
    addresses.readXForwardedFor(stringOf('192.0.2.1, "'));
    expect(elements()).toEqual([undefined, '192.0.2.1']);
    addresses.readForwarded(stringOf('for=192.0.2.1, x'));
    expect(elements()).toEqual([undefined, '192.0.2.1']);
  });

  it('takes nothing but text and bytes', () => {
    for (const read of [addresses.read, addresses.readXForwardedFor, addresses.readForwarded]) {
      expect(thrown(() => Reflect.apply(read, addresses, [valueOf('06c0000201')])).code).toBe('SPOP_WRONG_TYPE');
      expect(thrown(() => Reflect.apply(read, addresses, ['192.0.2.1'])).code).toBe('SPOP_MISUSE');
      Reflect.apply(read, addresses, [valueOf('09093139322e302e322e31')]);
    }
    expect(thrown(() => new AddressReader().next()).code).toBe('SPOP_VIEW_CLOSED');
  });
});
