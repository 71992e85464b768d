import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { gzipSync } from 'node:zlib';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import { type Answer, proxyLine } from '@spop-internal/testbed/http-client';
import { describeHaproxies, stopAfterTest } from '@spop-internal/testbed/vitest';
import { expect, it } from 'vitest';
import { inTime } from '../shared/testing.ts';
import {
  ask,
  chunked,
  configWith,
  DENIED,
  PASSED,
  type RawPart,
  sendRaw,
  SQL,
  startBoth,
  summaryOf,
} from './testing.ts';

const ATTACK = 'q=1%27+union+select+2';
const LEAK = '<title>Index of /</title>';
const FORM = 'application/x-www-form-urlencoded';
// The example of RFC 6455.
const WEBSOCKET_KEY = 'sec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\nsec-websocket-version: 13\r\n';
const WEBSOCKET_ACCEPT = 'sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n';
/** The request passed, and the rules have not seen the end of the body. */
const NOT_SEEN = [200, undefined, '200004', '0', 'rules'];

/** A site that answers each path in a way that is hard to inspect. */
async function startHardSite(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    const later = (): void => void response.end(LEAK);
    if (request.url === '/long')
      response.setHeader('content-length', 50_000).end(`${' '.repeat(49_900)}${LEAK}`.padEnd(50_000));
    else if (request.url === '/gone') response.destroy();
    else if (request.url === '/stream') {
      response.write('hello');
      setTimeout(later, 50);
    } else if (request.url === '/gzip') response.setHeader('content-encoding', 'gzip').end(gzipSync(LEAK));
    else if (request.url === '/late') {
      response.setHeader('content-length', LEAK.length).write(LEAK.slice(0, 5));
      setTimeout(() => response.end(LEAK.slice(5)), 100);
    } else {
      const text = request.url === '/whole' ? LEAK : 'ok';
      response.setHeader('content-length', text.length).end(text);
    }
  });
  server.on('upgrade', (_, socket) => {
    socket.on('error', () => {});
    socket.write(
      `HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n${WEBSOCKET_ACCEPT}\r\n`,
    );
    socket.on('data', (chunk: Buffer) => socket.end(`echo ${chunk.toString('latin1')}`));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  stopAfterTest({
    stop() {
      server.close();
      server.closeAllConnections();
    },
  });
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error(`expected a port; found ${bound}`);
  return `127.0.0.1:${bound.port}`;
}

function post(body: string, more: string = ''): string[] {
  const head = `POST / HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\ncontent-type: ${FORM}\r\n${more}content-length: ${body.length}\r\n\r\n`;
  return [head + body];
}

function get(path: string, more: string = ''): string[] {
  return [`GET ${path} HTTP/1.1\r\nhost: a.test\r\nconnection: close\r\n${more}\r\n`];
}

/** A request over HTTP/2 whose body has no length of its own. */
async function askHttp2(haproxy: Haproxy, body: string): Promise<Pick<Answer, 'status' | 'headers'>> {
  const session = connectHttp2('http://a.test', {
    createConnection: () => {
      const socket = connect(haproxy.httpSocket);
      socket.write(proxyLine('192.0.2.1'), 'latin1');
      return socket;
    },
  });
  try {
    const stream = session.request(
      { ':method': 'POST', ':path': '/', 'content-type': FORM },
      { signal: AbortSignal.timeout(10_000) },
    );
    stream.end(body);
    const [headers] = (await once(stream, 'response')) as [IncomingHttpHeaders & { ':status'?: number }];
    const texts = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]));
    return { status: headers[':status'] ?? 0, headers: texts };
  } finally {
    session.destroy();
  }
}

const FILLER = `a=${'b'.repeat(900)}&`;
const ATTACKED = [403, 'deny', '942100', '1', 'rules'];

