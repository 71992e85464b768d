import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CookieReader } from '../../src/index.ts';
import { thrown, valueOf } from '../bytes.ts';
import { plainCookie } from './plain-headers.ts';
import { notifyWith, readNext, stringOf, SURROUNDINGS } from './text-argument.ts';

const session = new CookieReader('session');

/** The count, and the value of the first; the same amid any surrounding bytes. */
function ask(content: string | Uint8Array, reader: CookieReader = session): [count: number, value: string | undefined] {
  const answers = SURROUNDINGS.map((fill): [number, string | undefined] => {
    reader.read(stringOf(content, fill));
    return [reader.count, reader.value?.toString()];
  });
  for (const answer of answers) expect(answer).toEqual(answers[0]);
  return answers[0]!;
}

describe('one cookie', () => {
  it.each<[content: string, count: number, value?: string]>([
    ['session=1f3a', 1, '1f3a'],
    ['lang=de; session=1f3a; theme=dark', 1, '1f3a'],
    ['lang=de;session=1f3a;theme=dark', 1, '1f3a'],
    ['session=', 1, ''],
    ['session=;', 1, ''],
    ['session=a=b==', 1, 'a=b=='],
    ['session=1; session=2', 2, '1'],
    ['session=; session=2', 2, ''],
    ['session=1; Session=2; sessions=3; asession=4; x.session=5; sessio=6', 1, '1'],
    ['sessions=1', 0],
    ['my-session=1', 0],
    ['', 0],
    [';', 0],
    ['=', 0],
    ['session', 0],
    ['session; session=2', 1, '2'],
    ['a; b=session=1', 0],
    ['=session', 0],
    ['==session=1', 0],
    ['a=1, session=2', 0],
    [' \tsession \t= \t1 2 \t', 1, '1 2'],
    ['ses sion=1', 0],
    ['session="1f3a"', 1, '1f3a'],
    ['session= "1f3a" ; a=1', 1, '1f3a'],
    ['session=""', 1, ''],
    ['session="', 1, '"'],
    ['session="1', 1, '"1'],
    ['session=1"', 1, '1"'],
    ['session="1"2"', 1, '1"2'],
    ['session=" 1 "', 1, ' 1 '],
    ['session="\\"1"', 1, '\\"1'],
    ['a="; session=1; b="', 1, '1'],
    ['"session"=1', 0],
    ['session=é', 1, 'é'],
  ])('in %j: %i, %j', (content, count, value) => {
    expect(ask(content)).toEqual([count, value]);
  });
});

describe('quotes around the first value', () => {
  it.each<[content: string, isQuoted: boolean]>([
    ['session="1"', true],
    ['session= "1" ', true],
    ['session=""', true],
    ['session="1"; session=2', true],
    ['session=1; session="2"', false],
    ['session="1; a=2"', false],
    ['session="', false],
    ['session=1"', false],
    ['session=', false],
    ['other="1"', false],
  ])('in %j: %s, whatever was read before', (content, isQuoted) => {
    for (const before of ['session="1"', 'session=1']) {
      session.read(stringOf(before));
      session.read(stringOf(content));
      expect(session.isQuoted).toBe(isQuoted);
    }
  });
});

describe('a cookie reader', () => {
  it.each(['', 'a b', 'a=', 'a;', 'é', '\u0000', 'a\n', ' a'])('refuses the name %j', (name) => {
    expect(thrown(() => new CookieReader(name)).code).toBe('SPOP_INVALID_NAME');
  });

  it('refuses a name that is no text', () => {
    for (const name of [undefined, null, 1, ['a']]) {
      expect(thrown(() => Reflect.construct(CookieReader, [name])).code).toBe('SPOP_INVALID_NAME');
    }
  });

  it.each(['a', '__Host-id', 'cart[1]', "a!#$%&'*+-.^_`|~"])('takes the name %j', (name) => {
    expect(ask(`x=1; ${name}=2`, new CookieReader(name))).toEqual([1, '2']);
  });

  it('gives a value that compares and copies', () => {
    session.read(stringOf('a=1; session=1f3a'));
    const target = Buffer.alloc(3);
    expect([session.value?.equals('1f3a'), session.value?.copyTo(target, 0, 1)]).toEqual([true, 3]);
    expect(target.toString()).toBe('f3a');
  });

  it('has no value before it has read, and none of an earlier read', () => {
    expect([new CookieReader('a').count, new CookieReader('a').value]).toEqual([0, undefined]);
    session.read(stringOf('session=1'));
    const { value } = session;
    session.read(stringOf('lang=de'));
    expect([session.count, session.value]).toEqual([0, undefined]);
    expect(thrown(() => value?.toString()).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('has a value that is closed with its NOTIFY, and moves with it', () => {
    const { notify, text } = notifyWith('session=1');
    session.read(text);
    const { value } = session;
    notify.moveTo(Buffer.alloc(notify.byteLength));
    expect(value?.toString()).toBe('1');
    notify.close();
    expect(thrown(() => value?.byteLength).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => session.read(text)).code).toBe('SPOP_VIEW_CLOSED');
    readNext(notify, 'session=2');
    expect(thrown(() => value?.byteLength).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('takes nothing but text and bytes', () => {
    expect(thrown(() => session.read(valueOf('0600000000'))).code).toBe('SPOP_WRONG_TYPE');
    expect(thrown(() => Reflect.apply(session.read, session, ['session=1'])).code).toBe('SPOP_MISUSE');
  });
});

describe('any cookies', () => {
  it('are read as they were written', () => {
    const name = fc.stringMatching(/^[a-z_-]{1,8}$/);
    const value = fc.stringMatching(/^[!#-+\--:<-[\]-~]{0,12}$/);
    fc.assert(
      fc.property(
        fc.uniqueArray(name, { minLength: 1, maxLength: 8 }),
        fc.array(value, { minLength: 8 }),
        (names, values) => {
          const header = names.map((each, index) => `${each}=${values[index]}`).join('; ');
          for (const [index, each] of names.entries()) {
            expect(ask(header, new CookieReader(each))).toEqual([1, values[index]]);
          }
        },
      ),
    );
  });

  it('are those that a plain reader finds', () => {
    const part = fc.constantFrom(
      'session',
      'sess',
      'ion',
      '=',
      ';',
      ' ',
      '\t',
      '"',
      '\\',
      'é',
      '\u0000',
      '\n',
      ',',
      'a',
    );
    const header = fc.array(part, { maxLength: 30 }).map((all) => all.join(''));
    fc.assert(
      fc.property(header, (content) => {
        expect(ask(content)).toEqual(plainCookie(content, 'session'));
      }),
      { numRuns: 500 },
    );
  });

  it('in any bytes are read to their end', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (content) => {
        expect(ask(content)[0]).toBeLessThan(10);
      }),
    );
  });
});
