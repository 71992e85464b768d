/** The frames that are measured, written by the builder, which shares no code with the codec. */
import { data, type NotifyBuilder, haproxyHello, notify } from '@spop/builder';
import { type Frame, FrameReader } from '@spop/codec';

/** A NOTIFY without messages yet, with ids as HAProxy has them after a while. */
export const question: NotifyBuilder = notify({ streamId: 1_001, frameId: 1 });

/** The frame with its length field. */
export function bytesOf(frame: { toBytes(): Uint8Array }): Buffer {
  return Buffer.from(frame.toBytes());
}

/** The first frame of the bytes, as the codec reads it. */
export function frameOf(bytes: Buffer): Frame {
  const reader = new FrameReader();
  reader.push(bytes);
  return reader.next()!;
}

/** What HAProxy 3.2 greets an agent with. */
export const hello: Buffer = bytesOf(haproxyHello({ capabilities: 'pipelining' }));

/** 600 bytes of request headers, as `req.hdrs` gives them. */
const headers = [
  'host: shop.example.com',
  'user-agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  'accept: text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
  'accept-language: en-GB,en;q=0.7,de;q=0.3',
  'accept-encoding: gzip, deflate, br, zstd',
  'referer: https://shop.example.com/catalogue/chairs?sort=price&page=2',
  'cookie: session=0b7c4a1e93f84c0d9a6b5f1e2d3c4b5a; theme=dark; consent=1; cart=8f14e45fceea167a5a36dedd4bea2543',
  'sec-fetch-dest: document',
  'sec-fetch-mode: navigate',
  'sec-fetch-site: same-origin',
  'upgrade-insecure-requests: 1',
  'x-request-id: 018f3c2a-7d10-7a55-b3d4-9f',
  '',
].join('\r\n');

const asksForIp: NotifyBuilder = question.message('check-client-ip', { ip: data.ipv4('203.0.113.77') });

/** 37 bytes: `check-client-ip` with one IPv4 address, the smallest NOTIFY of use. */
export const tiny: Buffer = bytesOf(asksForIp);

/** 814 bytes: what a web application firewall asks about a request. */
export const realistic: Buffer = bytesOf(
  question.message('check-request', {
    method: 'GET',
    path: '/catalogue/chairs/oak-dining-chair-2000-set',
    query: 'ref=listing&position=4&color=natural&size=large&currency=EUR',
    src: data.ipv4('203.0.113.77'),
    port: 51_724,
    headers,
    host: 'shop.example.com',
    ssl: true,
  }),
);

/** The names of the 64 arguments of {@link many}. */
export const manyNames: readonly string[] = Array.from({ length: 64 }, (_, index) => `argument_${index}`);

/** A message with 64 arguments of eight types, each with a name of its own. */
export const many: Buffer = bytesOf(
  question.message(
    'many',
    manyNames.map((name, index) => {
      const values = [
        `value ${index}`,
        index * 1_000,
        index % 16 === 2,
        data.ipv4(`198.51.100.${index}`),
        Buffer.alloc(index, 0xa5),
        data.ipv6(`2001:db8::${index.toString(16)}`),
        data.uint32(4_000_000_000 - index),
        null,
      ];
      return [name, values[index % 8] ?? null] as const;
    }),
  ),
);

/** Two messages in one NOTIFY, as two `spoe-message` sections on one event give it. */
export const twoMessages: Buffer = bytesOf(
  asksForIp.message('log-request', { method: 'POST', path: '/basket/items', status: 201 }),
);

/** Integers at the edges of their types: negative, above 2^31, above 2^53. */
export const integers: Buffer = bytesOf(
  question.message('integers', {
    minus_one: -1,
    min_int32: data.int32(-(2 ** 31)),
    max_uint32: data.uint32(2 ** 32 - 1),
    min_int64: -(2n ** 63n),
    max_int64: 2n ** 63n - 1n,
    max_uint64: data.uint64(2n ** 64n - 1n),
  }),
);
