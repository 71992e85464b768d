import { writeFileSync } from 'node:fs';
import * as fc from 'fast-check';
import { TemporaryFolder } from '@spop-internal/testbed/temporary-folder';
import { stopAfterTest } from '@spop-internal/testbed/vitest';
import { describe, expect, it } from 'vitest';
import { parseMessages } from '../../src/cli/message-words.ts';
import { UsageError } from '../../src/cli/usage-error.ts';
import { binary, bool, int32, int64, ipv4, ipv6, nil, string, uint32, uint64 } from '../../src/data/values.ts';

describe('parseMessages', () => {
  it.each([
    ['a=192.0.2.1', ['a', ipv4('192.0.2.1')]],
    ['a=2001:db8::1', ['a', ipv6('2001:db8::1')]],
    ['a=::', ['a', ipv6('::')]],
    ['a=fe80::1%eth0', ['a', string('fe80::1%eth0')]],
    ['a=192.0.2', ['a', string('192.0.2')]],
    ['a=true', ['a', bool(true)]],
    ['a=false', ['a', bool(false)]],
    ['a=TRUE', ['a', string('TRUE')]],
    ['a=null', ['a', nil]],
    ['a=42', ['a', int64(42)]],
    ['a=-1', ['a', int64(-1)]],
    ['a=0', ['a', int64(0)]],
    ['a=9223372036854775807', ['a', int64(2n ** 63n - 1n)]],
    ['a=007', ['a', string('007')]],
    ['a=-0', ['a', string('-0')]],
    ['a=1.5', ['a', string('1.5')]],
    ['a=', ['a', string('')]],
    ['a=b=c', ['a', string('b=c')]],
    ['=x', ['', string('x')]],
    ['a=@@x', ['a', string('@x')]],
    ['a:string=42', ['a', string('42')]],
    ['a:string=@@x', ['a', string('@x')]],
    ['a:b:string=42', ['a:b', string('42')]],
    ['a:null=', ['a', nil]],
    ['a:null=null', ['a', nil]],
    ['a:bool=true', ['a', bool(true)]],
    ['a:bool=false', ['a', bool(false)]],
    ['a:int32=-1', ['a', int32(-1)]],
    ['a:uint32=4294967295', ['a', uint32(2 ** 32 - 1)]],
    ['a:int64=1', ['a', int64(1)]],
    ['a:uint64=18446744073709551615', ['a', uint64(2n ** 64n - 1n)]],
    ['a:ip=192.0.2.1', ['a', ipv4('192.0.2.1')]],
    ['a:ipv6=::ffff:192.0.2.1', ['a', ipv6('::ffff:192.0.2.1')]],
    ['a:binary=é', ['a', binary('é')]],
    ['a:hex=00 ff', ['a', binary(Uint8Array.of(0, 255))]],
  ])('reads %s', (word, argument) => {
    expect(parseMessages(['m', word])).toEqual([{ name: 'm', args: [argument] }]);
  });

  it('begins a message at each word without =', () => {
    expect(parseMessages(['one', 'a=1', 'two', 'three', 'a=2', 'a=3'])).toEqual([
      { name: 'one', args: [['a', int64(1)]] },
      { name: 'two', args: [] },
      {
        name: 'three',
        args: [
          ['a', int64(2)],
          ['a', int64(3)],
        ],
      },
    ]);
  });

  it('reads the bytes of files unchanged', async () => {
    const file = stopAfterTest(await TemporaryFolder.make()).file('body');
    writeFileSync(file, Uint8Array.of(0x41, 0xff));
    const [message] = parseMessages(['m', `a=@${file}`, `b:string=@${file}`, `c:binary=@${file}`]);
    expect(message?.args).toEqual([
      ['a', binary(Uint8Array.of(0x41, 0xff))],
      ['b', string(Uint8Array.of(0x41, 0xff))],
      ['c', binary(Uint8Array.of(0x41, 0xff))],
    ]);
  });

  it.each([
    [[], 'expected the name of a message; found none', 'for instance'],
    [['a=1'], 'expected the name of a message before "a=1"', 'for instance'],
    [[''], 'found an empty word', 'for instance'],
    [['m', 'a:int=1'], 'there is no type "int" for argument "a"', 'did you mean a:int32=?'],
    [['m', 'a:float=1'], 'there is no type "float" for argument "a"', 'types: null, bool'],
    [['m', 'a:toString=1'], 'there is no type "toString"', 'types'],
    [
      ['m', 'a:int32=2147483648'],
      'argument "a" is not of type int32: expected -2147483648 to 2147483647',
      'a:string=…',
    ],
    [['m', 'a=9223372036854775808'], 'argument "a" is not of type int64', 'a:string=…'],
    [['m', 'a:int64=1.5'], 'expected a whole number', 'a:string=…'],
    [['m', 'a:bool=1'], 'expected true or false', 'a:string=…'],
    [['m', 'a:ip=localhost'], 'argument "a" is not of type ip', 'a:string=…'],
    [['m', 'a:null=x'], 'expected nothing after the =', 'a:string=…'],
    [['m', 'a:hex=0'], 'expected pairs of hexadecimal digits', 'a:string=…'],
    [['m', 'a=@/nowhere'], 'could not read the file "/nowhere"', 'check its path'],
    [['m', ...Array.from({ length: 256 }, () => 'a=1')], 'expected at most 255 arguments of m', 'for instance'],
  ])('refuses %j', (words, sentence, hint) => {
    expect(() => parseMessages(words)).toThrow(sentence);
    expect(() => parseMessages(words)).toThrow(
      expect.objectContaining({ hint: expect.stringContaining(hint) as unknown }) as Error,
    );
  });

  it('throws only errors that show the right form', () => {
    const word = fc.oneof(
      fc.string(),
      fc.tuple(fc.string(), fc.constantFrom('', ':int32', ':hex', ':ip'), fc.string()),
    );
    fc.assert(
      fc.property(fc.array(word), (words) => {
        const texts = words.map((parts) => (typeof parts === 'string' ? parts : `${parts[0]}${parts[1]}=${parts[2]}`));
        try {
          parseMessages(texts.filter((text) => !text.includes('@')));
        } catch (error) {
          expect(error).toBeInstanceOf(UsageError);
        }
      }),
    );
  });
});
