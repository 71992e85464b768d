import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Value } from '../../src/index.ts';
import { toHex, valueOf, varint } from '../bytes.ts';

/** A view of a STRING, amid bytes that could continue its text. */
function stringOf(content: string | Uint8Array, fill: number = 0x61): Value {
  const bytes = Buffer.from(content);
  return valueOf(`08${toHex(varint(BigInt(bytes.length)))}${toHex(bytes)}`, fill);
}

/** Requires the same answer amid any surrounding bytes. */
function ask<Answer>(content: string | Uint8Array, question: (value: Value) => Answer): Answer {
  const answers = [0x61, 0x00, 0x80, 0xa9, 0xff].map((fill) => question(stringOf(content, fill)));
  expect(new Set(answers).size).toBe(1);
  return answers[0]!;
}

const letters = [
  'a',
  'A',
  'b',
  'z',
  'Z',
  '@',
  '[',
  '{',
  '`',
  'é',
  'É',
  'ß',
  'K',
  '\u212a',
  '\u017f',
  '€',
  '😀',
  '\u0000',
];
/** Text of few characters, so that one is often within another. */
function someText(maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...letters), { maxLength }).map((all) => all.join(''));
}

/** The same with halves of surrogate pairs. */
function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc.array(fc.constantFrom(...letters, '\ud83d', '\ude00', '\ufffd'), { maxLength }).map((all) => all.join(''));
}

function someBytes(maxLength: number): fc.Arbitrary<Buffer> {
  const byte = fc.constantFrom(
    0x61,
    0x41,
    0xc3,
    0xa9,
    0x89,
    0xe2,
    0x82,
    0xac,
    0xf0,
    0x9f,
    0x98,
    0x80,
    0xef,
    0xbf,
    0xbd,
  );
  return fc.array(byte, { maxLength }).map((all) => Buffer.from(all));
}

function lowered(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase());
}

/** Bytes with their ASCII letters in lower case. */
function loweredBytes(bytes: Buffer): string {
  return toHex(bytes.map((byte) => (byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte)));
}

describe('endsWith', () => {
  it.each([
    ['www.example.com', '.example.com', true],
    ['www.example.com', 'www.example.com', true],
    ['www.example.com', 'xwww.example.com', false],
    ['www.example.com', '.example.co', false],
    ['www.example.com', '', true],
    ['', '', true],
    ['', 'a', false],
    ['café', 'é', true],
    ['café', 'fé', true],
    ['cafe', 'é', false],
    ['a😀', '😀', true],
    ['\ufffd', '\ud83d', true],
    ['©', 'é', false],
  ])('of %j: %j is %s', (content, text, expected) => {
    expect(ask(content, (value) => value.endsWith(text))).toBe(expected);
  });

  it('finds no character in the bytes of another', () => {
    expect(ask(Buffer.of(0xa9), (value) => value.endsWith('é'))).toBe(false);
    expect(ask(Buffer.of(0xe2, 0x82, 0xac), (value) => value.endsWith('\u00ac'))).toBe(false);
  });
});

it('endsWith does not read before the value', () => {
  // The byte before it is its length, which would be the first byte of é.
  const value = stringOf(Buffer.concat([Buffer.of(0xa9), Buffer.alloc(0xc3 - 1, 'x')]));
  expect(value.endsWith(`é${'x'.repeat(0xc3 - 1)}`)).toBe(false);
  expect(value.endsWith('x'.repeat(0xc3 - 1))).toBe(true);
});

describe('indexOf', () => {
  it.each<[content: string, text: string, from: number | undefined, expected: number]>([
    ['a=1; b=2', 'b=', undefined, 5],
    ['a=1; b=2', '=', undefined, 1],
    ['a=1; b=2', '=', 2, 6],
    ['a=1; b=2', '=', 6, 6],
    ['a=1; b=2', '=', 7, -1],
    ['a=1; b=2', 'a=1; b=2', 0, 0],
    ['a=1; b=2', 'a=1; b=23', 0, -1],
    ['aaab', 'aab', 0, 1],
    ['éa', 'a', 0, 2],
    ['é€😀a', '😀', 0, 5],
    ['é€😀a', 'a', 5, 9],
    ['abc', '', undefined, 0],
    ['abc', '', 2, 2],
    ['abc', '', 3, 3],
    ['abc', '', 9, 3],
    ['abc', '', -1, 0],
    ['', '', 0, 0],
    ['', 'a', 0, -1],
    ['abc', 'a', -5, 0],
    ['abc', 'b', 1.9, 1],
    ['abc', 'a', NaN, 0],
    ['abc', 'a', -Infinity, 0],
    ['abc', 'a', Infinity, -1],
    ['abc', 'c', 2 ** 32, -1],
  ])('of %j: %j from %s is at %i', (content, text, from, expected) => {
    expect(ask(content, (value) => value.indexOf(text, from))).toBe(expected);
  });

  it('ends with the value, also within a character', () => {
    // The bytes after the value would continue its text.
    expect(ask(Buffer.of(0x61, 0xc3), (value) => value.indexOf('é'))).toBe(-1);
    expect(ask(Buffer.of(0xc3), (value) => value.includes('é') || value.equalsIgnoreCase('é'))).toBe(false);
    expect(ask('b', (value) => value.indexOf('ba'))).toBe(-1);
  });

  it('reads each byte of a long value', () => {
    const content = `${'ab'.repeat(2_000)}c`;
    expect(stringOf(content, 0x63).indexOf('bc')).toBe(3_999);
    expect(stringOf(content, 0x64).indexOf('cd')).toBe(-1);
  });
});

