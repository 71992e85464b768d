import { describe, expect, it } from 'vitest';
import { createAgent, formatListenAddress, parseListenAddress } from '../src/index.ts';
import { thrownBy } from './thrown.ts';

describe('parseListenAddress', () => {
  it.each([
    ['127.0.0.1:9000', { host: '127.0.0.1', port: 9000 }],
    ['localhost:0', { host: 'localhost', port: 0 }],
    ['agent.internal:9000', { host: 'agent.internal', port: 9000 }],
    ['[::1]:65535', { host: '::1', port: 65_535 }],
    [':9000', { host: '::', port: 9000 }],
    ['unix:/run/agent.sock', { path: '/run/agent.sock' }],
    ['unix@/run/agent.sock', { path: '/run/agent.sock' }],
    ['unix:/run/a:1', { path: '/run/a:1' }],
    ['fd@3', { fd: 3 }],
    ['fd@12', { fd: 12 }],
  ])('reads %s', (text, target) => {
    expect(parseListenAddress(text)).toEqual(target);
  });

  it.each([
    ['', 'an address with a port from 0 to 65535'],
    ['9000', 'an address with a port from 0 to 65535'],
    ['127.0.0.1', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:http', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:65536', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:-1', 'an address with a port from 0 to 65535'],
    ['::1:9000', 'an IPv6 address in brackets'],
    ['[]:9000', 'an IPv6 address between the brackets'],
    ['[localhost]:9000', 'an IPv6 address between the brackets'],
    ['http://127.0.0.1:9000', 'an IPv6 address in brackets'],
    ['a b:9000', 'the name or the address of a host'],
    ['ipv4@127.0.0.1:9000', 'the name or the address of a host'],
    ['/run/agent.sock:1', 'the name or the address of a host'],
    ['unix:', 'an absolute path'],
    ['unix:agent.sock', 'an absolute path'],
    ['fd@', 'the number of a file descriptor'],
    ['fd@three', 'the number of a file descriptor'],
    ['fd@3x', 'the number of a file descriptor'],
    ['fd@x3', 'the number of a file descriptor'],
    ['fd@1234567890', 'the number of a file descriptor'],
    ['xunix:/run/agent.sock', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:9000x', 'an address with a port from 0 to 65535'],
    ['127.0.0.1:900000', 'an address with a port from 0 to 65535'],
    ['x[::1]:9000', 'an IPv6 address in brackets'],
    ['[::1]x:9000', 'an IPv6 address in brackets'],
    ['a[b:9000', 'the name or the address of a host'],
    ['a]b:9000', 'the name or the address of a host'],
  ])('refuses "%s" and shows the form of an address', (text, reason) => {
    const error = thrownBy(() => parseListenAddress(text));
    expect(error).toBeInstanceOf(TypeError);
    const forms = "'127.0.0.1:9000', '[::1]:9000', ':9000' or 'unix:/run/agent.sock'";
    expect(error.message).toBe(`expected ${reason}, such as ${forms}; found ${JSON.stringify(text)}`);
  });
});

describe('formatListenAddress', () => {
  it.each([
    [{ host: '127.0.0.1', port: 9000 }, '127.0.0.1:9000'],
    [{ host: '::1', port: 9000 }, '[::1]:9000'],
    [{ path: '/run/agent.sock' }, 'unix@/run/agent.sock'],
    [{ fd: 3 }, 'fd@3'],
  ])('writes %o as HAProxy reads it', (address, text) => {
    expect(formatListenAddress(address)).toBe(text);
  });
});

it('listen() refuses a text as it refuses an object, by its promise', async () => {
  await expect(createAgent().listen('9000')).rejects.toThrow(TypeError);
  await expect(createAgent().listen(`unix:/${'x'.repeat(107)}`)).rejects.toThrow(RangeError);
});
