import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Exchange, Header } from './exchange.ts';
import { Parts } from './parts.ts';

const NOTHING: Exchange = {
  app: '',
  client: '',
  method: 'GET',
  path: '/',
  query: '',
  headers: [],
  body: '',
  bodyState: 'none',
};

const list = (exchange: Partial<Exchange>, part: string, name?: string, except?: string[]): readonly string[] =>
  new Parts({ ...NOTHING, ...exchange }).textsOf(part, name, except).list;

describe('the arguments of a request', () => {
  const form: Header = ['content-type', 'Application/x-www-form-urlencoded; charset=utf-8'];
  const json: Header = ['content-type', 'application/problem+json'];

  it('are those of the query and of a form', () => {
    const request = { query: 'a=1&%62=x+y&c&&d=%2541', headers: [form], body: 'B=2&b=3' };
    expect(list(request, 'argument')).toEqual(['1', 'x y', 'c', '', '%41', 'a', '2', '3']);
    expect(list(request, 'argument', 'b')).toEqual(['x y', '2', '3']);
    expect(list(request, 'argument', undefined, ['b', ''])).toEqual(['1', '%41', 'a']);
    expect(list(request, 'argument-names')).toEqual(['a', 'b', '', '', 'd', 'b', 'b']);
  });

  it('are all texts of JSON, even if it is cut off, with their names', () => {
    const request = { headers: [json], body: '{"a":"x","b" : ["y\\n\\u007a",1,"\\"q"],"a":"second","cut":"of\\' };
    expect(list(request, 'argument')).toEqual(['a', 'x', 'b', 'y z', '"q', 'a', 'second', 'cut', 'of']);
    expect(list(request, 'argument', 'a')).toEqual(['x', 'second']);
    expect(list(request, 'argument', 'b')).toEqual(['y z', '"q']);
  });

  it('are the whole of any other body', () => {
    expect(
      list({ body: '--x\r\nfilename="../a"', headers: [['content-type', 'multipart/form-data']] }, 'argument'),
    ).toEqual(['--x filename="../a"']);
  });

  it('are also those of JSON with another content type', () => {
    const body = ' {"a":"\\u003cb"}';
    expect(list({ body, headers: [['content-type', 'text/plain']] }, 'argument', 'a')).toEqual(['<b']);
    expect(list({ body, headers: [form] }, 'argument', 'a')).toEqual(['<b']);
    expect(list({ body }, 'argument', '')).toEqual(['{"a":"\\u003cb"}', 'a']);
  });

  it('have every text in JSON', () => {
    const text = fc.string({ unit: 'grapheme-ascii' }).filter((text) => !/[%\\]/.test(text));
    fc.assert(
      fc.property(fc.array(text, { minLength: 1 }), fc.boolean(), (texts, isEscaped) => {
        const written = JSON.stringify(texts);
        const escape = (each: string): string => `\\u00${each.charCodeAt(0).toString(16)}`;
        const body = isEscaped ? written.replaceAll(/[a-z<>']/g, escape) : written;
        const plain = texts.map((text) => text.replaceAll('+', ' ').toLowerCase().replaceAll(/\s+/g, ' ').trim());
        expect(list({ headers: [json], body }, 'argument')).toEqual(plain);
      }),
    );
  });
});

describe('the other parts', () => {
  const request: Partial<Exchange> = {
    client: '2001:db8::1',
    method: 'POST',
    path: '/a/../%62',
    query: 'q=%3C',
    body: 'x+y',
    bodyState: 'cut',
    headers: [
      ['host', 'A.test'],
      ['cookie', 'a=1; B=%27; c'],
      ['cookie', 'd=x=y'],
      ['x', '1'],
      ['x', '%32'],
    ],
  };

  it.each([
    ['client', undefined, ['2001:db8::1']],
    ['method', undefined, ['post']],
    ['path', undefined, ['/a/../b', '/b']],
    ['query', undefined, ['q=<']],
    ['body', undefined, ['x y']],
    ['body-state', undefined, ['cut']],
    ['header', 'host', ['a.test']],
    ['header', 'x', ['1', '2']],
    ['header', 'y', []],
    ['header-names', undefined, ['host', 'cookie', 'cookie', 'x', 'x']],
    ['cookie', undefined, ['1', "'", 'c', 'x=y']],
    ['cookie', 'b', ["'"]],
    ['response-header', 'host', ['a.test']],
  ])('%s %s', (part, name, expected) => {
    expect(list(request, part, name)).toEqual(expected);
  });

  it('are those of a response', () => {
    const response = { status: 500, body: 'a+b%41', bodyState: 'unknown' } as const;
    expect(list(response, 'status')).toEqual(['500']);
    expect(list(response, 'response-body')).toEqual(['a+ba']);
    expect(list(response, 'response-body-state')).toEqual(['unknown']);
  });
});