describeHaproxies('what the inspection cannot see', (release) => {
  it('has the limits of limits.md', async () => {
    const { haproxy } = await startBoth(release, { site: await startHardSite() });
    await expect.poll(() => ask(haproxy, { path: SQL })).toEqual(DENIED);
    const request = async (parts: readonly RawPart[]): Promise<unknown[]> => summaryOf(await sendRaw(haproxy, parts));
    const response = async (path: string): Promise<unknown[]> => {
      const { status, headers } = await sendRaw(haproxy, get(path));
      return [status, headers['x-rules'], headers['x-response-complete']];
    };
    const http2 = async (count: number): Promise<unknown[]> =>
      summaryOf(await inTime(() => askHttp2(haproxy, FILLER.repeat(count))));
    const chunks = (count: number): string[] => Array.from({ length: count }, () => FILLER);
    const upgrade = get('/', `upgrade: websocket\r\n${WEBSOCKET_KEY}`).map((head) => head.replace('close', 'upgrade'));
    const tunnel = await sendRaw(haproxy, [...upgrade, / 101 /, '<script>']);
    const refused = await sendRaw(haproxy, ['GET /<script>\x01 HTTP/1.1\r\nhost: a.test\r\n\r\n']);
    expect({
      'a body that fits': await request(post(FILLER.repeat(16) + ATTACK)),
      'a body beyond the buffer': await request(post(FILLER.repeat(18) + ATTACK)),
      'headers that take the room': await request(post(FILLER.repeat(8) + ATTACK, `x: ${'y'.repeat(9_000)}\r\n`)),
      'chunks that fit': await request(chunked('/', chunks(10))),
      'chunks that may not fit': await request(chunked('/', chunks(18))),
      'a trailer': await request([...chunked('/', ['a=b'], false), '0\r\nx: <script>\r\n\r\n']),
      'a compressed body': await request(post(gzipSync('<script>').toString('latin1'), 'content-encoding: gzip\r\n')),
      'the query of an absolute URL': await request(get(`http://a.test${SQL}`)),
      'an upgrade, and what follows': [tunnel.status, tunnel.text.includes('echo <script>')],
      'a request that HAProxy refuses': [refused.status, refused.headers['x-request-id']],
      'HTTP/2 without a length': await http2(10),
      'HTTP/2 beyond the buffer': await http2(30),
      'a response that fits': await response('/whole'),
      'a response beyond the buffer': await response('/long'),
      'a response that is late': await response('/late'),
      'a stream': await response('/stream'),
      'a compressed response': await response('/gzip'),
      "HAProxy's own response": await response('/gone'),
    }).toEqual({
      'a body that fits': ATTACKED,
      'a body beyond the buffer': NOT_SEEN,
      'headers that take the room': NOT_SEEN,
      'chunks that fit': PASSED,
      'chunks that may not fit': NOT_SEEN,
      'a trailer': PASSED,
      'a compressed body': [200, undefined, '200005', '1', 'rules'],
      'the query of an absolute URL': ATTACKED,
      'an upgrade, and what follows': [101, true],
      'a request that HAProxy refuses': [400, undefined],
      'HTTP/2 without a length': PASSED,
      'HTTP/2 beyond the buffer': NOT_SEEN,
      'a response that fits': [403, '954100', '1'],
      'a response beyond the buffer': [200, '', '0'],
      'a response that is late': [403, '954100', '1'],
      'a stream': [200, '', '0'],
      'a compressed response': [200, '950010', '1'],
      "HAProxy's own response": [502, '', undefined],
    });
  });

  it('misses less with a larger buffer, up to the frame', async () => {
    const config = await configWith({
      global: '  tune.bufsize 65536\n',
      spoe: (text) =>
        text.replace('int(15360)', 'int(64512)').replace('  use-backend', '  max-frame-size 62000\n  use-backend'),
    });
    const { haproxy } = await startBoth(release, { config });
    const send = async (body: string): Promise<unknown[]> => summaryOf(await sendRaw(haproxy, post(body)));
    await expect.poll(() => send(FILLER.repeat(66) + ATTACK)).toEqual(ATTACKED);
    // HAProxy 3.1 and later do not ask; older releases ask in fragments.
    const tooBig = release.fragments ? ATTACKED : [500, undefined, undefined, undefined, 'default'];
    expect(await send(FILLER.repeat(70) + ATTACK)).toEqual(tooBig);
  });
});
