import { varintBytes, writeTypedData } from '../build/plain-writer.ts';
import { binary, bool, int32, int64, ipv4, ipv6, nil, string, uint32, uint64 } from '../data/values.ts';
import type { TypedData } from '../data/typed-data.ts';
import type { Case } from './case.ts';
import { notifyOf, messageOf, type Vocabulary } from './vocabulary.ts';

const SECTION = 'SPOE.txt §3.1';
/**
 * The longest echoed value: HAProxy 3.1 and later stop reading once 20 ACKs fill a buffer of 16 KiB, so careful agents refuse
 * longer ones.
 */
const MAX_ECHO_BYTES = 700;

/** The least and the greatest value of each length that a varint can have, 1 to 10 bytes. */
const VARINT_EDGES: readonly bigint[] = edges();

function edges(): bigint[] {
  const found = [0n];
  // The second byte and each after it add seven bits, and the values of shorter varints are left out.
  for (let least = 240n, step = 16n * 128n; least < 2n ** 64n; least += step, step *= 128n)
    found.push(least - 1n, least);
  return [...found, 2n ** 64n - 1n];
}

/** Values of every type, at the ends of its range. */
function values(): (readonly [id: string, value: TypedData])[] {
  return [
    ['null', nil],
    ['true', bool(true)],
    ['false', bool(false)],
    ...[0, 239, 240, 2 ** 31 - 1, -1, -(2 ** 31)].map((value) => [`int32-${value}`, int32(value)] as const),
    ...[0, 239, 240, 2 ** 31, 2 ** 32 - 1].map((value) => [`uint32-${value}`, uint32(value)] as const),
    ...[0n, 240n, 2n ** 53n, 2n ** 63n - 1n, -1n, -240n, -(2n ** 63n)].map(
      (value) => [`int64-${value}`, int64(value)] as const,
    ),
    ...VARINT_EDGES.map((value) => [`uint64-${value}`, uint64(value)] as const),
    ...['0.0.0.0', '192.0.2.1', '255.255.255.255'].map((text) => [`ipv4-${text}`, ipv4(text)] as const),
    ...['::', '2001:db8::42', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'].map(
      (text) => [`ipv6-${text.replaceAll(':', '-')}`, ipv6(text)] as const,
    ),
    ...[0, 1, 239, 240, 2287, 2288].map((size) => [`string-${size}-bytes`, string('z'.repeat(size))] as const),
    ['string-no-utf8', string(Uint8Array.of(0xc3, 0x28, 0xff))],
    ['string-nul', string('a\0b')],
    ['string-utf8', string('Grüße, 東京')],
    ...[0, 1, 239, 240, 2288].map((size) => [`binary-${size}-bytes`, binary(new Uint8Array(size).fill(255))] as const),
  ];
}

/** Cases of typed data of every type, and of ids of every length. */
export function valueCases(words: Vocabulary): Case[] {
  return [
    ...values().map(([id, value]) =>
      words.before(
        'must',
        `3.1/${id}`,
        `${value.type.toUpperCase()} stands before the known argument: ${id}`,
        SECTION,
        [['before', value]],
      ),
    ),
    ...values()
      .filter(([, value]) => writeTypedData(value).length < MAX_ECHO_BYTES)
      .map(([id, value]) => echoed(words, id, value)),
    ...VARINT_EDGES.flatMap((id) => [
      withIds(words, `stream-id-${id}`, id, 1n),
      // HAProxy counts frames from 1.
      ...(id === 0n ? [] : [withIds(words, `frame-id-${id}`, 1n, id)]),
    ]),
    withIds(words, 'both-ids-2-64', 2n ** 64n - 1n, 2n ** 64n - 1n),
  ];
}

/** A case whose known argument has the value, which comes back from an agent that echoes it. */
function echoed(words: Vocabulary, id: string, value: TypedData): Case {
  const { message, argument } = words.contract;
  return {
    ...words.answered(
      'must',
      `3.4/echo-${id}`,
      `${value.type.toUpperCase()} comes back as it was sent: ${id}`,
      `${SECTION}, §3.4`,
      messageOf(message, [[argument, value]]),
      value,
    ),
    needs: 'echo',
  };
}

function withIds(words: Vocabulary, id: string, streamId: bigint, frameId: bigint): Case {
  const sizes = `${varintBytes(streamId).length} and ${varintBytes(frameId).length} bytes`;
  return words.one(
    'must',
    `3.2.7/${id}`,
    `stream-id ${streamId} and frame-id ${frameId}, of ${sizes}, come back`,
    'SPOE.txt §3.2.7',
    {
      send: [notifyOf(words.ask(7), streamId, frameId)],
      expect: [{ kind: 'acks', acks: [words.ack(7, streamId, frameId)] }],
    },
  );
}
