import { isUtf8 } from 'node:buffer';
import { describe, expect, it } from 'vitest';
import { toBytes, toText } from '../../src/index.ts';

describe('toText', () => {
  const interesting = [0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef];
  interesting.push(0xf0, 0xf1, 0xf4, 0xf5, 0xff);

  it(
    'reads UTF-8 as text and keeps every other byte as a lone surrogate, and toBytes gives all bytes back',
    { timeout: 60_000 },
    () => {
      const wrong: string[] = [];
      for (const a of interesting) {
        for (const b of interesting) {
          for (const c of interesting) {
            for (const d of interesting) {
              const bytes = Uint8Array.of(a, b, c, d);
              const text = toText(bytes);
              if (text.isWellFormed() !== isUtf8(bytes))
                wrong.push(`${bytes.join(' ')} reads as ${JSON.stringify(text)}`);
              if (!Buffer.from(toBytes(text)).equals(bytes)) wrong.push(`${bytes.join(' ')} does not come back`);
            }
          }
        }
      }
      expect(wrong).toEqual([]);
    },
  );

  it('keeps only the wrong bytes as surrogates', () => {
    expect(toText(Uint8Array.of(0x61, 0xff, 0xc3, 0xa9, 0xe2, 0x82))).toBe('a\udcffé\udce2\udc82');
  });
});
