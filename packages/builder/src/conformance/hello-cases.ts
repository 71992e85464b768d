import { FrameType } from '@spop/codec';
import { agentDisconnect, agentHello, frame, haproxyDisconnect } from '../build/frames.ts';
import { bool, int64, ipv4, ipv6, binary, nil, string, uint32, uint64 } from '../data/values.ts';
import { concat } from '../data/text.ts';
import type { TypedData } from '../data/typed-data.ts';
import type { Case } from './case.ts';
import { helloRefusals } from './hello-refusals.ts';
import {
  disconnect,
  HEALTH_CHECK,
  HELLO,
  helloOf,
  helloWith,
  Keys,
  notifyOf,
  OFFERED,
  oneByOne,
  REFUSED_OR_CLOSED,
  type Vocabulary,
} from './vocabulary.ts';

const { versions, maxFrameSize, capabilities, engineId } = Keys;
const SECTION = 'SPOE.txt §3.2.4';

/** Cases of the handshake that an agent must accept or refuse. */
export function helloCases(words: Vocabulary): Case[] {
  return [...answerCases(words), ...welcomeCases(words), ...helloRefusals(words), ...firstFrames(words)];
}

function answerCases(words: Vocabulary): Case[] {
  return [
    words.greeted(
      'must',
      '3.2.5/agent-hello',
      'an AGENT-HELLO has all three keys, FIN alone, and ids of 0',
      'SPOE.txt §3.2.5',
      [HELLO],
    ),
    {
      ...words.one(
        'haproxy',
        '3.2.5/one-piece',
        'an AGENT-HELLO arrives in one piece',
        'HAProxy 3.1.0, 3.2.0 to 3.2.22, 3.3.0 and 3.5-dev5 misread one in two pieces (src/mux_spop.c)',
        {
          hello: undefined,
          send: [HELLO],
          expect: [{ kind: 'hello', offered: OFFERED }],
          wholeFrames: true,
        },
      ),
    },
    ...[256, 257, 1000, 4096, 16_379].map((size) =>
      words.one(
        'must',
        `3.2.5/max-frame-size-of-${size}`,
        `an agent that is offered ${size} bytes does not ask for more`,
        'SPOE.txt §3.2.5: lower or equal',
        {
          hello: undefined,
          send: [helloWith('max-frame-size', uint32(size))],
          expect: [{ kind: 'hello', offered: size }],
        },
      ),
    ),
    words.greeted(
      'must',
      '3.2.4/health-check',
      'a health check is answered with an AGENT-HELLO, and nothing after it',
      `${SECTION}; option spop-check`,
      [HEALTH_CHECK],
    ),
    words.greeted(
      'must',
      '3.2.4/one-byte-at-a-time',
      'a HELLO arrives one byte at a time',
      'TCP keeps no boundaries',
      oneByOne(HELLO),
    ),
    ...[
      ['length', 2],
      ['flags', 7],
      ['payload', 30],
    ].map(([place, at]) =>
      words.greeted(
        'must',
        `3.2.4/split-in-its-${place}`,
        `a HELLO arrives in two pieces, split in its ${place}`,
        'TCP keeps no boundaries',
        [HELLO.subarray(0, Number(at)), HELLO.subarray(Number(at))],
      ),
    ),
  ];
}

