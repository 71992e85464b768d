/**
 * The two jobs of every agent under measurement, and the payloads that ask for them.
 *
 * `tiny`: `check-client-ip` with one IPv4 argument `ip`. The agent sets sess.ip_score to its last octet.
 * `realistic`: `check-request` with method, path, query, src, src_port, headers, host and ssl. The agent sets
 * sess.ip_score to the byte lengths of the five texts + the port + the last octet of src + 1 for ssl, which proves that
 * it has read all eight.
 */
import { writeFileSync } from 'node:fs';
import { data, haproxyHello, notify } from '@spop/builder';

/** The name of a job. */
export type TrafficKind = 'tiny' | 'realistic';

/** One NOTIFY payload and the score that its ACK must carry. */
export interface Variant {
  readonly payload: Uint8Array;
  readonly expected: number;
}

const VARIANTS = 64;

function tiny(index: number): Variant {
  const octet = (index * 37) % 256;
  const question = notify().message('check-client-ip', { ip: data.ipv4(`192.0.2.${octet}`) });
  return { payload: question.toPayload(), expected: octet };
}

function realistic(index: number): Variant {
  const octet = (index * 53) % 256;
  const port = 1024 + index * 997;
  const texts = {
    method: index % 4 === 3 ? 'POST' : 'GET',
    path: `/catalogue/items/${1000 + index}/reviews/latest`,
    query: `page=${index}&sort=newest&lang=en&session=4c1f0b&utm_source=newsletter24`,
    headers: requestHeaders(index),
    host: 'shop.example.com',
  };
  const { method, path, query, headers, host } = texts;
  const src = data.ipv4(`198.51.100.${octet}`);
  const args = { method, path, query, src, src_port: data.int64(port), headers, host, ssl: true };
  const lengths = Object.values(texts).reduce((sum, text) => sum + text.length, 0);
  return { payload: notify().message('check-request', args).toPayload(), expected: lengths + port + octet + 1 };
}

/** 600 bytes of header lines as `req.hdrs` gives them. */
function requestHeaders(index: number): string {
  const lines = [
    'host: shop.example.com',
    'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language: en-GB,en;q=0.7,de;q=0.3',
    'accept-encoding: gzip, deflate, br, zstd',
    `referer: https://shop.example.com/catalogue/items/${1000 + index}`,
    'dnt: 1',
    'upgrade-insecure-requests: 1',
  ];
  const head = `${lines.join('\r\n')}\r\ncookie: basket=`;
  return `${head}${'0123456789abcdef'.repeat(40).slice(0, 600 - head.length - 4)}\r\n\r\n`;
}

/** 64 different payloads, sent in turn, so that an ACK with another NOTIFY's value is noticed. */
export function traffic(kind: TrafficKind): Variant[] {
  return Array.from({ length: VARIANTS }, (_, index) => (kind === 'tiny' ? tiny(index) : realistic(index)));
}

/** Writes what the generator in C sends: a HELLO and the payloads, each after its length and the expected value, little-endian. */
export function writeTraffic(path: string, kind: TrafficKind): void {
  const hello = { payload: haproxyHello({ capabilities: 'pipelining' }).toBytes(), expected: 0 };
  const parts = [hello, ...traffic(kind)].flatMap(({ payload, expected }) => [
    Buffer.from(new Int32Array([payload.length, expected]).buffer),
    payload,
  ]);
  writeFileSync(path, Buffer.concat(parts));
}
