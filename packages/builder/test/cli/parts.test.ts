import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/cli/duration.ts';
import { latencyShares } from '../../src/cli/latency.ts';
import { printable } from '../../src/cli/output.ts';
import { addressText, parseAddress } from '../../src/cli/target.ts';
import { nearest } from '../../src/cli/usage-error.ts';

describe('parseDuration', () => {
  it.each([
    ['500', 500],
    ['500ms', 500],
    ['5s', 5000],
    ['0.5s', 500],
    ['2m', 120_000],
    ['1h', 3_600_000],
  ])('reads %s as %i ms', (text, milliseconds) => {
    expect(parseDuration('--timeout', text)).toBe(milliseconds);
  });

  it.each(['', '0', '-1', '5 s', '1d', 's', '25000000000', '1e3'])('refuses %j', (text) => {
    expect(() => parseDuration('--timeout', text)).toThrow('expected a duration from 1ms to 24 days for --timeout');
  });
});

describe('parseAddress', () => {
  it.each([
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['agent.internal:9000', { host: 'agent.internal', port: 9000 }],
    ['[::1]:9000', { host: '::1', port: 9000 }],
    [':9000', { host: '127.0.0.1', port: 9000 }],
    ['unix:/run/a:b.sock', { path: '/run/a:b.sock' }],
    ['unix@/run/agent.sock', { path: '/run/agent.sock' }],
    ['unix:agent.sock', { path: 'agent.sock' }],
  ])('reads %s', (text, address) => {
    expect(parseAddress(text)).toEqual(address);
    expect(parseAddress(addressText(address))).toEqual(address);
  });

  it.each(['', '9000', 'host', '::1:9000', '[x]:9000', '[::1]', 'a b:9', 'http://a:9', 'a:65536', 'unix:', 'a:-1'])(
    'refuses %j',
    (text) => {
      expect(() => parseAddress(text)).toThrow('expected an address; found');
    },
  );
});

describe('latencyShares', () => {
  it('gives the slowest answer of each share', () => {
    const milliseconds = Float64Array.from({ length: 1000 }, (_, index) => 1000 - index);
    expect(latencyShares(milliseconds)).toEqual({ min: 1, p50: 500, p90: 900, p99: 990, 'p99.9': 999, max: 1000 });
    expect(latencyShares(Float64Array.of(0.123))).toMatchObject({ min: 0.12, p50: 0.12, max: 0.12 });
  });
});

describe('printable', () => {
  it('removes control sequences of a terminal, and keeps all other text', () => {
    expect(printable('a\u001b[1mb\u009bc\u202ed\te\n')).toBe(String.raw`a\x1b[1mb\x9bc\u202ed` + '\te\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('nearest', () => {
  it('finds the word that was meant, and none if no word is close', () => {
    expect(nearest('pnig', ['ping', 'hello'])).toBe('ping');
    expect(nearest('dec', ['ping', 'decode'])).toBe('decode');
    expect(nearest('conformance', ['ping', 'hello'])).toBeUndefined();
  });
});
