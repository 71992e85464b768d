/**
 * The two jobs that every agent under measurement does, and the payloads that ask for them.
 *
 * `tiny`: `check-client-ip` with one IPv4 argument `ip`; sess.ip_score becomes its last octet.
 * `realistic`: `check-request` with method, path, query, src, src_port, headers, host and ssl. So that an answer proves
 * that all eight were read, sess.ip_score becomes the byte lengths of the five texts + the port + the last octet of
 * src + 1 for ssl.
 */
import { writeFileSync } from 'node:fs';
import { data, notify } from '@spop/builder';

export type TrafficKind = 'tiny' | 'realistic';

/** One NOTIFY payload and the score that its ACK must carry. */
export interface Variant {
  readonly payload: Uint8Array;
  readonly expected: number;
}

const VARIANTS = 64;

function tiny(index: number): Variant {
  const octet = (index * 37) % 256;
  const payload = notify()
    .message('check-client-ip', { ip: data.ipv4(`192.0.2.${octet}`) })
    .toPayload();
  return { payload, expected: octet };
}

function realistic(index: number): Variant {
  const octet = (index * 53) % 256;
  const port = 1024 + index * 997;
  const method = index % 4 === 3 ? 'POST' : 'GET';
  const path = `/catalogue/items/${String(1000 + index)}/reviews/latest`;
  const query = `page=${String(index)}&sort=newest&lang=en&session=4c1f0b&utm_source=newsletter24`;
  const host = 'shop.example.com';
  const headers = requestHeaders(index);
  const payload = notify()
    .message('check-request', {
      method,
      path,
      query,
      src: data.ipv4(`198.51.100.${octet}`),
      src_port: data.int64(port),
      headers,
      host,
      ssl: true,
    })
    .toPayload();
  const lengths = method.length + path.length + query.length + headers.length + host.length;
  return { payload, expected: lengths + port + octet + 1 };
}

/** 600 bytes of header lines as `req.hdrs` gives them. */
function requestHeaders(index: number): string {
  const lines = [
    'host: shop.example.com',
    'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    'accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
    'accept-language: en-GB,en;q=0.7,de;q=0.3',
    'accept-encoding: gzip, deflate, br, zstd',
    `referer: https://shop.example.com/catalogue/items/${String(1000 + index)}`,
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

/** Writes the payloads for the C generator: a count, then length, expected value and bytes of each, little-endian. */
export function writeTraffic(path: string, kind: TrafficKind): void {
  const parts: Uint8Array[] = [];
  const variants = traffic(kind);
  const count = Buffer.alloc(4);
  count.writeUInt32LE(variants.length);
  parts.push(count);
  for (const { payload, expected } of variants) {
    const head = Buffer.alloc(8);
    head.writeUInt32LE(payload.length, 0);
    head.writeInt32LE(expected, 4);
    parts.push(head, payload);
  }
  writeFileSync(path, Buffer.concat(parts));
}
