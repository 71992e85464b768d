import { readFileSync, writeFileSync } from 'node:fs';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { Countries } from './countries.ts';

/** Made with mmdb-writer (PyPI): 192.0.2.0/24 and 2001:db8:f::/48 are French, and other networks in MaxMind's shape. */
const fixture = (name: string): string => new URL(`fixtures/${name}.mmdb`, import.meta.url).pathname;

describe('Countries', () => {
  it('reads files of MaxMind: the country, else the country of registration', () => {
    const countries = new Countries(fixture('maxmind'));
    const found = ['192.0.2.7', '198.51.100.1', '2001:db8:f::1', '203.0.113.1', '10.0.0.1', '2001:db8::1'];
    expect(found.map((address) => countries.find(address))).toEqual([
      'FR',
      'DE',
      'FR',
      undefined,
      undefined,
      undefined,
    ]);
  });

  it('reads files of ip-location-db', () => {
    const countries = new Countries(fixture('ip-location-db'));
    const found = ['192.0.2.7', '2001:db8:f::1', '198.51.100.1'].map((address) => countries.find(address));
    expect(found).toEqual(['FR', 'FR', undefined]);
  });

  it('names a file that is not a database, or cannot be read', async () => {
    const folder = stopAfterTest(await TemporaryFolder.make());
    const half = readFileSync(fixture('maxmind')).subarray(0, 700);
    for (const bytes of [half, Buffer.from('<html>'), Buffer.alloc(0)]) {
      writeFileSync(folder.file('x.mmdb'), bytes);
      expect(() => new Countries(folder.file('x.mmdb'))).toThrow(`${folder.file('x.mmdb')}: `);
    }
    expect(() => new Countries(folder.file('none.mmdb'))).toThrow(/none\.mmdb: ENOENT/);
  });
});
