import { describe, expect, it } from 'vitest';
import {
  ack,
  agentHello,
  corrupt,
  type CorruptionName,
  corruptionNames,
  corruptionsOf,
  data,
  type FrameBuilder,
  fromHex,
  haproxyDisconnect,
  notify,
  toHex,
  unset,
} from '../../src/index.ts';

const asked = notify({ streamId: 1, frameId: 2 })
  .message('m')
  .message('n', { a: 'xy', b: data.int32(1), c: data.uint32(1) });
const answer = ack().setVar('sess', 'v', data.int32(1)).unsetVar('txn', 'w');
const bye = haproxyDisconnect({ statusCode: 2, message: 'x' });

const rows: readonly (readonly [name: CorruptionName, frame: FrameBuilder, hex: string])[] = [
  ['incomplete', answer, '00000013 67 00000001 01 01 01 03 01 0176 0201 02 02 02 01'],
  ['truncated', answer, '00000012 67 00000001 01 01 01 03 01 0176 0201 02 02 02 01'],
  ['length-zero', answer, '00000000 67 00000001 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['length-below-seven', answer, '00000006 67 00000001 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['length-huge', answer, 'ffffffff 67 00000001 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['length-too-long', answer, '00000014 67 00000001 01 01 01 03 01 0176 0201 02 02 02 0177'],
  [
    'overlong-varint',
    asked,
    '00000025 03 00000001 f080808080808080808000 02 016d 00 016e 03 0161 08027879 0162 0201 0163 0301',
  ],
  [
    'varint-above-64-bits',
    asked,
    '00000024 03 00000001 f0f1fefefefefefefe0e 02 016d 00 016e 03 0161 08027879 0162 0201 0163 0301',
  ],
  ['lying-name-length', asked, '0000001e 03 00000001 01 02 f095e7026d 00 016e 03 0161 08027879 0162 0201 0163 0301'],
  ['lying-name-length', answer, '00000016 67 00000001 01 01 01 03 01 f095e70276 0201 02 02 02 0177'],
  ['lying-value-length', asked, '0000001e 03 00000001 01 02 016d 00 016e 03 0161 08f095e7027879 0162 0201 0163 0301'],
  [
    'lying-value-length',
    notify().message('m', [Uint8Array.of(7)]),
    '00000011 03 00000001 01 01 016d 01 00 09f095e70207',
  ],
  ['nb-args-too-many', asked, '0000001b 03 00000001 01 02 016d 00 016e 04 0161 08027879 0162 0201 0163 0301'],
  ['nb-args-too-few', asked, '0000001b 03 00000001 01 02 016d 00 016e 02 0161 08027879 0162 0201 0163 0301'],
  ['reserved-type', asked, '0000001b 03 00000001 01 02 016d 00 016e 03 0161 0a027879 0162 0201 0163 0301'],
  ['int32-out-of-range', asked, '0000001f 03 00000001 01 02 016d 00 016e 03 0161 08027879 0162 02f0f1fefe3e 0163 0301'],
  [
    'uint32-out-of-range',
    asked,
    '0000001f 03 00000001 01 02 016d 00 016e 03 0161 08027879 0162 0201 0163 03f0f1fefe7e',
  ],
  ['unknown-action', answer, '00000013 67 00000001 01 01 63 03 01 0176 0201 02 02 02 0177'],
  ['action-nb-args', answer, '00000013 67 00000001 01 01 01 04 01 0176 0201 02 02 02 0177'],
  ['unknown-scope', answer, '00000013 67 00000001 01 01 01 03 09 0176 0201 02 02 02 0177'],
  ['fin-missing', answer, '00000013 67 00000000 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['fin-missing', ack({ flags: 3 }), '00000007 67 00000002 01 01'],
  ['abort-set', answer, '00000013 67 00000003 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['reserved-flags', answer, '00000013 67 fffffffd 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['ids-set', bye, '00000020 02 00000001 01 00 0b7374617475732d636f6465 0302 076d657373616765 080178'],
  ['unknown-frame-type', answer, '00000013 c8 00000001 01 01 01 03 01 0176 0201 02 02 02 0177'],
  ['wrong-direction', bye, '00000020 66 00000001 00 00 0b7374617475732d636f6465 0302 076d657373616765 080178'],
  ['payload-missing', bye, '00000007 02 00000001 00 00'],
];

/** What every frame can suffer. */
const OF_ANY: readonly CorruptionName[] = [
  'incomplete',
  'length-zero',
  'length-below-seven',
  'length-huge',
  'length-too-long',
  'overlong-varint',
  'varint-above-64-bits',
  'fin-missing',
  'abort-set',
  'reserved-flags',
  'unknown-frame-type',
];

describe('a frame corrupted', () => {
  it.each(rows)('by %s has these bytes', (name, frame, hex) => {
    expect(toHex(corrupt(frame, name))).toBe(hex.replaceAll(' ', ''));
  });

  it('has a row above for each name', () => {
    expect([...new Set(rows.map(([name]) => name))]).toEqual(corruptionNames);
  });
});

describe('the corruptions', () => {
  it.each<[label: string, frame: FrameBuilder, others: CorruptionName[]]>([
    ['an ACK without actions', ack(), []],
    ['a NOTIFY without messages', notify(), []],
    ['fragments', unset({}, '00 01'), ['payload-missing']],
    [
      'an ACK that unsets a variable',
      ack().unsetVar('txn', 'w'),
      ['truncated', 'lying-name-length', 'unknown-action', 'action-nb-args', 'unknown-scope', 'payload-missing'],
    ],
    [
      'a HELLO',
      agentHello(),
      [
        'truncated',
        'lying-name-length',
        'lying-value-length',
        'reserved-type',
        'uint32-out-of-range',
        'ids-set',
        'wrong-direction',
        'payload-missing',
      ],
    ],
    [
      'a message without arguments',
      notify().message('m'),
      ['truncated', 'lying-name-length', 'nb-args-too-many', 'payload-missing'],
    ],
  ])('of %s are these', (_, frame, others) => {
    const expected = corruptionNames.filter((name) => OF_ANY.includes(name) || others.includes(name));
    expect(corruptionsOf(frame)).toEqual(expected);
  });

  it.each([
    ['an ACK whose payload is 00', ack().raw('00'), 'SPOP_BAD_ACTION'],
    ['an unknown action', ack().raw('09'), 'SPOP_BAD_ACTION'],
    ['a byte after the frame', Uint8Array.of(...ack().toBytes(), 0), 'SPOP_MISUSE'],
    ['no bytes', new Uint8Array(0), 'SPOP_MISUSE'],
    ['a frame that is not whole', fromHex('00000007 67 00000001 01'), 'SPOP_MISUSE'],
  ])('are refused for %s', (_, input, code) => {
    expect(() => corruptionsOf(input)).toThrow(expect.objectContaining({ code }));
    expect(() => corrupt(input, 'fin-missing')).toThrow(expect.objectContaining({ code }));
  });

  it('apply to a frame of any length', () => {
    const long = notify().message('m', { a: new Uint8Array(20_000) });
    expect(corrupt(long, 'truncated')).toHaveLength(long.toBytes().length - 1);
  });
});
