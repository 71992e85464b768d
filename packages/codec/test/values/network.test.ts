import { BlockList, isIPv4 } from 'node:net';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  address,
  defineMessage,
  defineNetwork,
  KvListReader,
  MessageSet,
  type Network,
  type Value,
} from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { frameBytes, hex, message, notifyFrame, onlyFrame, thrown, toHex, valueOf } from '../bytes.ts';
import { parseAddress } from '../../src/wire/address.ts';

function digitsOf(text: string): string {
  const bytes = Buffer.alloc(16);
  const size = parseAddress(text, bytes, 0);
  return `${size === 4 ? '06' : '07'}${toHex(bytes, 0, size)}`;
}

/** A view of an address in the form that was sent. */
function sent(text: string): Value {
  return valueOf(digitsOf(text));
}

const asks = defineMessage('asks', { ip: address });

/** Whether an argument declared `address` is within the network, in both kinds of views. */
function isDeclaredWithin(text: string, network: Network): boolean {
  const notify = new InternalNotify(new MessageSet([asks]));
  notify.read(notifyFrame([message('asks', [['ip', digitsOf(text)]])]));
  const reused = notify.get(asks)!.ip.isWithin(network);
  notify.beginOneTime();
  expect(notify.get(asks)!.ip.isWithin(network)).toBe(reused);
  return reused;
}

