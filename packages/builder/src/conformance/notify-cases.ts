import { FrameType } from '@spop/codec';
import { frame } from '../build/frames.ts';
import { concat } from '../data/text.ts';
import { binary, bool, int64, ipv4, ipv6, nil, string, uint32 } from '../data/values.ts';
import type { Case } from './case.ts';
import { type Item, helloOf, Keys, messageOf, notifyOf, OFFERED, disconnect, type Vocabulary } from './vocabulary.ts';

const SECTION = 'SPOE.txt §3.2.6';

/** Arguments that HAProxy sends for a request. */
const REQUEST: readonly Item[] = [
  ['method', string('GET')],
  ['path', string('/catalogue/items/1005/reviews/latest')],
  ['query', string('page=5&sort=newest&lang=en')],
  ['src', ipv4('198.51.100.7')],
  ['src_port', int64(50_112)],
  [
    'headers',
    string(`host: shop.example.com\r\naccept: */*\r\ncookie: basket=${'0123456789abcdef'.repeat(32)}\r\n\r\n`),
  ],
  ['host', string('shop.example.com')],
  ['ssl', bool(true)],
];

/** Cases of messages and arguments: all that may come, and that none is mistaken for another. */
export function notifyCases(words: Vocabulary): Case[] {
  return [...argumentCases(words), ...messageCases(words), ...ackCases(words), ...sizeCases(words)];
}

function argumentCases(words: Vocabulary): Case[] {
  const { message, argument } = words.contract;
  const numbered = (count: number): Item[] =>
    Array.from({ length: count }, (_, index): Item => [`a${index}`, int64(index)]);
  return [
    words.before(
      'must',
      '3.2.6/request',
      'the eight arguments of a request stand before the known one',
      SECTION,
      REQUEST,
    ),
    words.answered(
      'must',
      '3.2.6/argument-null',
      'the argument is NULL',
      'HAProxy sends NULL for a missing sample',
      messageOf(message, [[argument, nil]]),
    ),
    words.answered('must', '3.2.6/no-arguments', 'a message without arguments', SECTION, messageOf(message)),
    words.before(
      'must',
      '3.2.6/unnamed-argument',
      'an argument without a name stands before the known one',
      'SPOE.txt §2.4: names are optional',
      [['', int64(1)]],
    ),
    words.before(
      'must',
      '3.2.6/unnamed-arguments',
      'two arguments without a name stand before the known one',
      'SPOE.txt §2.4: names are optional',
      [
        ['', int64(1)],
        ['', string('x')],
      ],
    ),
    words.before('must', '3.2.6/repeated-argument', 'two other arguments have one name', 'HAProxy allows it', [
      ['x', int64(1)],
      ['x', int64(2)],
    ]),
    words.before(
      'must',
      '3.2.6/argument-name-prefix',
      'another argument has a name that begins like the known one',
      'names are compared whole',
      [[`${argument}x`, int64(77)]],
    ),
    words.before(
      'must',
      '3.2.6/argument-name-beginning',
      'another argument has the beginning of the known name',
      'names are compared whole',
      [[argument.slice(0, -1), int64(77)]],
    ),
    words.before(
      'hygiene',
      '3.2.6/argument-name-proto',
      'other arguments are called __proto__, constructor and toString',
      'names are any bytes',
      [
        ['__proto__', int64(1)],
        ['constructor', int64(2)],
        ['toString', int64(3)],
      ],
    ),
    ...[239, 240, 2287, 2288].map((size) =>
      words.before(
        'must',
        `3.2/name-of-${size}-bytes`,
        `an argument's name has ${size} bytes`,
        'SPOE.txt §3.1: lengths are varints',
        [['n'.repeat(size), int64(1)]],
      ),
    ),
    ...[2, 15, 16, 127, 128, 254, 255].map((count) =>
      words.before(
        'must',
        `3.2.6/${count}-arguments`,
        `a message has ${count} arguments, the known one last`,
        'NB-ARGS is one byte',
        numbered(count - 1),
      ),
    ),
  ];
}

