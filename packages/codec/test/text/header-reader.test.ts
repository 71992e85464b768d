import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HeaderReader, SpopError, type StringValue, type Value } from '../../src/index.ts';
import { hex, text, thrown, valueOf } from '../bytes.ts';
import { type Header, MALFORMED, plainLines, plainPairs } from './plain-headers.ts';
import { binaryOf, notifyWith, readNext, stringOf, SURROUNDINGS } from './text-argument.ts';

const headers = new HeaderReader();

function latin1(view: StringValue): string {
  return view.toBytes().toString('latin1');
}

/** All headers up to the end, or up to an error, with its code. */
function walk(argument: Value): (Header | string)[] {
  const found: (Header | string)[] = [];
  headers.read(argument);
  try {
    while (headers.next()) found.push([latin1(headers.name), latin1(headers.value)]);
  } catch (error) {
    if (!(error instanceof SpopError)) throw error;
    found.push(error.code);
  }
  return found;
}

/** Requires the same headers amid any surrounding bytes. */
function ask(content: string | Uint8Array, argumentOf: typeof stringOf): (Header | string)[] {
  const answers = SURROUNDINGS.map((fill) => walk(argumentOf(content, fill)));
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0]!;
}

function linesOf(all: readonly Header[]): string {
  return `${all.map(([name, value]) => `${name}: ${value}\r\n`).join('')}\r\n`;
}

function pairsOf(all: readonly Header[]): Buffer {
  return Buffer.concat([...all.flatMap(([name, value]) => [text(name), text(value)]), hex('0000')]);
}

const INVALID = MALFORMED;

describe('headers as text', () => {
  it.each<[label: string, content: string, expected: readonly (Header | string)[]]>([
    ['none', '\r\n', []],
    ['one', 'host: a\r\n\r\n', [['host', 'a']]],
    ['two of one name', 'a: 1\r\na: 2\r\n\r\n', [['a', '1'], ['a', '2']]], // prettier-ignore
    ['a colon in the value', 'host: [::1]:80\r\n\r\n', [['host', '[::1]:80']]],
    ['an empty value', 'a: \r\nb:\r\n\r\n', [['a', ''], ['b', '']]], // prettier-ignore
    ['spaces and tabs around the value', 'a: \t 1 2 \t\r\n\r\n', [['a', '1 2']]],
    ['CR alone and LF alone, which belong to the value', 'a: 1\r2\n3\r\n\r\n', [['a', '1\r2\n3']]],
    ['bytes after the empty line', 'a: 1\r\n\r\nb: 2\r\n', [['a', '1']]],
    ['nothing', '', [INVALID]],
    ['no empty line', 'a: 1\r\n', [['a', '1'], INVALID]],
    ['half an empty line', 'a: 1\r\n\r', [['a', '1'], INVALID]],
    ['a line that does not end', 'a: 1\r\nb: 2', [['a', '1'], INVALID]],
    ['a line that ends with CR', 'a: 1\r', [INVALID]],
    ['lines that end with LF', 'a: 1\n\n', [INVALID]],
    ['a line without a colon', 'a: 1\r\nb\r\n\r\n', [['a', '1'], INVALID]],
    ['a line without a name', ': 1\r\n\r\n', [INVALID]],
    ['CR in a name', 'a\rb: 1\r\n\r\n', [INVALID]],
  ])('%s', (_, content, expected) => {
    expect(ask(content, stringOf)).toEqual(expected);
  });
});

describe('headers as pairs', () => {
  it.each<[label: string, digits: string, expected: readonly (Header | string)[]]>([
    ['none', '00 00', []],
    ['one', '0161 0131 00 00', [['a', '1']]],
    ['an empty value', '0161 00 00 00', [['a', '']]],
    ['spaces, which belong to the value', '0161 03203120 00 00', [['a', ' 1 ']]],
    ['bytes after the empty pair', '00 00 0161 0131', []],
    ['nothing', '', [INVALID]],
    ['no empty pair', '0161 0131', [['a', '1'], INVALID]],
    ['half an empty pair', '0161 0131 00', [['a', '1'], INVALID]],
    ['a name alone', '0161', [INVALID]],
    ['a name that is cut off', '0361', [INVALID]],
    ['a value that is cut off', '0161 0231', [INVALID]],
    ['a length that is cut off', 'f0', [INVALID]],
    ['a length above 2^64', 'ffffffffffffffffffff', [INVALID]],
    ['a length above 2^31', 'f0f1fefe3e', [INVALID]],
    ['a value without a name', '00 0131 00 00', [INVALID]],
  ])('%s', (_, digits, expected) => {
    expect(ask(hex(digits), binaryOf)).toEqual(expected);
  });

  it('of a length that takes more than one byte', () => {
    const all: Header[] = [['n'.repeat(240), 'v'.repeat(2_288)]];
    expect(ask(pairsOf(all), binaryOf)).toEqual(all);
  });
});

