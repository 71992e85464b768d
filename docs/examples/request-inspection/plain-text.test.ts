import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { plainPaths, plainTexts, toByteText } from './plain-text.ts';

describe('plainTexts', () => {
  it.each([
    ['%41%20b', ['a b']],
    ['a+b%2bc', ['a b+c']],
    // Decoded once, and to the end.
    ['%2541', ['%41', 'a']],
    ['%25252541', ['%252541', 'a']],
    ['%2525252525252541', ['%25252525252541', '%252541']],
    ['%u0041%U0042', ['ab']],
    ['%uD83D%uDE00', ['😀']],
    ['%uD83D', ['\ufffd']],
    // Not encodings.
    ['100%, %4, %zz, %u00zz', ['100%, %4, %zz, %u00zz']],
    // Overlong UTF-8 in two and three bytes, full-width letters, ligatures, the Kelvin sign.
    ['%c0%ae%C0%AF%e0%80%ae', ['./.']],
    ['%c1%81', ['a']],
    ['%e0%80%c0', ['\ufffd\ufffd\ufffd']],
    ['%ef%bc%9cscript%EF%BC%9E', ['<script>']],
    ['%ef%ac%81 %e2%84%aa', ['fi k']],
    ['\xff%fe', ['\ufffd\ufffd']],
    // Characters without width, and white space of any kind.
    ['un%00io%e2%80%8bn%ef%bb%bf', ['union']],
    [' a%09%0d%0a%0b%c2%a0 b ', ['a b']],
    ['ÄB', ['äb']],
    ['', ['']],
  ])('reads %j', (text, expected) => {
    expect(plainTexts(toByteText(text).replace('\xc3\xbf', '\xff'), true)).toEqual(expected);
  });

  it('keeps + outside forms', () => {
    expect(plainTexts('a+b', false)).toEqual(['a+b']);
  });

  /** Text in which each character may be written as it is, as %XX of its bytes, or as %uXXXX, and that again. */
  const encode = (text: string, choices: readonly number[], rounds: number): string => {
    let encoded = text;
    for (let round = 0; round < rounds; round++) {
      encoded = Array.from(encoded, (character, at) => {
        const choice = choices[(at + round) % choices.length];
        if (choice === 0) return character;
        if (choice === 1 && character.length === 1) return `%u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
        return Buffer.from(character).toString('hex').replaceAll(/../g, '%$&');
      }).join('');
    }
    return encoded;
  };

  it('gives the same text for every encoding', () => {
    const texts = fc.string({ unit: 'grapheme' }).filter((text) => !/[%+]/.test(text));
    const choices = fc.array(fc.integer({ min: 0, max: 2 }), { minLength: 1 });
    fc.assert(
      fc.property(texts, choices, fc.integer({ min: 1, max: 5 }), (text, choices, rounds) => {
        const [plain] = plainTexts(toByteText(text), true);
        expect(plainTexts(toByteText(encode(text, choices, rounds)), true).at(-1)).toBe(plain);
      }),
    );
  });

  it('gives one or two texts for any bytes, in lower case and each one line, and changes none of them again', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isForm) => {
        const texts = plainTexts(Buffer.from(bytes).toString('latin1'), isForm);
        expect(texts.length === 1 || (texts.length === 2 && texts[0] !== texts[1])).toBe(true);
        for (const text of texts) {
          expect(text).toBe(text.toLowerCase());
          expect(text).not.toMatch(/[\n\r\t\0]| {2}|^ | $/);
          if (!/[%+]/.test(text)) expect(plainTexts(toByteText(text), isForm)).toEqual([text]);
        }
      }),
    );
  });
});

describe('plainPaths', () => {
  it.each([
    ['/a/../b/./c//d/', ['/b/c/d']],
    ['/%2e%2e/%2e%2E%2fetc', ['/etc']],
    ['/a\\..\\b', ['/b']],
    ['/app/..;x=1/admin;y', ['/admin']],
    ['/a%252f..%252fb', ['/a%2f..%2fb', '/b']],
    ['/../..', ['/']],
    ['', ['/']],
  ])('resolves %j', (path, resolved) => {
    expect(plainPaths(path).resolved).toEqual(resolved);
  });

  it('keeps the path as it was sent, decoded', () => {
    expect(plainPaths('/a/%2e%2e\\b').asSent).toEqual(['/a/../b']);
  });

  it('leaves no segment that a server would resolve', () => {
    const segments = fc.array(fc.constantFrom('a', '..', '.', '', '%2e%2e', '..;b', '\\', '%5c..', 'c%2f..'));
    fc.assert(
      fc.property(segments, (segments) => {
        for (const path of plainPaths(segments.join('/')).resolved)
          expect(path).toMatch(/^\/(?:[^./;\\]+(?:\/[^./;\\]+)*)?$/);
      }),
    );
  });
});