function welcomeCases(words: Vocabulary): Case[] {
  const unknown: readonly (readonly [string, TypedData])[] = [
    ['null', nil],
    ['bool', bool(true)],
    ['int64', int64(-1)],
    ['uint64', uint64(2n ** 64n - 1n)],
    ['ipv4', ipv4('192.0.2.1')],
    ['ipv6', ipv6('2001:db8::1')],
    ['string', string('x'.repeat(300))],
    ['binary', binary(Uint8Array.of(0, 255))],
  ];
  return [
    words.welcomed(
      'haproxy',
      '3.2.4/haproxy-2.6',
      'the HELLO of HAProxy 2.6 to 3.0, with the capabilities pipelining,async',
      'HAProxy 2.6 to 3.0 send it (src/flt_spoe.c)',
      helloWith('capabilities', string('pipelining,async')),
    ),
    words.welcomed(
      'haproxy',
      '3.2.4/no-capabilities',
      'the HELLO of HAProxy 3.1 and later without option pipelining: capabilities is empty',
      'HAProxy 3.1 and later send it (src/mux_spop.c)',
      helloWith('capabilities', string('')),
    ),
    words.welcomed(
      'must',
      '3.2.4/no-engine-id',
      'engine-id is left out',
      `${SECTION}: optional`,
      helloOf([versions, maxFrameSize, capabilities]),
    ),
    words.welcomed(
      'must',
      '3.2.4/healthcheck-false',
      'healthcheck = false is no health check',
      SECTION,
      helloOf([...Object.values(Keys), ['healthcheck', bool(false)]]),
    ),
    words.welcomed(
      'must',
      '3.2.4/keys-reversed',
      'the keys come in the opposite order',
      `${SECTION}: a KV-LIST has no order`,
      helloOf([engineId, capabilities, maxFrameSize, versions]),
    ),
    words.welcomed(
      'must',
      '3.2.4/keys-rotated',
      'the keys come in another order',
      `${SECTION}: a KV-LIST has no order`,
      helloOf([maxFrameSize, engineId, versions, capabilities]),
    ),
    ...unknown.map(([type, value]) =>
      words.welcomed(
        'must',
        `3.2.4/unknown-key-${type}`,
        `an unknown key holds a value of type ${type.toUpperCase()}`,
        SECTION,
        helloOf([versions, ['x-new', value], maxFrameSize, capabilities, engineId]),
      ),
    ),
    ...[
      ['first', '2.0,1.0'],
      ['last', '1.0,2.0'],
      ['among-others', '1.0,2.0,3.1'],
      ['with-spaces', ' 1.0 , 2.0 '],
    ].map(([name = '', list = '']) =>
      words.welcomed(
        'must',
        `3.2.4/version-${name}`,
        `supported-versions is ${JSON.stringify(list)}`,
        `${SECTION}: a comma-separated list, spaces are ignored`,
        helloWith('supported-versions', string(list)),
      ),
    ),
    ...[
      ['unknown', 'pipelining,x-new'],
      ['unknown-only', 'x-new'],
      ['with-spaces', ' pipelining , async '],
      ['fragmentation', 'fragmentation,pipelining'],
    ].map(([name = '', list = '']) =>
      words.welcomed(
        'must',
        `3.2.1/capabilities-${name}`,
        `capabilities is ${JSON.stringify(list)}`,
        'SPOE.txt §3.2.1: unknown ones are ignored; §3.2.4: so are spaces',
        helloWith('capabilities', string(list)),
      ),
    ),
    ...[256, 1000, 65_536, 2 ** 31, 2 ** 32 - 1].map((size) =>
      words.welcomed(
        'must',
        `3.2.4/offer-of-${size}`,
        `max-frame-size is ${size}`,
        'SPOE.txt §3.2: 256 bytes and more',
        helloWith('max-frame-size', uint32(size)),
      ),
    ),
  ];
}

/** Cases of frames that must not be the first of a connection. */
function firstFrames(words: Vocabulary): Case[] {
  const first = (type: string, bytes: Uint8Array, title = `${type} comes before any HELLO`): Case =>
    words.one(
      'must',
      `3.2.3/${type.toLowerCase()}-before-hello`,
      title,
      'SPOE.txt §3.2.4: the HELLO is the first frame; §3.2.9',
      {
        hello: undefined,
        send: [bytes],
        expect: [disconnect()],
      },
    );
  return [
    first('NOTIFY', words.notify(7)),
    first('UNSET', frame(FrameType.Unset, { streamId: 1, frameId: 1 }).toBytes()),
    first('AGENT-HELLO', agentHello().toBytes()),
    first('AGENT-DISCONNECT', agentDisconnect().toBytes()),
    first('ACK', frame(FrameType.Ack, { streamId: 1, frameId: 1 }).toBytes()),
    words.one(
      'hygiene',
      '3.2.8/disconnect-before-hello',
      'a HAPROXY-DISCONNECT comes before any HELLO',
      'SPOE.txt §3.2.8: at any time',
      {
        hello: undefined,
        send: [haproxyDisconnect().toBytes()],
        expect: [disconnect(0, ...Array.from({ length: 99 }, (_, index) => index + 1)), { kind: 'closed' }],
      },
    ),
    words.one(
      'hygiene',
      '3.2.4/hello-twice',
      'a second HELLO comes after the handshake',
      'SPOE.txt §3.2.4: the HELLO is the first frame',
      {
        send: [HELLO],
        expect: REFUSED_OR_CLOSED,
      },
    ),
    words.one(
      'hygiene',
      '3.2.4/notify-after-refusal',
      'a NOTIFY after a HELLO that is refused gets no ACK',
      'SPOE.txt §3.2.4',
      {
        hello: undefined,
        send: [concat([helloOf([versions]), notifyOf(words.ask(7))])],
        expect: REFUSED_OR_CLOSED,
      },
    ),
  ];
}