describe('a header reader', () => {
  it('says where headers are wrong, and that the frame is correct', () => {
    headers.read(stringOf('a: 1\r\nb\r\n\r\n'));
    headers.next();
    const { message: found, status, offset } = thrown(() => headers.next());
    expect(found).toContain('expected headers as req.hdrs or req.hdrs_bin gives them, and there a line `name: value`');
    // A DISCONNECT with one item, whose name is empty: its STRING begins at byte 12, and the line six bytes after its length.
    expect([status, offset]).toEqual([undefined, 20]);
    expect(thrown(() => headers.next()).offset).toBe(20);

    headers.read(binaryOf(hex('0161 0131 0162 0531')));
    headers.next();
    const cut = thrown(() => headers.next());
    expect([cut.status, cut.offset]).toEqual([undefined, 20]);
    expect(cut.cause).toMatchObject({ code: 'SPOP_TRUNCATED' });
  });

  it('gives views that can be compared and written', () => {
    headers.read(stringOf('Cookie: a=1\r\n\r\n'));
    expect(headers.next()).toBe(true);
    expect([headers.name.equalsIgnoreCase('cookie'), headers.value.startsWith('a=')]).toEqual([true, true]);
    expect(headers.value.toBytes()).toEqual(Buffer.from('a=1'));
    expect(JSON.stringify(headers)).toBe('{"name":"Cookie","value":"a=1"}');
  });

  it('closes the views of a header when it moves on', () => {
    headers.read(stringOf('a: 1\r\nb: 2\r\n\r\n'));
    const { name, value } = headers;
    expect(thrown(() => name.byteLength).code).toBe('SPOP_VIEW_CLOSED');
    headers.next();
    expect([name.toString(), value.toString()]).toEqual(['a', '1']);
    headers.next();
    expect([name.toString(), value.toString()]).toEqual(['b', '2']);
    expect([headers.next(), headers.next()]).toEqual([false, false]);
    expect(thrown(() => name.byteLength).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => value.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('is closed with its NOTIFY, and its views are', () => {
    const { notify, text: argument } = notifyWith('a: 1\r\nb: 2\r\n\r\n');
    headers.read(argument);
    headers.next();
    notify.close();
    expect(thrown(() => headers.next()).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => headers.value.byteAt(0)).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => headers.read(argument)).code).toBe('SPOP_VIEW_CLOSED');
    readNext(notify, 'c: 3\r\n\r\n');
    expect(thrown(() => headers.next()).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => headers.name.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('goes on in the copy of the NOTIFY', () => {
    const { notify, text: argument } = notifyWith('a: 1\r\nb: 2\r\n\r\n');
    headers.read(argument);
    headers.next();
    const { value } = headers;
    notify.moveTo(Buffer.alloc(notify.byteLength));
    expect(value.toString()).toBe('1');
    expect(headers.next()).toBe(true);
    expect(value.toString()).toBe('2');
    expect(headers.next()).toBe(false);
  });

  it('takes nothing but text and bytes', () => {
    expect(thrown(() => headers.read(valueOf('0600000000'))).code).toBe('SPOP_WRONG_TYPE');
    expect(thrown(() => headers.read(valueOf('1100'))).code).toBe('SPOP_WRONG_TYPE');
    for (const other of ['a: 1\r\n\r\n', Buffer.from('\r\n'), undefined, null]) {
      expect(thrown(() => Reflect.apply(headers.read, headers, [other])).code).toBe('SPOP_MISUSE');
    }
    expect(thrown(() => new HeaderReader().next()).code).toBe('SPOP_VIEW_CLOSED');
  });
});

const name = fc.stringMatching(/^[a-z0-9_-]{1,20}$/);
const value = fc.stringMatching(/^([!-~]([ -~]{0,20}[!-~])?)?$/);
const someHeaders = fc.array(fc.tuple(name, value), { maxLength: 12 });

describe('any headers', () => {
  it('are read as they were written, in either form', () => {
    fc.assert(
      fc.property(someHeaders, (all) => {
        expect(ask(linesOf(all), stringOf)).toEqual(all);
        expect(ask(pairsOf(all), binaryOf)).toEqual(all);
      }),
    );
  });

  it('that are cut off at any byte are refused after the whole ones', () => {
    fc.assert(
      fc.property(someHeaders, fc.nat(), (all, place) => {
        for (const [bytes, argumentOf] of [
          [Buffer.from(linesOf(all)), stringOf],
          [pairsOf(all), binaryOf],
        ] as const) {
          const found = ask(bytes.subarray(0, place % bytes.length), argumentOf);
          expect(found.at(-1)).toBe(INVALID);
          expect(all.slice(0, found.length - 1)).toEqual(found.slice(0, -1));
        }
      }),
    );
  });

  it('are those that a plain reader finds in any bytes', () => {
    const bytes = fc.uint8Array({ maxLength: 60 });
    const linelike = fc
      .array(fc.constantFrom('a', ':', ' ', '\t', '\r', '\n', '\r\n', 'a: 1\r\n', '\u0000'), { maxLength: 20 })
      .map((all) => Buffer.from(all.join('')));
    const pairlike = fc.array(fc.constantFrom(0, 0, 1, 1, 2, 3, 240, 241, 0x61), { maxLength: 20 });
    fc.assert(
      fc.property(fc.oneof(bytes, linelike, pairlike.map(Uint8Array.from.bind(Uint8Array))), (content) => {
        const given = Buffer.from(content);
        expect(ask(given, stringOf)).toEqual(plainLines(given.toString('latin1')));
        expect(ask(given, binaryOf)).toEqual(plainPairs(given));
      }),
      { numRuns: 300 },
    );
  });
});