function messageCases(words: Vocabulary): Case[] {
  const { message, argument } = words.contract;
  const client = ipv6('2001:db8::42');
  const known = words.contract.value(9);
  const other = messageOf('something-else', [
    ['x', string('y')],
    ['z', int64(300)],
  ]);
  const answered = (id: string, title: string, payload: readonly Uint8Array[], value = known): Case =>
    words.answered('must', `3.2.6/${id}`, title, SECTION, concat(payload), value);
  return [
    answered('known-message', 'the known message is answered', [words.ask(9)]),
    answered(
      'number-240',
      'the number 240, the first whose varint has two bytes',
      [words.ask(240)],
      words.contract.value(240),
    ),
    answered('ipv6', 'the known argument is an IPv6 address', [messageOf(message, [[argument, client]])], client),
    answered('unknown-message', 'an unknown message alone is answered with an ACK', [other], nil),
    answered('unknown-then-known', 'the second message of a NOTIFY is read, after an unknown one', [
      other,
      words.ask(9),
    ]),
    answered('known-then-unknown', 'the first message of a NOTIFY is read, before an unknown one', [
      words.ask(9),
      other,
    ]),
    answered('known-among-unknown', 'a message among ten unknown ones is read', [
      ...Array.from({ length: 5 }, () => other),
      words.ask(9),
      ...Array.from({ length: 5 }, () => other),
    ]),
    answered('empty-then-known', 'a message without arguments stands before the known one', [
      messageOf('first'),
      words.ask(9),
    ]),
    answered('known-then-empty', 'a message without arguments stands after the known one', [
      words.ask(9),
      messageOf('last'),
    ]),
    answered(
      'arguments-of-the-next',
      "the next message's arguments are not the first one's",
      [messageOf(message, [['other', int64(1)]]), messageOf('second', [words.argument(77)])],
      nil,
    ),
    answered('message-name-longer', 'the name of another message begins like the known one', [
      messageOf(`${message}-6`, [words.argument(77)]),
      words.ask(9),
    ]),
    answered('message-name-shorter', 'another message has the beginning of the known name', [
      messageOf(message.slice(0, -1), [words.argument(77)]),
      words.ask(9),
    ]),
    answered('message-name-case', 'the name of another message differs in case', [
      messageOf(message.toUpperCase(), [words.argument(77)]),
      words.ask(9),
    ]),
    answered('long-message-name', "another message's name has 300 bytes", [
      messageOf('m'.repeat(300), [words.argument(77)]),
      words.ask(9),
    ]),
    answered('name-no-utf8', "another message's name is no UTF-8", [
      Uint8Array.of(3, 0xc3, 0x28, 0xff, 0),
      words.ask(9),
    ]),
    words.answered(
      'haproxy',
      '3.2.6/no-message',
      'a NOTIFY without any message is answered',
      'HAProxy 3.1.0 to 3.2.0 send it when all ACLs fail, and wait',
      new Uint8Array(0),
    ),
  ];
}

function ackCases(words: Vocabulary): Case[] {
  return [
    words.one(
      'haproxy',
      '3.2.7/payload',
      'an ACK without actions has a byte of payload',
      'HAProxy 3.1.0 hangs on an empty payload (src/mux_spop.c)',
      {
        send: [notifyOf(messageOf('something-else'))],
        expect: [{ kind: 'acks', acks: [words.ackOf(nil)] }],
        payload: true,
      },
    ),
    words.one(
      'haproxy',
      '3.2.7/whole-ack',
      'an ACK arrives in one piece',
      'HAProxy 3.1 and later misread one that is split inside its ids (src/mux_spop.c)',
      {
        send: [words.notify(7, 2 ** 32 - 1, 300)],
        expect: [{ kind: 'acks', acks: [words.ack(7, 2 ** 32 - 1, 300)] }],
        wholeFrames: true,
      },
    ),
    words.one(
      'haproxy',
      '3.2.7/same-ids-again',
      'the same ids come twice, one after the other',
      'HAProxy 2.6 to 3.0 after a processing timeout (src/flt_spoe.c)',
      {
        send: [words.notify(7), words.notify(8)],
        expect: [{ kind: 'acks', acks: [words.ack(7), words.ack(8)] }],
      },
    ),
    ...[0x8000_0001, 0x0000_0005, 0xffff_fffd].map((flags) =>
      words.one(
        'must',
        `3.2/flags-${flags.toString(16)}`,
        `reserved bits of the flags are set: ${flags.toString(16)}`,
        'SPOE.txt §3.2: reserved',
        {
          send: [frame(FrameType.Notify, { streamId: 1, frameId: 1, flags }, words.ask(7)).toBytes()],
          expect: [{ kind: 'acks', acks: [words.ack(7)] }],
        },
      ),
    ),
  ];
}

/** A NOTIFY of exactly `size` bytes without the length field. */
export function notifyOfSize(words: Vocabulary, size: number): Uint8Array {
  const build = (filler: number): Uint8Array =>
    notifyOf(words.ask(9, [['body', binary(new Uint8Array(filler).fill(7))]]));
  const guess = size - build(0).length;
  return build(guess + size + 4 - build(guess).length);
}

function sizeCases(words: Vocabulary): Case[] {
  const small = helloOf([Keys.versions, ['max-frame-size', uint32(256)], Keys.capabilities]);
  const sized = (size: number): Case => ({
    ...words.one(
      'must',
      `3.2/frame-of-${size}-bytes`,
      `a NOTIFY has ${size} bytes; HAProxy offered ${OFFERED}`,
      'SPOE.txt §3.2.5: max-frame-size',
      {
        send: [notifyOfSize(words, size)],
        expect: [{ kind: 'acks', acks: [words.ack(9)] }],
      },
    ),
    needs: 'large-frames',
  });
  return [
    sized(OFFERED - 1),
    sized(OFFERED),
    words.one(
      'must',
      '3.2/frame-of-256-of-256',
      'a NOTIFY has 256 bytes where HAProxy offered 256',
      'SPOE.txt §3.2.5: max-frame-size',
      {
        hello: small,
        send: [notifyOfSize(words, 256)],
        expect: [{ kind: 'acks', acks: [words.ack(9)] }],
      },
    ),
    words.one(
      'must',
      '3.2/frame-of-257-of-256',
      'a NOTIFY has 257 bytes where HAProxy offered 256',
      'SPOE.txt §3.2.5, §3.5: status 3',
      {
        hello: small,
        send: [notifyOfSize(words, 257)],
        expect: [disconnect(3)],
      },
    ),
  ];
}
