import { varintBytes } from '@spop/builder';
import {
  address,
  AddressReader,
  AckWriter,
  type AddressValue,
  binary,
  CookieReader,
  Cursor,
  defineMessage,
  defineNetwork,
  defineVariable,
  type Frame,
  HeaderReader,
  type MessageOf,
  MessageSet,
  Notify,
  readVarint,
  string,
} from '@spop/codec';
import { type Case, spopCase } from '../../harness/case.ts';
import type { Operation } from '../../harness/operation.ts';
import { bytesOf, frameOf, question } from '../frames.ts';

const fields = [
  ['host', 'shop.example.com'],
  ['user-agent', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'],
  ['accept', 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8'],
  ['accept-encoding', 'gzip, deflate, br, zstd'],
  ['cookie', 'lang=de; session=0b7c4a1e93f84c0d9a6b5f1e2d3c4b5a; theme=dark; consent=1'],
  ['x-forwarded-for', '203.0.113.77, 10.0.0.7'],
] as const;

const request = defineMessage('request', {
  headers: string,
  binary_headers: binary,
  cookie: string,
  forwarded: string,
  x_forwarded_for: string,
  real_ip: string,
});

const bytes = bytesOf(
  question.message('request', {
    headers: `${fields.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`,
    binary_headers: Buffer.concat(
      [...fields.flat(), '', ''].flatMap((text) => [varintBytes(text.length), Buffer.from(text)]),
    ),
    cookie: fields[4][1],
    forwarded: String.raw`for=192.0.2.1;host="a,b\"";proto=http, For="[2001:DB8::\0:17]:4711";by=_gate`,
    x_forwarded_for: '2001:db8::7:1, unknown, [2001:db8::7:2]:443, ::ffff:203.0.113.77, 10.0.0.7:8080',
    real_ip: '203.0.113.77',
  }),
);

function read(): { frame: Frame; message: MessageOf<typeof request> } {
  const frame = frameOf(bytes);
  const notify = new Notify(new MessageSet([request]));
  notify.read(frame);
  return { frame, message: notify.get(request)! };
}

function sumOf(ip: AddressValue | undefined): number {
  return ip === undefined ? 1 : ip.family + (ip.wordAt(0) & 0xff) + ip.byteLength + ip.byteAt(3);
}

/** A text that is one address, and the elements of a list, each looked for in a network. */
function readForwardedFor(): Operation {
  const { message } = read();
  const addresses = new AddressReader();
  const internal = defineNetwork('10.0.0.0/8');
  return () => {
    let sum = sumOf(addresses.read(message.real_ip));
    addresses.readXForwardedFor(message.x_forwarded_for);
    while (addresses.next()) {
      sum += sumOf(addresses.address);
      if (addresses.address?.isWithin(internal) === true) sum += 1_000;
    }
    return sum;
  };
}

/** Two elements with parameters, quotes and backslashes; one is compared, copied and written to an ACK. */
function readForwarded(): Operation {
  const { frame, message } = read();
  const addresses = new AddressReader();
  const client = defineVariable('txn', 'client', address);
  const out = Buffer.alloc(256);
  const ack = new AckWriter();
  return () => {
    let sum = 0;
    addresses.readForwarded(message.forwarded);
    ack.beginAck(out, 0, out.length, frame);
    while (addresses.next()) {
      const found = addresses.address;
      if (found?.family !== 6) continue;
      ack.set(client, found);
      sum += found.type + (found.equals('2001:db8::17') ? 2_000 : 0) + found.copyTo(out, 200);
    }
    return sum + ack.end();
  };
}

/** The comparisons of a firewall with each of six headers. */
function walkHeaders(isBinary: boolean): Operation {
  const { message } = read();
  const headers = new HeaderReader();
  const argument = isBinary ? message.binary_headers : message.headers;
  return () => {
    let sum = 0;
    for (headers.read(argument); headers.next();) {
      if (headers.name.equals('cookie')) sum += headers.value.byteLength;
      else if (headers.value.includes('<script')) sum += 1_000;
    }
    return sum;
  };
}

/** A cookie that is there, and one that is not. */
function findCookies(): Operation {
  const { message } = read();
  const session = new CookieReader('session');
  const basket = new CookieReader('basket');
  return () => {
    session.read(message.cookie);
    basket.read(message.cookie);
    const length = session.value?.byteLength ?? 0;
    return length + session.count + basket.count + (basket.value === undefined ? 1 : 0);
  };
}

/** Five varints of one to five bytes. */
function readVarints(): Operation {
  const varints = Buffer.concat([7n, 240n, 2_288n, 264_432n, 33_818_864n].map(varintBytes));
  const cursor = new Cursor();
  return () => {
    let sum = 0;
    for (cursor.read(varints); cursor.position < cursor.limit;) {
      readVarint(cursor);
      sum ^= cursor.lo;
    }
    return sum;
  };
}

export const cases: readonly Case[] = [
  spopCase(
    'x-forwarded-for',
    'a text that is an address, and five elements of X-Forwarded-For, each looked for in a network',
    readForwardedFor,
  ),
  spopCase(
    'forwarded',
    'two elements of Forwarded, one of them with backslashes in its quotes, and written to an ACK',
    readForwarded,
  ),
  spopCase('headers', 'six headers of req.hdrs walked, with two comparisons of each', () => walkHeaders(false)),
  spopCase('binary headers', 'the same of req.hdrs_bin', () => walkHeaders(true)),
  spopCase('cookies', 'two cookies looked for in a field of four', findCookies),
  spopCase('varints', 'five varints of one to five bytes, read with a cursor', readVarints),
];
