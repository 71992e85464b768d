import { FrameType } from '@spop/codec';
import { agentDisconnect, agentHello, frame } from '../build/frames.ts';
import { varintBytes, writeString, writeTypedData } from '../build/plain-writer.ts';
import { concat, fromHex } from '../data/text.ts';
import { binary, int64, ipv4, ipv6, raw, string } from '../data/values.ts';
import type { Case } from './case.ts';
import { notifyOfSize } from './notify-cases.ts';
import {
  claiming,
  disconnect,
  messageOf,
  notifyOf,
  OFFERED,
  REFUSED_OR_CLOSED,
  type Vocabulary,
} from './vocabulary.ts';

const TYPES = 'SPOE.txt §3.1';
const FRAMES = 'SPOE.txt §3.2';
/** The type NOTIFY and the flag FIN. */
const HEAD = '0300000001';
/** A varint with one byte more than 64 bits take. */
const ELEVEN_BYTES = 'f0ffffffffffffffffff01';

/** Cases of malformed frames, each of which must end its connection with an AGENT-DISCONNECT. */
export function faultCases(words: Vocabulary): Case[] {
  return [
    ...lengthCases(words),
    ...idCases(words),
    ...payloadCases(words),
    ...valueFaults(words),
    ...frameTypes(words),
  ];
}

function lengthCases(words: Vocabulary): Case[] {
  const body = fromHex('030000000101');
  const tooBig = (id: string, title: string, bytes: Uint8Array): Case =>
    words.one('must', `3.5/${id}`, title, 'SPOE.txt §3.5: status 3', { send: [bytes], expect: [disconnect(3)] });
  return [
    ...Array.from({ length: 7 }, (_, length) =>
      words.malformed(
        `3.2/length-${length}`,
        `a frame has the length ${length}, and needs 7 at least`,
        FRAMES,
        claiming(length, body.subarray(0, length)),
      ),
    ),
    tooBig('one-byte-too-big', `a NOTIFY has ${OFFERED + 1} bytes`, notifyOfSize(words, OFFERED + 1)),
    ...[2 ** 16, 2 ** 24, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1].map((length) =>
      tooBig(`length-${length}`, `a frame has the length ${length}`, claiming(length, fromHex(HEAD))),
    ),
  ];
}

function idCases(words: Vocabulary): Case[] {
  const ids: readonly (readonly [id: string, title: string, hex: string])[] = [
    ['stream-id-without-end', 'the stream-id has no end', 'f0ffff'],
    ['frame-id-without-end', 'the frame-id has no end', '01f0ff'],
    ['stream-id-missing-frame-id', 'the frame-id is missing', 'f0ff01'],
    ['stream-id-too-long', 'the stream-id has eleven bytes', `${ELEVEN_BYTES}01`],
    ['frame-id-too-long', 'the frame-id has eleven bytes', `01${ELEVEN_BYTES}`],
  ];
  return ids.map(([id, title, hex]) => {
    const bytes = fromHex(`${HEAD}${hex}`);
    return words.malformed(`3.2/${id}`, title, FRAMES, claiming(bytes.length, bytes));
  });
}

function payloadCases(words: Vocabulary): Case[] {
  const { message } = words.contract;
  const name = writeString(message);
  const malformed = (id: string, title: string, ...payload: Uint8Array[]): Case =>
    words.malformed(`3.2.6/${id}`, title, 'SPOE.txt §3.2.6', notifyOf(concat(payload)));
  const known = [words.argument(7)];
  return [
    malformed('name-longer', 'the name of a message is longer than the frame', varintBytes(500), fromHex('6162')),
    malformed('name-without-end', 'the length of a name has no end', fromHex('f0ff')),
    malformed('name-too-long', 'the length of a name has eleven bytes', fromHex(ELEVEN_BYTES)),
    malformed('name-of-2-63', 'the length of a name is 2^63', varintBytes(2n ** 63n), fromHex('6162')),
    malformed('no-nb-args', 'a message has no NB-ARGS', name),
    malformed('nb-args-one-too-many', 'NB-ARGS is one more than the arguments there', messageOf(message, known, 2)),
    malformed('nb-args-255', 'NB-ARGS is 255, and there is one argument', messageOf(message, known, 255)),
    malformed('nb-args-alone', 'NB-ARGS is 1, and there is no argument', name, Uint8Array.of(1)),
    malformed('second-message-cut-off', 'the second message is cut off', words.ask(7), fromHex('0561')),
    malformed('byte-too-many', 'a byte follows the last message', words.ask(7), Uint8Array.of(1)),
    malformed('argument-name-longer', "an argument's name is longer than the frame", name, fromHex('01c86162')),
    malformed('argument-without-value', 'an argument has no value', name, fromHex('0102'), fromHex('6970')),
    words.malformed(
      '3.2.6/next-frame-behind',
      'a string is longer than its frame, and the next frame follows',
      'SPOE.txt §3.2.6',
      concat([notifyOf(concat([name, fromHex('01026970'), fromHex('08c8')])), words.notify(200, 3)]),
    ),
  ];
}

