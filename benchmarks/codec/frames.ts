import { type TypedValue, encodeString, encodeTypedData } from '../naive/encode.ts';
import { encodeVarint } from '../naive/varint.ts';

/** The arguments of a message in wire order. */
export type Args = readonly (readonly [name: string, value: TypedValue])[];

export interface NotifyOptions {
  streamId?: bigint;
  frameId?: bigint;
}

/**
 * Writes a NOTIFY frame with its length field. Not the codec's own code, so that a fault of the codec cannot hide in
 * its benchmark.
 */
export function notifyFrame(
  messages: readonly (readonly [name: string, args: Args])[],
  options?: NotifyOptions,
): Buffer {
  const body = Buffer.concat([
    Buffer.from([3, 0, 0, 0, 1]),
    encodeVarint(options?.streamId ?? 1001n),
    encodeVarint(options?.frameId ?? 1n),
    ...messages.flatMap(([name, args]) => [
      encodeString(name),
      Buffer.from([args.length % 256]),
      ...args.flatMap(([key, value]) => [encodeString(key), encodeTypedData(value)]),
    ]),
  ]);
  const length = Buffer.alloc(4);
  length.writeUInt32BE(body.length);
  return Buffer.concat([length, body]);
}

const string = (value: string): TypedValue => ({ type: 'string', value });
const int64 = (value: number | bigint): TypedValue => ({ type: 'int64', value });

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

/** 37 bytes: `check-client-ip` with one IPv4 address, the smallest NOTIFY of use. */
export const tiny: Buffer = notifyFrame([['check-client-ip', [['ip', { type: 'ipv4', value: '203.0.113.77' }]]]]);

/** 814 bytes: what a web application firewall asks about a request. */
export const realistic: Buffer = notifyFrame([
  [
    'check-request',
    [
      ['method', string('GET')],
      ['path', string('/catalogue/chairs/oak-dining-chair-2000-set')],
      ['query', string('ref=listing&position=4&color=natural&size=large&currency=EUR')],
      ['src', { type: 'ipv4', value: '203.0.113.77' }],
      ['port', int64(51_724)],
      ['headers', string(headers)],
      ['host', string('shop.example.com')],
      ['ssl', { type: 'bool', value: true }],
    ],
  ],
]);

/** A message with 64 arguments of every type, each name its own. */
export const manyNames: readonly string[] = Array.from({ length: 64 }, (_, index) => `argument_${index}`);

export const many: Buffer = notifyFrame([['many', manyNames.map((name, index) => [name, manyValue(index)] as const)]]);

function manyValue(index: number): TypedValue {
  switch (index % 8) {
    case 0:
      return string(`value ${index}`);
    case 1:
      return int64(index * 1_000);
    case 2:
      return { type: 'bool', value: index % 16 === 2 };
    case 3:
      return { type: 'ipv4', value: `198.51.100.${index}` };
    case 4:
      return { type: 'binary', value: Buffer.alloc(index, 0xa5) };
    case 5:
      return { type: 'ipv6', value: `2001:db8::${index.toString(16)}` };
    case 6:
      return { type: 'uint32', value: 4_000_000_000 - index };
    default:
      return { type: 'null' };
  }
}

/** Two messages in one NOTIFY, as two `spoe-message` sections on one event give it. */
export const twoMessages: Buffer = notifyFrame([
  ['check-client-ip', [['ip', { type: 'ipv4', value: '203.0.113.77' }]]],
  [
    'log-request',
    [
      ['method', string('POST')],
      ['path', string('/basket/items')],
      ['status', int64(201)],
    ],
  ],
]);

/** Integers at the edges of their types: negative, above 2^31, above 2^53. */
export const integers: Buffer = notifyFrame([
  [
    'integers',
    [
      ['minus_one', int64(-1)],
      ['min_int32', { type: 'int32', value: -(2 ** 31) }],
      ['max_uint32', { type: 'uint32', value: 2 ** 32 - 1 }],
      ['min_int64', int64(-(2n ** 63n))],
      ['max_int64', int64(2n ** 63n - 1n)],
      ['max_uint64', { type: 'uint64', value: 2n ** 64n - 1n }],
    ],
  ],
]);
