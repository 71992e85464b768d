import { describe, expect, it } from 'vitest';
import { MessageReader, MessageSet, Notify } from '../../src/index.ts';
import { fault, hex, message, notifyBytes, notifyFrame, onlyFrame, PAYLOAD_AT, text, thrown } from '../bytes.ts';

function readerOf(payload: Uint8Array, fill: number = 0x21): MessageReader {
  const messages = new MessageReader();
  messages.read(onlyFrame(notifyBytes(payload), fill));
  return messages;
}

/** Every message as `name(argument=value …)`. */
function textOf(messages: MessageReader): string[] {
  const found = [];
  while (messages.next()) {
    const args = [];
    while (messages.nextArgument()) args.push(`${messages.argumentName.toString()}=${messages.value.toString()}`);
    found.push(`${messages.name.toString()}(${args.join(' ')})`);
  }
  return found;
}

const many = Array.from({ length: 255 }, (_, i): [string, string] => [`a${i}`, '0207']);

const vectors: [string, Buffer[], string[]][] = [
  ['no messages', [], []],
  ['a message without arguments', [message('m')], ['m()']],
  ['a message with an empty name', [message('')], ['()']],
  [
    'two messages, which are two messages',
    [message('one', [['a', '11']]), message('two', [['b', '01']])],
    ['one(a=true)', 'two(b=false)'],
  ],
  ['the same message twice', [message('m', [['a', '0201']]), message('m', [['a', '0202']])], ['m(a=1)', 'm(a=2)']],
  [
    'unnamed arguments, duplicates and NULL',
    [
      message('m', [
        ['', '0201'],
        ['', '0202'],
        ['a', '00'],
        ['a', '080178'],
      ]),
    ],
    ['m(=1 =2 a= a=x)'],
  ],
  [
    'a message of 255 arguments before another',
    [message('m', many), message('n')],
    [`m(${many.map(([name]) => `${name}=7`).join(' ')})`, 'n()'],
  ],
  [
    'names that are varints of two bytes long',
    [message('n'.repeat(240), [['x'.repeat(300), '11']])],
    [`${'n'.repeat(240)}(${'x'.repeat(300)}=true)`],
  ],
];

describe('MessageReader', () => {
  it.each(vectors)('walks %s', (_, messages, expected) => {
    for (const fill of [0x00, 0x01, 0xff]) expect(textOf(readerOf(Buffer.concat(messages), fill))).toEqual(expected);
  });

  it('ends a message after NB-ARGS arguments, even if more bytes follow', () => {
    // Two arguments of which the first message has one: the second begins the next message, named `b`, with 1 argument.
    const payload = Buffer.concat([
      text('m'),
      hex('01'),
      text('a'),
      hex('11'),
      text('b'),
      hex('01'),
      text('c'),
      hex('0209'),
    ]);
    expect(textOf(readerOf(payload))).toEqual(['m(a=true)', 'b(c=9)']);
  });

  it('skips arguments that were not read', () => {
    const messages = readerOf(
      Buffer.concat([
        message('one', [
          ['a', '11'],
          ['b', '0803616263'],
          ['c', '00'],
        ]),
        message('two'),
      ]),
    );
    const counts = [];
    while (messages.next()) {
      counts.push(messages.argumentCount);
      messages.nextArgument();
    }
    expect(counts).toEqual([3, 0]);
  });

  it('stays after the last argument and the last message', () => {
    const messages = readerOf(message('m', [['a', '11']]), 0x00);
    expect([messages.next(), messages.nextArgument(), messages.nextArgument(), messages.nextArgument()]).toEqual([
      true,
      true,
      false,
      false,
    ]);
    expect([messages.next(), messages.next(), messages.nextArgument()]).toEqual([false, false, false]);
  });

  it('has no argument before its first message', () => {
    expect(readerOf(message('m', [['a', '11']])).nextArgument()).toBe(false);
  });

  it.each([
    ['a message without its number of arguments', '016d', 'SPOP_TRUNCATED', 2],
    ['a message name that does not end', '056d', 'SPOP_TRUNCATED', 0],
    ['an argument less than NB-ARGS says', '016d 02 0161 11', 'SPOP_TRUNCATED', 6],
    ['255 arguments that are not there', '016d ff', 'SPOP_TRUNCATED', 3],
    ['an argument without a value', '016d 01 0161', 'SPOP_TRUNCATED', 5],
    ['an argument of a reserved type', '016d 01 0161 0c', 'SPOP_RESERVED_TYPE', 5],
    ['a value that does not end', '016d 01 0161 0905 00', 'SPOP_TRUNCATED', 6],
    ['an INT32 of 33 bits', '016d 01 0161 02f0f1fefe7e', 'SPOP_INTEGER_RANGE', 5],
    ['an integer above 2^64', `016d 01 0161 04${'ff'.repeat(11)}`, 'SPOP_VARINT_OVERFLOW', 6],
  ])('refuses %s, as a Notify does', (_, payload, code, offset) => {
    for (const fill of [0x00, 0x01, 0xff]) {
      expect(fault(() => textOf(readerOf(hex(payload), fill)))).toEqual([code, 4, PAYLOAD_AT + offset]);
      const notify = new Notify(new MessageSet([]));
      expect(fault(() => notify.read(onlyFrame(notifyBytes(hex(payload)), fill)))).toEqual([
        code,
        4,
        PAYLOAD_AT + offset,
      ]);
    }
  });

  it('closes all views when another frame is read', () => {
    const messages = readerOf(message('m', [['a', '080178']]));
    messages.next();
    messages.nextArgument();
    const { name, argumentName, value } = messages;
    messages.read(notifyFrame([message('n', [['b', '080179']])]));
    for (const use of [() => name.toString(), () => argumentName.equals('a'), () => value.toString()]) {
      expect(thrown(use).code).toBe('SPOP_VIEW_CLOSED');
    }
  });

  it('walks nothing before it has read a frame', () => {
    expect(thrown(() => new MessageReader().next()).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => new MessageReader().nextArgument()).code).toBe('SPOP_VIEW_CLOSED');
  });
});
