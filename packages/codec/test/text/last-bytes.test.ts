import { describe, expect, it } from 'vitest';
import { AddressReader, CookieReader, HeaderReader, type Value } from '../../src/index.ts';
import { thrown } from '../bytes.ts';
import { stringOf } from './text-argument.ts';

/** The addresses of all elements, from the last on. */
function elements(read: (reader: AddressReader) => void): (string | undefined)[] {
  const reader = new AddressReader();
  read(reader);
  const found: (string | undefined)[] = [];
  while (reader.next()) found.push(reader.address?.toString());
  return found;
}

/** The character whose byte surrounds a text in memory. */
function amid(text: string, character: string): Value {
  return stringOf(text, character.charCodeAt(0));
}

describe('a text that ends where its next byte would go on', () => {
  it.each([
    [']', '[2001:db8::1', [undefined]],
    [']', '[', [undefined]],
    [':', '2001:db8:', [undefined]],
    [':', '192.0.2.1', ['192.0.2.1']],
    ['"', '192.0.2.1,', [undefined, '192.0.2.1']],
    ['"', '"192.0.2.1', [undefined]],
    ['[', '192.0.2.1,', [undefined, '192.0.2.1']],
    [' ', '192.0.2.1, ', [undefined, '192.0.2.1']],
    [' ', '  ', []],
    ['\t', ' 192.0.2.1 ', ['192.0.2.1']],
    [',', '192.0.2.1', ['192.0.2.1']],
    ['8', '192.0.2.1:', [undefined]],
    ['8', '192.0.2.1:80', ['192.0.2.1']],
  ])('amid %j, X-Forwarded-For %j has %j', (character, text, expected) => {
    expect(elements((reader) => reader.readXForwardedFor(amid(text, character)))).toEqual(expected);
  });

  it.each([
    ['=', 'for', [undefined]],
    ['=', 'proto=http;for', [undefined]],
    ['"', 'for=', [undefined]],
    ['"', 'for="192.0.2.1', [undefined]],
    ['1', 'for=192.0.2.1', ['192.0.2.1']],
    [';', 'for=192.0.2.1', ['192.0.2.1']],
    ['\\', 'for="192.0.2.1"', ['192.0.2.1']],
    ['\\', '"for=192.0.2.1"', [undefined]],
    [' ', 'for=192.0.2.1 ', ['192.0.2.1']],
    ['=', 'for=192.0.2.1;', ['192.0.2.1']],
    ['=', 'for=192.0.2.1;by', [undefined]],
    [',', 'for=192.0.2.1;for=192.0.2.2', [undefined]],
    [',', 'for=192.0.2.1;by=192.0.2.2', ['192.0.2.1']],
    [',', 'a=1, for=192.0.2.1', ['192.0.2.1', undefined]],
  ])('amid %j, Forwarded %j has %j', (character, text, expected) => {
    expect(elements((reader) => reader.readForwarded(amid(text, character)))).toEqual(expected);
  });

  it.each([
    [':', 'abc', 'a line that ends with CRLF'],
    [':', 'abc\r\n', 'a line `name: value`'],
    ['\n', 'abc: 1\r', 'a line that ends with CRLF'],
    ['\r', 'abc: 1', 'a line that ends with CRLF'],
    [':', ':1\r\n', 'a line `name: value`'],
    [':', ':\r\n', 'a line `name: value`'],
    [':', '', 'a line that ends with CRLF'],
    ['\r', '\r', 'a line that ends with CRLF'],
  ])('amid %j, %j is no header: expected %s', (character, text, expected) => {
    const reader = new HeaderReader();
    reader.read(amid(text, character));
    const error = thrown(() => reader.next());
    expect([error.code, error.reason.includes(expected), error.cause]).toEqual(['SPOP_BAD_HEADERS', true, undefined]);
  });

  it.each([
    [' ', 'a:\r\n\r\n', ''],
    [' ', 'a: \t \r\n\r\n', ''],
    [' ', 'a: 1 \r\n\r\n', '1'],
    [':', 'a::\r\n\r\n', ':'],
  ])('amid %j, the header %j has the value %j', (character, text, value) => {
    const reader = new HeaderReader();
    reader.read(amid(text, character));
    expect([reader.next(), String(reader.name), String(reader.value), reader.next()]).toEqual([
      true,
      'a',
      value,
      false,
    ]);
  });

  it.each([
    ['=', 'session', undefined],
    ['=', '; session', undefined],
    ['1', 'session=', ''],
    [';', 'session=1', '1'],
    ['=', '=2; session=1', '1'],
    ['=', '=session=1', undefined],
    ['=', 'a; session=1', '1'],
    ['=', 'session=1=2', '1=2'],
    ['=', ' session=1 ', '1'],
    [' ', 'a=session; session=1', '1'],
  ])('amid %j, the cookies %j have %j', (character, text, expected) => {
    const reader = new CookieReader('session');
    reader.read(amid(text, character));
    expect(reader.value?.toString()).toBe(expected);
  });
});