describe('defineNetwork', () => {
  it.each<[text: string, canonical: string, family: 4 | 6, prefixLength: number]>([
    ['10.0.0.0/8', '10.0.0.0/8', 4, 8],
    ['0.0.0.0/0', '0.0.0.0/0', 4, 0],
    ['192.0.2.1', '192.0.2.1/32', 4, 32],
    ['192.0.2.0/31', '192.0.2.0/31', 4, 31],
    ['128.0.0.0/1', '128.0.0.0/1', 4, 1],
    ['2001:DB8:0::/32', '2001:db8::/32', 6, 32],
    ['::/0', '::/0', 6, 0],
    ['::1', '::1/128', 6, 128],
    ['fe80::/10', 'fe80::/10', 6, 10],
    ['2001:db8::8000/113', '2001:db8::8000/113', 6, 113],
    ['::ffff:10.0.0.0/104', '10.0.0.0/8', 4, 8],
    ['::ffff:0:0/96', '0.0.0.0/0', 4, 0],
    ['::FFFF:c000:201', '192.0.2.1/32', 4, 32],
    ['::ffff:192.0.2.1/128', '192.0.2.1/32', 4, 32],
    ['::192.0.2.0/120', '::c000:200/120', 6, 120],
  ])('reads %s as %s', (text, canonical, family, prefixLength) => {
    const network = defineNetwork(text);
    expect([network.toString(), network.family, network.prefixLength]).toEqual([canonical, family, prefixLength]);
    expect(defineNetwork(canonical).toString()).toBe(canonical);
    expect(JSON.stringify({ network })).toBe(`{"network":"${canonical}"}`);
  });

  it.each([
    ['', 'a network such as 10.0.0.0/8 or 2001:db8::/32'],
    ['10/8', 'a network such as'],
    ['10.0.0.0.0/8', 'a network such as'],
    ['10.0.0.0/8/8', 'a network such as'],
    [' 10.0.0.0/8', 'a network such as'],
    ['10.0.0.0 /8', 'a network such as'],
    ['example.com/8', 'a network such as'],
    ['fe80::1%eth0/64', 'a network such as'],
    ['10.0.0.0/', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/33', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/08', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/+8', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/-1', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/8 ', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/1e1', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['10.0.0.0/255.0.0.0', 'an IPv4 network with a prefix of 0 to 32 bits'],
    ['2001:db8::/129', 'an IPv6 network with a prefix of 0 to 128 bits'],
    ['2001:db8::/999', 'an IPv6 network with a prefix of 0 to 128 bits'],
    ['10.1.2.3/8', 'no bits set after a prefix of 8, as in 10.0.0.0/8'],
    ['255.255.255.255/31', 'no bits set after a prefix of 31, as in 255.255.255.254/31'],
    ['0.0.0.1/0', 'no bits set after a prefix of 0, as in 0.0.0.0/0'],
    ['2001:db8::1/64', 'no bits set after a prefix of 64, as in 2001:db8::/64'],
    ['ff::/9', 'no bits set after a prefix of 9, as in 80::/9'],
    ['::ffff:10.1.0.0/104', 'no bits set after a prefix of 8, as in 10.0.0.0/8'],
    ['::ffff:0:0/95', 'no bits set after a prefix of 95, as in ::fffe:0:0/95'],
  ])('refuses %j', (text, expected) => {
    const error = thrown(() => defineNetwork(text));
    expect([error.code, error.status, error.offset]).toEqual(['SPOP_INVALID_VALUE', undefined, -1]);
    expect(error.reason).toMatch(/^expected .*; found "/);
    expect(error.reason).toContain(`expected ${expected}`);
    expect(error.reason).toContain(`; found ${JSON.stringify(text)}`);
    const suggested = /as in (.*);/.exec(error.reason)?.[1];
    if (suggested !== undefined) expect(defineNetwork(suggested).toString()).toBe(suggested);
  });

  it('refuses any value that is no text', () => {
    for (const other of [undefined, null, 10, {}, Buffer.of(10, 0, 0, 0)]) {
      const error = thrown(() => Reflect.apply(defineNetwork, undefined, [other]));
      expect(error.code).toBe('SPOP_INVALID_VALUE');
    }
  });
});

describe('isWithin', () => {
  it.each([
    ['10.0.0.0/8', ['10.0.0.0', '10.255.255.255', '10.1.2.3'], ['9.255.255.255', '11.0.0.0', '::a00:1', 'a00::']],
    ['0.0.0.0/0', ['0.0.0.0', '255.255.255.255'], ['::', '2001:db8::1', '::10.0.0.1']],
    ['192.0.2.1', ['192.0.2.1'], ['192.0.2.0', '192.0.2.2', '193.0.2.1']],
    ['192.0.2.2/31', ['192.0.2.2', '192.0.2.3'], ['192.0.2.1', '192.0.2.4']],
    ['128.0.0.0/1', ['128.0.0.0', '255.0.0.1'], ['127.255.255.255']],
    ['2001:db8::/32', ['2001:db8::', '2001:db8:ffff::1'], ['2001:db7:ffff::', '2001:db9::', '32.1.13.184']],
    ['2001:db8::/63', ['2001:db8:0:1:ffff::'], ['2001:db8:0:2::']],
    ['::/0', ['::', 'ffff::1', '::1.2.3.4'], ['0.0.0.0', '10.0.0.1']],
    ['::1', ['::1'], ['::', '::2', '0.0.0.1']],
  ])('of %s is true inside, and false outside', (text, inside, outside) => {
    const network = defineNetwork(text);
    for (const each of inside) expect([each, sent(each).isWithin(network)]).toEqual([each, true]);
    for (const each of outside) expect([each, sent(each).isWithin(network)]).toEqual([each, false]);
    for (const each of inside) expect([each, isDeclaredWithin(each, network)]).toEqual([each, true]);
    for (const each of outside) expect([each, isDeclaredWithin(each, network)]).toEqual([each, false]);
  });

  it('finds an IPv4-mapped address in the IPv4 network, in either form of the network', () => {
    for (const network of [defineNetwork('10.0.0.0/8'), defineNetwork('::ffff:10.0.0.0/104')]) {
      for (const text of ['10.1.2.3', '::ffff:10.1.2.3']) {
        expect([sent(text).isWithin(network), isDeclaredWithin(text, network)]).toEqual([true, true]);
      }
      for (const text of ['11.1.2.3', '::ffff:11.1.2.3', '::fffe:10.1.2.3', '::10.1.2.3']) {
        expect([sent(text).isWithin(network), isDeclaredWithin(text, network)]).toEqual([false, false]);
      }
    }
  });

  it('finds an IPv4-mapped address in an IPv6 network as sent, and not if `address` is declared', () => {
    const all = defineNetwork('::/0');
    expect([sent('::ffff:10.1.2.3').isWithin(all), isDeclaredWithin('::ffff:10.1.2.3', all)]).toEqual([true, false]);
  });

  it('reads nothing past an IPv4 address', () => {
    const notify = new InternalNotify(new MessageSet([asks]));
    const zeros: [string, string][] = Array.from({ length: 3 }, () => ['', '00']);
    // With the bytes after it in the buffer it would be an address mapped to IPv6.
    notify.read(notifyFrame([message('asks', [['ip', '0600000000'], ...zeros])], 0xff));
    expect(notify.get(asks)!.ip.isWithin(defineNetwork('::/0'))).toBe(false);
  });

  it('agrees with Node', () => {
    const text = fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.0', '::', 'ffff::', '255.255.255.255'));
    fc.assert(
      fc.property(text, fc.nat(128), fc.nat(), fc.nat(128), (base, bits, flipped, farther) => {
        const size = isIPv4(base) ? 32 : 128;
        const prefixLength = bits % (size + 1);
        const value = sent(base).toBigInt();
        const first = value - (value % (1n << BigInt(size - prefixLength)));
        const network = defineNetwork(`${toText(first, size)}/${prefixLength}`);
        const list = new BlockList();
        list.addSubnet(toText(first, size), prefixLength, size === 32 ? 'ipv4' : 'ipv6');
        for (const other of [
          value,
          first,
          value ^ (1n << BigInt(flipped % size)),
          value ^ (1n << BigInt(farther % size)),
        ]) {
          const otherText = toText(other, size);
          const isInside = list.check(otherText, size === 32 ? 'ipv4' : 'ipv6');
          expect([otherText, sent(otherText).isWithin(network)]).toEqual([otherText, isInside]);
          if (size === 32) expect(isDeclaredWithin(`::ffff:${otherText}`, network)).toBe(isInside);
        }
      }),
      { numRuns: 300 },
    );
  });

  it('refuses a value that is no address, another that is no network, and a closed view', () => {
    const network = defineNetwork('10.0.0.0/8');
    const error = thrown(() => valueOf('08040a000001').isWithin(network));
    expect([error.code, error.reason]).toEqual([
      'SPOP_WRONG_TYPE',
      'expected a value of type IPV4 or IPV6; found STRING',
    ]);
    const ip = sent('10.0.0.1');
    for (const other of [undefined, '10.0.0.0/8', { family: 4, prefixLength: 0 }]) {
      expect(thrown(() => Reflect.apply(ip.isWithin.bind(ip), undefined, [other])).code).toBe('SPOP_MISUSE');
    }
    const list = new KvListReader();
    const frame = onlyFrame(frameBytes(2, hex('00 060a000001')));
    list.read(frame);
    list.next();
    const { value } = list;
    list.read(frame);
    expect(thrown(() => value.isWithin(network)).code).toBe('SPOP_VIEW_CLOSED');
  });
});

/** A number as an address of that many bits. */
function toText(value: bigint, size: number): string {
  const digits = value.toString(16).padStart(size / 4, '0');
  return valueOf(`${size === 32 ? '06' : '07'}${digits}`).toString();
}
