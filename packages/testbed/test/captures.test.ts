import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { piecesOf, readCaptures } from '@spop-internal/testbed/captures';

const captures = readCaptures();
const digests = captures.map(({ label, bytes }) => [label, createHash('sha256').update(bytes).digest('hex')] as const);

it('reads 90 captures of four releases', () => {
  expect(captures).toHaveLength(90);
  expect([...new Set(captures.map(({ release }) => release))]).toEqual(['2.6.12', '3.1.0', '3.2.26', '3.4.0']);
  expect(captures.map(({ label }) => label)).toContain('3.2.26/scalars');
});

it.each(digests)('has the recorded bytes of %s', (label, digest) => {
  const url = new URL(`../fixtures/${label}.json`, import.meta.url);
  expect(JSON.parse(readFileSync(url, 'utf8'))).toMatchObject({ sha256: digest });
});

it('cuts the bytes as they were read', () => {
  for (const capture of captures) {
    expect(piecesOf(capture).map(({ length }) => length)).toEqual(capture.read_sizes);
    expect(Buffer.concat(piecesOf(capture)).equals(capture.bytes)).toBe(true);
  }
});