describe('equalsIgnoreCase', () => {
  it.each([
    ['Example.COM', 'eXAMPLE.com', true],
    ['az', 'AZ', true],
    ['@[`{', '@[`{', true],
    ['@', '`', false],
    ['[', '{', false],
    ['a', 'b', false],
    ['a', '', false],
    ['', '', true],
    ['a', 'aa', false],
    ['aa', 'a', false],
    ['CafÉ', 'cafÉ', true],
    ['CafÉ', 'café', false],
    ['é', 'É', false],
    ['k', '\u212a', false],
    ['s', '\u017f', false],
    ['ß', 'SS', false],
    ['😀A', '😀a', true],
    ['\ufffdA', '\ud83da', true],
    ['\u0000', '\u0020', false],
  ])('of %j: %j is %s', (content, text, expected) => {
    expect(ask(content, (value) => value.equalsIgnoreCase(text))).toBe(expected);
  });
});

describe('includesIgnoreCase', () => {
  it.each([
    ['Mozilla/5.0 (compatible; GPTBot/1.2)', 'gptbot', true],
    ['Mozilla/5.0 (compatible; gptbot)', 'GPTBOT)', true],
    ['Mozilla/5.0', 'Mozilla/5.1', false],
    ['aab', 'AB', true],
    ['ab', 'ABC', false],
    ['ab', '', true],
    ['', '', true],
    ['', 'a', false],
    ['@', '`', false],
    ['xÉy', 'XÉY', true],
    ['xÉy', 'é', false],
    ['x😀A', '😀a', true],
    ['\ufffdA', '\ud83da', true],
  ])('of %j: %j is %s', (content, text, expected) => {
    expect(ask(content, (value) => value.includesIgnoreCase(text))).toBe(expected);
  });
});

describe('views of text', () => {
  it("agree with JavaScript's own functions on text", () => {
    fc.assert(
      fc.property(someText(12), someText(4), fc.nat(12), (content, text, characters) => {
        const value = stringOf(content);
        const from = Array.from(content).slice(0, characters).join('').length;
        const at = content.indexOf(text, from);
        expect(value.indexOf(text, Buffer.byteLength(content.slice(0, from)))).toBe(
          at < 0 ? -1 : Buffer.byteLength(content.slice(0, at)),
        );
        expect([value.includes(text), value.endsWith(text), value.startsWith(text)]).toEqual([
          content.includes(text),
          content.endsWith(text),
          content.startsWith(text),
        ]);
        expect(value.equalsIgnoreCase(text)).toBe(lowered(content) === lowered(text));
        expect(value.includesIgnoreCase(text)).toBe(lowered(content).includes(lowered(text)));
        expect(value.equalsIgnoreCase(content.toUpperCase())).toBe(lowered(content) === lowered(content.toUpperCase()));
        expect(value.equalsIgnoreCase(lowered(content))).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  it('agree with Node on any bytes and any text', () => {
    fc.assert(
      fc.property(someBytes(16), anyText(3), fc.integer({ min: -2, max: 18 }), (bytes, text, from) => {
        const value = stringOf(bytes);
        const other = Buffer.from(text);
        const start = Math.min(Math.max(from, 0), bytes.length);
        const at = other.length === 0 ? 0 : bytes.subarray(start).indexOf(other);
        expect(value.indexOf(text, from)).toBe(at < 0 ? -1 : start + at);
        expect(value.includes(text)).toBe(bytes.includes(other));
        expect(value.endsWith(text)).toBe(bytes.subarray(-other.length || bytes.length).equals(other));
        expect(value.equalsIgnoreCase(text)).toBe(loweredBytes(bytes) === loweredBytes(other));
        expect(value.includesIgnoreCase(text)).toBe(loweredBytes(bytes).includes(loweredBytes(other)));
      }),
      { numRuns: 1_000 },
    );
  });

  it('agree with Node on which bytes are copied', () => {
    const offset = fc.integer({ min: -3, max: 12 });
    fc.assert(
      fc.property(someBytes(8), offset, offset, fc.nat(4), (bytes, start, end, room) => {
        const target = Buffer.alloc(room + 1, 0xee);
        const expected = bytes.subarray(Math.max(start, 0), Math.max(end, 0)).subarray(0, room);
        expect(stringOf(bytes).copyTo(target, 1, start, end)).toBe(expected.length);
        expect(toHex(target)).toBe(`ee${toHex(expected)}`.padEnd(2 * room + 2, 'e'));
      }),
    );
  });

  it('accept text that was cut out of a longer one within a surrogate pair', () => {
    const cut = `${'x'.repeat(20)}😀`.slice(0, 21);
    const value = stringOf(`${'x'.repeat(20)}\ufffd`);
    for (let round = 0; round < 2_000; round++) {
      expect(
        value.endsWith(cut) && value.includes(cut) && value.equalsIgnoreCase(cut) && value.includesIgnoreCase(cut),
      ).toBe(true);
    }
  });
});
