import { describe, expect, it } from 'vitest';
import { firstLines, quote } from '../../src/data/text.ts';
import { fromHex, toBytes, toText } from '../../src/index.ts';

/** Bytes as they are read if none of them is part of a character. */
function escaped(hex: string): string {
  return String.fromCharCode(...Array.from(fromHex(hex), (byte) => 0xdc00 + byte));
}

describe('toText', () => {
  // Each of them before a byte that no UTF-8 has.
  it.each([
    ['c2 80', 0x80],
    ['df bf', 0x7ff],
    ['e0 a0 80', 0x800],
    ['e0 bf bf', 0xfff],
    ['e1 80 80', 0x1000],
    ['ec bf bf', 0xcfff],
    ['ed 80 80', 0xd000],
    ['ed 9f bf', 0xd7ff],
    ['ee 80 80', 0xe000],
    ['ef bf bf', 0xffff],
    ['f0 90 80 80', 0x1_0000],
    ['f0 bf bf bf', 0x3_ffff],
    ['f1 80 80 80', 0x4_0000],
    ['f3 bf bf bf', 0xf_ffff],
    ['f4 80 80 80', 0x10_0000],
    ['f4 8f bf bf', 0x10_ffff],
    ['00', 0],
    ['7f', 0x7f],
  ])('reads %s beside a wrong byte as one character', (hex, codePoint) => {
    const bytes = fromHex(`ff ${hex} ff`);
    expect(toText(bytes)).toBe(`\udcff${String.fromCodePoint(codePoint)}\udcff`);
    expect(toBytes(toText(bytes))).toEqual(bytes);
  });

  it.each([
    ['80', 'a continuation alone'],
    ['bf', 'a continuation alone'],
    ['c0 80', '0 in two bytes'],
    ['c1 bf', '7f in two bytes'],
    ['c2 c0', 'no continuation'],
    ['e0 80 80', '0 in three bytes'],
    ['e0 9f bf', '7ff in three bytes'],
    ['e0 c0 80', 'a wrong second byte'],
    ['e1 80 c0', 'a wrong third byte'],
    ['e1 c0 80', 'a wrong second byte'],
    ['ed a0 80', 'the surrogate d800'],
    ['ed bf bf', 'the surrogate dfff'],
    ['ed c0 80', 'a wrong second byte'],
    ['f0 80 80 80', '0 in four bytes'],
    ['f0 8f bf bf', 'ffff in four bytes'],
    ['f0 90 80 c0', 'a wrong fourth byte'],
    ['f0 90 c0 80', 'a wrong third byte'],
    ['f0 c0 80 80', 'a wrong second byte'],
    ['f4 90 80 80', '110000'],
    ['f4 bf bf bf', '13ffff'],
    ['f5 80 80 80', 'a first byte too great'],
    ['ff', 'a first byte too great'],
    ['c2', 'one byte of two'],
    ['e1 80', 'two bytes of three'],
    ['f1 80 80', 'three bytes of four'],
  ])('keeps each byte of %s, which is %s', (hex) => {
    expect(toText(fromHex(`61 ${hex}`))).toBe(`a${escaped(hex)}`);
    expect(toText(fromHex(`${hex} 61`))).toBe(`${escaped(hex)}a`);
  });

  it.each([
    ['c2 7f', '\udcc2\x7f'],
    ['e1 7f 80', '\udce1\x7f\udc80'],
    ['e1 80 7f', '\udce1\udc80\x7f'],
    ['f1 80 80 7f', '\udcf1\udc80\udc80\x7f'],
    ['e1 c3 a9', '\udce1é'],
  ])('reads %s as the bytes of a begun character, and another', (hex, text) => {
    expect(toText(fromHex(hex))).toBe(text);
  });
});

describe('toBytes', () => {
  it('makes one byte of each escape, between characters', () => {
    expect(toBytes('a\udc80é\udcff')).toEqual(fromHex('61 80 c3a9 ff'));
    expect(toBytes('😀')).toEqual(fromHex('f0 9f 98 80'));
  });

  it.each(['\ud800', '\udc7f', '\udd00', 'a\udfffb'])('refuses the lone surrogate in %j', (text) => {
    expect(() => toBytes(text)).toThrow(expect.objectContaining({ code: 'SPOP_INVALID_VALUE' }));
  });

  it('copies bytes', () => {
    const bytes = Uint8Array.of(1, 2);
    const copy = toBytes(bytes);
    bytes.fill(0);
    expect(copy).toEqual(Uint8Array.of(1, 2));
  });
});

describe('fromHex', () => {
  it('reads pairs of digits of either case, with any white space', () => {
    expect(fromHex(' 0a\n\tFf 9 0')).toEqual(Uint8Array.of(10, 255, 0x90));
    expect(fromHex('')).toEqual(new Uint8Array(0));
  });

  it.each(['0', '000', '0g', 'g0', '0x00'])('refuses %j', (hex) => {
    expect(() => fromHex(hex)).toThrow(
      expect.objectContaining({
        code: 'SPOP_INVALID_VALUE',
        reason: `expected pairs of hexadecimal digits; found "${hex}"`,
      }),
    );
  });
});

describe('firstLines', () => {
  it.each([
    ['a\nb\nc', 4, 'a\nb\nc'],
    ['a\nb\nc', 3, 'a\nb\nc'],
    ['a\nb\nc', 2, 'a\nb\n(1 more lines)'],
    ['a\nb\nc', 1, 'a\n(2 more lines)'],
  ])('of %j are %i at most', (text, most, shown) => {
    expect(firstLines(text, most)).toBe(shown);
  });

  it('are 200 if the caller does not say', () => {
    const lines = (count: number): string => Array.from({ length: count }, () => 'x').join('\n');
    expect(firstLines(lines(200))).toBe(lines(200));
    expect(firstLines(lines(203))).toBe(`${lines(200)}\n(3 more lines)`);
  });
});

describe('quote', () => {
  it.each([
    ['a"\n', 60, String.raw`"a\"\n"`],
    ['\udc80\udcff', 60, String.raw`"\x80\xff"`],
    ['\udc7f', 60, String.raw`"\udc7f"`],
    ['abc', 3, '"abc"'],
    ['abcd', 3, '"abc"… (4 characters)'],
  ])('shows %j in %i characters', (text, most, shown) => {
    expect(quote(text, most)).toBe(shown);
  });

  it('shows 60 characters if the caller does not say', () => {
    expect(quote('x'.repeat(60))).toBe(`"${'x'.repeat(60)}"`);
    expect(quote('x'.repeat(61))).toBe(`"${'x'.repeat(60)}"… (61 characters)`);
  });
});
