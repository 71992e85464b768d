import { data, varintBytes } from '@spop/builder';
import {
  AddressReader,
  CookieReader,
  Frame,
  HeaderReader,
  KvListReader,
  SpopError,
  type StringValue,
  type Value,
} from '@spop/codec';
import { plainAddress, plainForwarded, plainXForwardedFor } from '../../packages/codec/test/text/plain-addresses.ts';
import { plainCookie, plainLines, plainPairs } from '../../packages/codec/test/text/plain-headers.ts';
import { frameOf } from '../support/frame-of.ts';
import { expectSame } from '../support/plain-frames.ts';
import type { Target } from './target.ts';

const STRING = 8;
const BINARY = 9;
const COOKIE = 'a';
const EXAMPLES = [
  '192.0.2.1:80, [2001:db8::1]:_p, unknown, ::ffff:192.0.2.1',
  'for=192.0.2.1;proto=https, For="[2001:db8::1]:80";by=_x',
  String.raw`for="\1.2.3.4";host="a,\"b\\", for=unknown`,
  'for=192.0.2.1;for=192.0.2.2',
  'host: a\r\nb:\r\n\r\n',
  '\u0001a\u0001b\u0000\u0000',
  'a=1; b=2;a="3"; c',
];

const frame = new Frame();
const list = new KvListReader();
const addresses = new AddressReader();
const headers = new HeaderReader();
const cookies = new CookieReader(COOKIE);

/** The view of a value that holds these bytes. After its frame there are bytes that could continue it. */
function viewOf(type: number, content: Uint8Array): Value {
  const bytes = frameOf(1, Buffer.from([0, 0, 0, type, ...varintBytes(content.length), ...content]));
  frame.read(Buffer.concat([bytes, content, Buffer.alloc(300, '1')]), 0, bytes.length);
  list.read(frame);
  list.next();
  return list.value;
}

/** An address in the form that views give it. */
function shown(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return text.includes(':') ? data.ipv6(text).value.replace(/^::ffff:(?=.*\.)/, '') : data.ipv4(text).value;
}

function elements(): (string | undefined)[] {
  const found: (string | undefined)[] = [];
  while (addresses.next()) found.push(addresses.address?.toString());
  return found;
}

function walk(argument: Value): unknown[] {
  const found: unknown[] = [];
  const text = (value: StringValue): string => value.toBytes().toString('latin1');
  try {
    for (headers.read(argument); headers.next();) found.push([text(headers.name), text(headers.value)]);
  } catch (error) {
    if (!(error instanceof SpopError) || error.status !== undefined) throw error;
    found.push(error.code);
  }
  return found;
}

export const textTarget: Target = {
  name: 'text',
  checks: 'addresses, headers and cookies are found in text exactly where plain readers find them',
  maxBytes: 120,
  seeds: () => EXAMPLES.map((text) => Buffer.from(text, 'latin1')),
  run(input) {
    const text = input.toString('latin1');
    const argument = viewOf(STRING, input);
    expectSame(addresses.read(argument)?.toString(), shown(plainAddress(text)));
    addresses.readXForwardedFor(argument);
    expectSame(elements(), plainXForwardedFor(text).map(shown));
    addresses.readForwarded(argument);
    expectSame(elements(), plainForwarded(text).map(shown));
    cookies.read(argument);
    expectSame([cookies.count, cookies.value?.toBytes().toString('latin1')], plainCookie(text, COOKIE));
    expectSame(walk(argument), plainLines(text));
    expectSame(walk(viewOf(BINARY, input)), plainPairs(input));
  },
};
