import { data } from '@spop/builder';
import {
  BufferPool,
  MessageSet,
  Notify,
  address,
  defineMessage,
  defineNetwork,
  int32,
  int64,
  integer,
  interned,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import { type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { bytesOf, frameOf, integers, question } from '../frames.ts';
import { fromFrame, openMessage } from '../operations.ts';

const edges = defineMessage('integers', {
  minus_one: integer,
  min_int32: int32,
  max_uint32: uint32,
  min_int64: int64,
  max_int64: int64,
  max_uint64: uint64,
});

/** Every integer is read: as a number if it fits 32 bits, else as two halves. */
const readIntegers = (): Operation =>
  fromFrame(integers, edges, (message) => {
    const low = message.min_int64.lo ^ message.max_int64.lo ^ message.max_uint64.lo;
    const high = message.min_int64.hi ^ message.max_int64.hi ^ message.max_uint64.hi;
    return low ^ high ^ message.minus_one ^ message.min_int32;
  });

const port = defineMessage('numbers', { port: integer, bytes: int64, client: address });
const numbers = bytesOf(question.message('numbers', { port: 51_724, bytes: 50_000, client: data.ipv4('10.0.113.77') }));

/** A port, a count and an address as numbers. They are below 2^31: V8 boxes what is above, which takes 16 bytes. */
const readNumbers = (): Operation =>
  fromFrame(numbers, port, (message) => message.port + message.bytes.toNumber() + message.client.toNumber());

const texts = defineMessage('texts', { host: string, path: string, wide: string });
const textFrame = bytesOf(
  question.message('texts', {
    host: 'shop.example.com',
    path: '/catalogue/chairs/oak-dining-chair',
    wide: 'größenwahn',
  }),
);

/** Four comparisons: equal, equal but for the last byte, a prefix, and one beyond ASCII. */
function compareText(): Operation {
  const message = openMessage(textFrame, texts);
  return () => {
    let equal = 0;
    if (message.host.equals('shop.example.com')) equal += 1;
    if (message.host.equals('shop.example.org')) equal += 2;
    if (message.path.startsWith('/catalogue/')) equal += 4;
    if (message.wide.equals('größenwahn')) equal += 8;
    return equal;
  };
}

/** Searches in text: its end, a part, the place of a part, the same in upper case, and a copied part. */
function searchText(): Operation {
  const message = openMessage(textFrame, texts);
  const target = Buffer.alloc(64);
  return () => {
    let found = message.path.indexOf('/', 1) + message.path.copyTo(target, 0, 11, 17);
    if (message.host.endsWith('.example.com')) found += 100;
    if (message.host.equalsIgnoreCase('Shop.Example.COM')) found += 200;
    if (message.path.includes('oak')) found += 400;
    if (message.wide.includes('öß')) found += 800;
    if (message.wide.endsWith('ßenwahn')) found += 1_600;
    if (message.wide.equalsIgnoreCase('GRößENWAHN')) found += 3_200;
    if (message.path.includesIgnoreCase('OAK')) found += 6_400;
    return found;
  };
}

const clients = defineMessage('clients', { v4: address, v6: address });
const clientFrame = bytesOf(
  question.message('clients', { v4: data.ipv4('203.0.113.77'), v6: data.ipv6('2001:db8::7:1') }),
);

/** Addresses of both families compared with text, and read in groups. */
function compareAddresses(): Operation {
  const message = openMessage(clientFrame, clients);
  return () => {
    let equal = message.v4.family + message.v6.family;
    if (message.v4.equals('203.0.113.77')) equal += 1;
    if (message.v6.equals('2001:db8::7:1')) equal += 2;
    if (message.v6.equals('2001:db8::7:2')) equal += 4;
    return equal + (message.v4.wordAt(0) & 0xff) + (message.v6.wordAt(3) & 0xff);
  };
}

const mapped = defineMessage('mapped', { client: address });
const mappedFrame = bytesOf(question.message('mapped', { client: data.ipv6('::ffff:cb00:714d') }));

/** An IPv4 address mapped to IPv6: compared in both spellings and as bytes, and looked for in networks. */
function readMapped(): Operation {
  const bytes = Buffer.from('00000000000000000000ffffcb00714d', 'hex');
  const networks = ['203.0.113.0/25', '203.0.113.76/31', '2001:db8::/32'].map((text) => defineNetwork(text));
  return fromFrame(mappedFrame, mapped, ({ client }) => {
    let sum = client.family + client.type + client.byteAt(3);
    if (client.equals('203.0.113.77')) sum += 100;
    if (client.equals('::ffff:203.0.113.77')) sum += 200;
    if (client.equals(bytes)) sum += 400;
    for (let i = 0; i < networks.length; i++) sum += client.isWithin(networks[i]!) ? 1_000 << i : 0;
    return sum;
  });
}

const lookups = defineMessage('lookups', { method: interned(string), host: interned(string) });
const lookupFrames = [
  ['GET', 'shop.example.com'],
  ['POST', 'api.example.com'],
  ['GET', 'www.example.com'],
  ['HEAD', 'shop.example.com'],
].map(([method = '', host = '']) => frameOf(bytesOf(question.message('lookups', { method, host }))));

/** Two texts from the cache, from four frames in turn. */
function internText(): Operation {
  const notify = new Notify(new MessageSet([lookups]));
  let turn = 0;
  return () => {
    turn = (turn + 1) & 3;
    notify.read(lookupFrames[turn]!);
    const message = notify.get(lookups)!;
    const sum = message.method.length + message.host.length + (message.method === 'GET' ? 1 : 0);
    notify.close();
    return sum;
  };
}

/** Three buffers out at a time, released in another order. */
function pooledBuffers(): Operation {
  const pool = new BufferPool({ bufferSize: 4_096, maxBuffers: 8 });
  return () => {
    const first = pool.acquire()!;
    const second = pool.acquire()!;
    const third = pool.acquire()!;
    first[0] = 1;
    pool.release(second);
    pool.release(first);
    pool.release(third);
    return pool.outCount + first.length + (pool.has(first) ? 1 : 0);
  };
}

/** A view used while its frame is open, which takes little more than the check for late use. */
function checkedView(): Operation {
  const { host } = openMessage(textFrame, texts);
  return () => host.byteAt(0) + host.byteLength;
}

export const cases: readonly Case[] = [
  {
    name: 'integers',
    what: 'negative and 64-bit integers, read as numbers or as two halves',
    subjects: { spop: readIntegers },
    unoptimised: { why: 'five sums leave 32 bits before they are cut to them again', bytes: 80 },
  },
  spopCase('number conversions', 'a port, a byte count and an IPv4 address as numbers', readNumbers),
  spopCase('compare text', 'four comparisons of values with text: equal, nearly, a prefix, beyond ASCII', compareText),
  spopCase(
    'search text',
    'the end of a text, parts of it and their places, the same in upper case, and a part copied',
    searchText,
  ),
  spopCase('compare addresses', 'IPv4 and IPv6 addresses compared with text, and their groups read', compareAddresses),
  spopCase(
    'mapped address',
    'a frame with an IPv4 address mapped to IPv6, compared with text and bytes, and looked for in three networks',
    readMapped,
  ),
  spopCase('interned text', 'a method and a host as text from the cache', internText),
  spopCase('pool', 'three buffers acquired and released', pooledBuffers),
  spopCase(
    'view check',
    'a byte and a length of a view that is open: the check for late use is nearly all of it',
    checkedView,
  ),
];