function valueFaults(words: Vocabulary): Case[] {
  const { message } = words.contract;
  const broken = (id: string, title: string, bytes: Uint8Array): Case =>
    words.malformed(`3.1/${id}`, title, TYPES, notifyOf(messageOf(message, [['x', raw(bytes)]])));
  const cut = (type: string, bytes: Uint8Array): Case =>
    broken(`${type}-cut-off`, `a value of type ${type.toUpperCase()} is cut off`, bytes.subarray(0, -1));
  const lengths = [2n ** 16n, 2n ** 31n, 2n ** 32n, 2n ** 63n, 2n ** 64n - 1n];
  return [
    ...Array.from({ length: 6 }, (_, index) => index + 10).map((type) =>
      words.malformed(
        `3.1/reserved-type-${type}`,
        `a value has the reserved type ${type}`,
        TYPES,
        notifyOf(messageOf(message, [['x', raw(Uint8Array.of(type, 0))], words.argument(7)])),
      ),
    ),
    cut('int32', Uint8Array.of(2, 0xf0, 0xff, 0)),
    cut('uint32', Uint8Array.of(3, 0xf0, 0xff, 0)),
    cut('int64', writeTypedData(int64(-1))),
    cut('uint64', Uint8Array.of(5, 0xf0, 0)),
    cut('ipv4', writeTypedData(ipv4('192.0.2.1'))),
    cut('ipv6', writeTypedData(ipv6('2001:db8::1'))),
    cut('string', writeTypedData(string('text'))),
    cut('binary', writeTypedData(binary('text'))),
    broken('string-without-length', 'a string has no length', Uint8Array.of(8)),
    broken('ipv4-missing', 'an IPv4 address has no bytes', Uint8Array.of(6)),
    ...['04', '05', '08', '09'].map((type) =>
      broken(
        `varint-of-11-bytes-type-${Number(type)}`,
        `the varint of a value of type ${Number(type)} has eleven bytes`,
        fromHex(`${type}${ELEVEN_BYTES}`),
      ),
    ),
    ...lengths.flatMap((length) => [
      broken(
        `string-of-${length}`,
        `the length of a string is ${length}`,
        concat([Uint8Array.of(8), varintBytes(length), fromHex('6162')]),
      ),
      broken(
        `binary-of-${length}`,
        `the length of a binary is ${length}`,
        concat([Uint8Array.of(9), varintBytes(length), fromHex('6162')]),
      ),
    ]),
  ];
}

function frameTypes(words: Vocabulary): Case[] {
  const answered = { kind: 'acks', acks: [words.ack(7, 3)] } as const;
  const stray = (type: string, bytes: Uint8Array): Case =>
    words.one(
      'hygiene',
      `3.2.2/${type.toLowerCase()}-from-haproxy`,
      `HAProxy sends a frame of the agent, ${type}`,
      'SPOE.txt §3.2.2: sent by agents',
      {
        send: [concat([bytes, words.notify(7, 3)])],
        expect: [answered, ...REFUSED_OR_CLOSED],
      },
    );
  return [
    ...[4, 100, 104, 200, 255].map((type) =>
      words.one(
        'must',
        `3.2.2/unknown-type-${type}`,
        `a frame of type ${type} is skipped, or refused`,
        'SPOE.txt §3.2.2: unknown frames may be silently skipped',
        {
          send: [frame(type, { streamId: 1, frameId: 1 }, '7768617465766572').toBytes(), words.notify(7, 3)],
          expect: [answered, disconnect()],
        },
      ),
    ),
    stray('AGENT-HELLO', agentHello().toBytes()),
    stray('AGENT-DISCONNECT', agentDisconnect().toBytes()),
    stray('ACK', frame(FrameType.Ack, { streamId: 1, frameId: 1 }).toBytes()),
  ];
}
