import { describe, expect, it } from 'vitest';
import { formatListenAddress, parseListenAddress } from './listen-address.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    ['unix:/run/spop.sock', { path: '/run/spop.sock' }],
    ['unix@/run/spop.sock', { path: '/run/spop.sock' }],
  ])('reads %s', (text, address) => {
    expect(parseListenAddress(text)).toEqual(address);
  });

  it.each([
    ['', 'is no address'],
    ['9000', 'is no address'],
    [':9000', 'is no address'],
    ['127.0.0.1', 'is no address'],
    ['127.0.0.1:', 'is no address'],
    ['127.0.0.1:http', 'is no address'],
    ['::1:9000', 'is no address'],
    ['[]:9000', 'is no address'],
    ['[localhost]:9000', '"localhost" is no IPv6 address'],
    ['127.0.0.1:65536', 'has port 65536; the highest is 65535'],
    ['unix:', 'has no absolute path'],
    ['unix:spop.sock', 'has no absolute path'],
  ])('refuses "%s" and shows what an address looks like', (text, reason) => {
    expect(() => parseListenAddress(text)).toThrow(reason);
  });
});

describe('formatListenAddress', () => {
  it.each([
    [{ host: '127.0.0.1', port: 9000 }, '127.0.0.1:9000'],
    [{ host: '::1', port: 9000 }, '[::1]:9000'],
    [{ path: '/run/spop.sock' }, 'unix@/run/spop.sock'],
  ])('writes %o as HAProxy reads it', (address, text) => {
    expect(formatListenAddress(address)).toBe(text);
  });
});
