import * as fc from 'fast-check';
import ipaddr from 'ipaddr.js';
import { describe, expect, it } from 'vitest';
import { type AddressWords, Entry } from '../shared/entry.ts';
import type { Decision, Remediation } from './decision.ts';
import { DecisionTable } from './decision-table.ts';

function about(value: string, remediation: Remediation = 'ban', durationMs = 60_000): Decision {
  const scope = value.includes('/') ? 'range' : /^[A-Z]/.test(value) ? 'country' : 'ip';
  return { scope, value, remediation, origin: 'test', durationMs };
}

function wordsOf(text: string): AddressWords {
  const entry = new Entry();
  if (!entry.read(Buffer.from(text), 0, text.length)) throw new Error(`expected an address; found ${text}`);
  return entry;
}

function tableOf(...decisions: readonly Decision[]): DecisionTable {
  const table = new DecisionTable();
  for (const decision of decisions) if (!table.add(decision, 1_000)) throw new Error(decision.value);
  return table;
}

const at = (table: DecisionTable, text: string, now = 1_000): string | undefined =>
  table.find(wordsOf(text), now)?.remediation;

describe('DecisionTable', () => {
  it('takes the most specific decision, of both families', () => {
    const table = tableOf(
      about('0.0.0.0/0', 'unknown'),
      about('192.0.2.0/24'),
      about('192.0.2.128/25', 'captcha'),
      about('192.0.2.129', 'unknown'),
      about('2001:db8::/32'),
      about('2001:db8:1::/48', 'captcha'),
      about('::ffff:203.0.113.0/120'),
    );
    expect(
      ['10.0.0.1', '192.0.2.1', '192.0.2.128', '192.0.2.129', '203.0.113.9', '2001:db8::1', '2001:db8:1::1', '::1'].map(
        (text) => at(table, text),
      ),
    ).toEqual(['unknown', 'ban', 'captcha', 'unknown', 'ban', 'ban', 'captcha', undefined]);
  });

  it('takes the most severe of several about the same one, while it is in force', () => {
    const table = tableOf(
      about('192.0.2.7', 'captcha', 9_000),
      about('192.0.2.7', 'ban', 5_000),
      about('192.0.2.7/32'),
    );
    table.remove(about('192.0.2.7/32'));
    expect([1_000, 5_999, 6_000, 9_999, 10_000].map((now) => at(table, '192.0.2.7', now))).toEqual([
      'ban',
      'ban',
      'captcha',
      'captcha',
      undefined,
    ]);
  });

  it('falls back to the range after the decision about the address is over or deleted', () => {
    const table = tableOf(about('192.0.2.0/24'), about('192.0.2.7', 'captcha', 5_000), about('192.0.2.8', 'captcha'));
    table.remove(about('192.0.2.8', 'captcha'));
    expect([at(table, '192.0.2.7'), at(table, '192.0.2.7', 6_000), at(table, '192.0.2.8')]).toEqual([
      'captcha',
      'ban',
      'ban',
    ]);
  });

  it('replaces a decision by a later one of its type, even a shorter one', () => {
    const table = tableOf(about('192.0.2.7'), about('192.0.2.7', 'ban', 5_000));
    expect(at(table, '192.0.2.7', 6_000)).toBeUndefined();
    const countAt = (now: number): number => {
      let count = 0;
      table.forEach(now, () => count++);
      return count;
    };
    expect([countAt(5_999), countAt(6_000)]).toEqual([1, 0]);
  });

  it('keeps the longer one of its type if it is told to', () => {
    const table = tableOf(about('192.0.2.7', 'ban', 5_000), about('FR', 'ban', 5_000));
    for (const value of ['192.0.2.7', 'FR']) {
      table.add(about(value, 'ban', 9_000), 1_000, true);
      table.add(about(value, 'ban', 2_000), 1_000, true);
    }
    expect([at(table, '192.0.2.7', 9_999), at(table, '192.0.2.7', 10_000)]).toEqual(['ban', undefined]);
    expect([9_999, 10_000].map((now) => table.findCountry('FR', now)?.remediation)).toEqual(['ban', undefined]);
  });

  it('knows countries, and addresses that are text', () => {
    const table = tableOf(about('FR', 'captcha'), about('192.0.2.7'), about('2001:db8::/32'));
    expect(table.findCountry('FR', 1_000)?.remediation).toBe('captcha');
    expect(table.findCountry('DE', 1_000)).toBeUndefined();
    table.remove(about('FR', 'captcha'));
    expect(table.findCountry('FR', 1_000)).toBeUndefined();
    const found = ['192.0.2.7', '::ffff:192.0.2.7', '2001:db8::1', '192.0.2.8', 'x', ''].map((text) =>
      Boolean(table.findText(text, 1_000)),
    );
    expect(found).toEqual([true, true, true, false, false, false]);
  });

  it('reports an address, a range or a country that it cannot read', () => {
    for (const value of ['1.2.3', '1.2.3.4/33', 'x', '']) {
      const decision = { ...about('192.0.2.7'), value };
      expect(new DecisionTable().add(decision, 0)).toBe(false);
      expect(() => new DecisionTable().remove(decision)).not.toThrow();
    }
    const country = { ...about('FR'), value: 'FRANCE' };
    expect(new DecisionTable().add(country, 0)).toBe(false);
    expect(() => new DecisionTable().remove(country)).not.toThrow();
    expect(new DecisionTable().findCountry('', 0)).toBeUndefined();
  });

  it('agrees with ipaddr.js about all ranges', () => {
    // In ipaddr.js, ::1.2.3.4 is ::ffff:1.2.3.4; here it is the address of RFC 4291.
    const ipv6 = fc
      .array(fc.nat(0xffff), { minLength: 8, maxLength: 8 })
      .map((groups) => groups.map((group) => group.toString(16)).join(':'));
    const address = fc.oneof(
      fc.ipV4(),
      fc.constantFrom('192.0.2.7', '192.0.2.8', '2001:db8::7', '::ffff:192.0.2.7'),
      ipv6,
    );
    const range = fc.tuple(address, fc.nat(128)).map(([text, length]) => {
      const [parsed, prefix] = ipaddr.parseCIDR(`${text}/${text.includes(':') ? length : length % 33}`);
      return `${parsed.toString()}/${prefix}`;
    });
    fc.assert(
      fc.property(fc.array(range, { maxLength: 20 }), address, (ranges, text) => {
        const client = ipaddr.process(text);
        const lengths = ranges.flatMap((each) => {
          const [network, length] = ipaddr.parseCIDR(each);
          const mapped = network instanceof ipaddr.IPv6 && network.isIPv4MappedAddress() && length >= 96;
          const [own, bits] = mapped ? [network.toIPv4Address(), length - 96] : [network, length];
          return client.kind() === own.kind() && client.match(own, bits) ? [bits] : [];
        });
        const table = new DecisionTable();
        for (const value of ranges) {
          table.add({ scope: 'range', value, remediation: 'ban', origin: value, durationMs: 1 }, 0);
        }
        const origin = table.find(wordsOf(text), 0)?.origin;
        const length = origin === undefined ? undefined : ipaddr.parseCIDR(origin)[1];
        const isMapped = origin?.startsWith('::ffff:') && client.kind() === 'ipv4';
        expect(isMapped ? length! - 96 : length).toBe(lengths.length === 0 ? undefined : Math.max(...lengths));
      }),
    );
  });
});
