import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { HttpClient, proxyLine } from '@spop-internal/testbed/http-client';
import { Origin } from '@spop-internal/testbed/origin';
import { accepts, freePort } from '@spop-internal/testbed/ports';
import { stopAfterTest } from '@spop-internal/testbed/vitest';

describe('proxyLine', () => {
  it.each([
    ['192.0.2.1', 'PROXY TCP4 192.0.2.1 192.0.2.80 49152 80\r\n'],
    ['2001:db8::1', 'PROXY TCP6 2001:db8::1 2001:db8::80 49152 80\r\n'],
    ['::ffff:192.0.2.1', 'PROXY TCP6 ::ffff:192.0.2.1 2001:db8::80 49152 80\r\n'],
  ])('of %s is %j', (from, line) => {
    expect(proxyLine(from)).toBe(line);
  });
});

describe('HttpClient', () => {
  it('begins each connection, and only that, with the PROXY line of its address', async () => {
    let received = '';
    const server = createServer((socket) =>
      socket.setEncoding('latin1').on('data', (text: string) => {
        received += text;
        socket.write('HTTP/1.1 200 Fine\r\nX-Seen: \xe9\r\nContent-Length: 2\r\n\r\nok', 'latin1');
      }),
    );
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const client = stopAfterTest(new HttpClient({ host: '127.0.0.1', port }, { from: '192.0.2.1' }));
    const answer = await client.request();
    expect(answer).toMatchObject({ status: 200, statusText: 'Fine', headers: { 'x-seen': '\xe9' }, body: 'ok' });
    await client.request({ path: '/second', body: 'four' });
    expect(received.match(/PROXY|GET \S+|POST \S+|content-length: \d+/g)).toEqual([
      'PROXY',
      'GET /',
      'POST /second',
      'content-length: 4',
    ]);
    expect(client.connections).toBe(1);
  });

  it('has no such line without an address', async () => {
    const { address } = stopAfterTest(await Origin.start('the site'));
    const [host = '', port] = address.split(':');
    const client = stopAfterTest(new HttpClient({ host, port: Number(port) }));
    expect(await client.request()).toMatchObject({ status: 200, body: 'the site' });
  });
});

describe('ports', () => {
  it('are free until a server listens', async () => {
    const port = await freePort();
    expect(await accepts({ port, host: '127.0.0.1' })).toBe(false);
    const { address } = stopAfterTest(await Origin.start(''));
    expect(await accepts({ port: Number(address.split(':')[1]), host: '127.0.0.1' })).toBe(true);
  });
});
