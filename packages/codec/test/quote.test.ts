import { describe, expect, it } from 'vitest';
import { escapeText, quoteText } from '../src/index.ts';

/** The characters that a line must not have: C0, DEL, C1, bidirectional controls, U+2028, U+2029. */
const CONTROLS = [
  ...Array.from({ length: 0x20 }, (_, code) => code),
  ...Array.from({ length: 0x21 }, (_, code) => 0x7f + code),
  0x061c,
  0x200e,
  0x200f,
  ...Array.from({ length: 7 }, (_, code) => 0x2028 + code),
  ...Array.from({ length: 4 }, (_, code) => 0x2066 + code),
].map((code) => String.fromCharCode(code));

describe('escapeText', () => {
  it('does not change text in any script', () => {
    for (const text of ['', 'a timeout occurred', 'a"b\\c', 'Grüße, 世界 😀', 'שלום'])
      expect(escapeText(text)).toBe(text);
  });

  it.each(CONTROLS)('writes %j as \\u and four digits', (control) => {
    const code = control.charCodeAt(0).toString(16).padStart(4, '0');
    expect(escapeText(`a${control}b`)).toBe(`a\\u${code}b`);
  });

  it('leaves the text next to a control', () => {
    const neighbours = [0x20, 0x7e, 0xa0, 0x061b, 0x061d, 0x200d, 0x2010, 0x2027, 0x202f, 0x2065, 0x206a];
    const text = String.fromCharCode(...neighbours);
    expect(escapeText(text)).toBe(text);
  });

  it('shows 128 units, and marks that there are more', () => {
    expect(escapeText('x'.repeat(128))).toBe('x'.repeat(128));
    expect(escapeText('x'.repeat(129))).toBe(`${'x'.repeat(128)}…`);
    expect(escapeText('xyz', 2)).toBe('xy…');
    expect(escapeText('\n'.repeat(1_000_000))).toBe(`${String.raw`\u000a`.repeat(128)}…`);
  });

  it('does not cut a surrogate pair', () => {
    expect(escapeText(`${'x'.repeat(127)}😀`)).toBe(`${'x'.repeat(127)}…`);
    expect(escapeText(`${'x'.repeat(126)}😀`)).toBe(`${'x'.repeat(126)}😀`);
    for (const first of ['\ud800', '\udbff']) {
      expect(escapeText(`${'x'.repeat(127)}${first}\udc00`)).toBe(`${'x'.repeat(127)}…`);
    }
    for (const whole of ['\ud7ff', '\ue000', '！']) {
      expect(escapeText(`${'x'.repeat(127)}${whole}y`)).toBe(`${'x'.repeat(127)}${whole}…`);
    }
  });

  it('does not change its own output', () => {
    const once = escapeText(`\u001b[2J\nforged ${'x'.repeat(100)}`);
    expect(escapeText(once)).toBe(once);
  });
});

describe('quoteText', () => {
  it('ends only at the closing quote', () => {
    expect(quoteText('a"b\\c')).toBe(String.raw`"a\"b\\c"`);
    expect(JSON.parse(quoteText('\u001b[2J\n\u009b\u202e'))).toBe('\u001b[2J\n\u009b\u202e');
  });

  it.each(CONTROLS)('has no %j', (control) => {
    expect(quoteText(`a${control}b`)).toMatch(/^"a\\(?:[bfnrt]|u[\da-f]{4})b"$/);
  });

  it('shows 128 units', () => {
    expect(quoteText('x'.repeat(5_000))).toBe(`"${'x'.repeat(128)}…"`);
  });
});
