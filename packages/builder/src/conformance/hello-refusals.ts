import { FrameType } from '@spop/codec';
import { frame, haproxyHello } from '../build/frames.ts';
import { concat, fromHex } from '../data/text.ts';
import { bool, ipv4, nil, string, uint32 } from '../data/values.ts';
import type { Case } from './case.ts';
import { claiming, HELLO, helloOf, helloWith, Keys, kvList, type Vocabulary } from './vocabulary.ts';

const { versions, maxFrameSize, capabilities } = Keys;

/** The mandatory keys of a HELLO, each with the status for a HELLO without it. */
const MANDATORY = [
  [versions, 5],
  [maxFrameSize, 6],
  [capabilities, 7],
] as const;

/** The usual HELLO, and bytes after its last key. */
function helloAnd(hex: string): Uint8Array {
  return frame(FrameType.HaproxyHello, {}, concat([kvList(Object.values(Keys)), fromHex(hex)])).toBytes();
}

/** Cases of HELLOs that an agent must refuse. */
export function helloRefusals(words: Vocabulary): Case[] {
  return [...refusalCases(words), ...malformedHellos(words)];
}

function refusalCases(words: Vocabulary): Case[] {
  const all = Object.values(Keys);
  return [
    ...MANDATORY.map(([[key], status]) =>
      words.refused(`3.2.4/without-${key}`, `${key} is missing`, helloOf(all.filter(([name]) => name !== key)), status),
    ),
    words.refused('3.2.4/without-keys', 'the HELLO is empty', helloOf([]), 4, 5, 6, 7),
    ...MANDATORY.flatMap(([[key]]) =>
      [
        ['null', nil] as const,
        ['bool', bool(true)] as const,
        ['ipv4', ipv4('192.0.2.1')] as const,
        key === 'max-frame-size' ? (['string', string('16380')] as const) : (['uint32', uint32(2)] as const),
      ].map(([type, value]) =>
        words.refused(
          `3.2.4/${key}-is-${type}`,
          `${key} holds a value of type ${type.toUpperCase()}`,
          helloWith(key, value),
        ),
      ),
    ),
    ...['3.0', '1.0', '1.5, 3.0', '12.0', '20.0'].map((list) =>
      words.refused(
        `3.2.4/only-version-${list.replace(', ', '-and-')}`,
        `supported-versions is ${JSON.stringify(list)}`,
        helloWith('supported-versions', string(list)),
        8,
      ),
    ),
    ...[
      ['empty', ''],
      ['a-word', 'two'],
    ].map(([name = '', list = '']) =>
      words.refused(
        `3.2.4/version-is-${name}`,
        `supported-versions is ${JSON.stringify(list)}`,
        helloWith('supported-versions', string(list)),
        4,
        5,
        8,
      ),
    ),
    ...[0, 1, 255].map((size) =>
      words.refused(
        `3.2.4/max-frame-size-${size}`,
        `max-frame-size is ${size}`,
        helloWith('max-frame-size', uint32(size)),
        9,
      ),
    ),
    words.refused(
      '3.2.4/fragmented',
      'the HELLO has no FIN: its payload cannot be fragmented',
      haproxyHello({ flags: 0 }).toBytes(),
    ),
  ];
}

function malformedHellos(words: Vocabulary): Case[] {
  const faults: readonly (readonly [id: string, title: string, hex: string])[] = [
    ['name-cut-off', 'a name is longer than the frame', '0a61'],
    ['value-missing', 'a name has no value', '0161'],
    ['value-cut-off', 'a value is longer than the frame', '01610820'],
    ['reserved-type', 'a value has the reserved type 15', '01610f'],
    ['varint-without-end', 'an integer has no end', '016103f0ff'],
  ];
  return [
    ...faults.map(([id, title, hex]) => words.refused(`3.2/hello-${id}`, `HELLO: ${title}`, helloAnd(hex))),
    words.refused('3.2/hello-too-big', 'the length of the HELLO is 2^31-1', claiming(0x7fffffff, HELLO.subarray(4)), 3),
  ];
}
