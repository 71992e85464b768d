import { toBytes } from '../data/text.ts';
import type { Case, Script } from './case.ts';
import { claiming, HELLO, REFUSED_OR_CLOSED, type Vocabulary } from './vocabulary.ts';

const SOMEBODY_ELSE = "somebody else's client";

/** The first bytes of other protocols, whose clients find an agent's port sooner or later. */
const STRANGERS: readonly (readonly [id: string, title: string, bytes: Uint8Array])[] = [
  ['http-get', 'an HTTP request', toBytes('GET / HTTP/1.1\r\nhost: example\r\n\r\n')],
  ['http-options', 'the check of option httpchk', toBytes('OPTIONS / HTTP/1.0\r\n\r\n')],
  ['http2', 'the preface of HTTP/2', toBytes('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')],
  ['tls', 'a ClientHello of TLS', Uint8Array.of(22, 3, 1, 0, 200, 1, 0, 0, 196, 3, 3, 1, 2, 3, 4)],
  ['proxy-v1', 'the PROXY protocol, version 1', toBytes('PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\n')],
  [
    'proxy-v2',
    'the PROXY protocol, version 2',
    Uint8Array.of(13, 10, 13, 10, 0, 13, 10, 81, 85, 73, 84, 10, 32, 0, 0, 0),
  ],
  ['ssh', 'the banner of SSH', toBytes('SSH-2.0-OpenSSH_9.9\r\n')],
  ['redis', 'a command of Redis', toBytes('*1\r\n$4\r\nPING\r\n')],
  ['line', 'a line of text', toBytes('hello there\n')],
  ['zeros', '1,024 bytes of zeros', new Uint8Array(1024)],
  ['ones', '1,024 bytes of ff', new Uint8Array(1024).fill(255)],
];

/** Cases of peers that are not HAProxy, broken, or hostile: the agent ends their connection, and answers others. */
export function hostileCases(words: Vocabulary): Case[] {
  const asked: Script = { hello: HELLO, send: [words.notify(8)], expect: [{ kind: 'acks', acks: [words.ack(8)] }] };
  const silent = (send: readonly Uint8Array[], hello: Uint8Array | undefined = HELLO): Script => ({
    hello,
    send,
    expect: [],
  });
  const beside = (id: string, title: string, source: string, others: readonly Script[]): Case => ({
    id: `spop/3.2.3/${id}`,
    class: 'hygiene',
    title,
    source,
    scripts: [...others, asked],
  });
  const reset = (script: Script): Script => ({ ...script, ending: 'reset' });
  const half = (id: string, title: string, script: Partial<Script> & Pick<Script, 'send'>): Case =>
    words.one('hygiene', `3.2.3/${id}`, title, 'TCP: half-close', {
      expect: REFUSED_OR_CLOSED,
      ending: 'half-close',
      ...script,
    });
  const cut = words.notify(7).subarray(0, 20);
  const RESETS = 'HAProxy 3.1 and later close with a reset';
  return [
    ...STRANGERS.map(([id, title, bytes]) =>
      words.one('hygiene', `3.2.4/${id}`, `${title} comes instead of a HELLO`, SOMEBODY_ELSE, {
        hello: undefined,
        send: [bytes],
        expect: REFUSED_OR_CLOSED,
      }),
    ),
    ...STRANGERS.filter(([id]) => ['http-get', 'zeros', 'ones'].includes(id)).map(([id, title, bytes]) =>
      words.one('hygiene', `3.2.6/${id}-after-hello`, `${title} comes after the handshake`, SOMEBODY_ELSE, {
        send: [bytes],
        expect: REFUSED_OR_CLOSED,
      }),
    ),
    beside('reset-in-a-frame', 'a connection is reset in the middle of a frame; others go on', RESETS, [
      reset(silent([cut])),
    ]),
    beside('reset-after-hello', 'a connection is reset after the handshake; others go on', RESETS, [reset(silent([]))]),
    beside('reset-in-hello', 'a connection is reset in the middle of the HELLO; others go on', RESETS, [
      reset(silent([HELLO.subarray(0, 20)], undefined)),
    ]),
    beside('reset-at-once', 'a connection is reset without a byte; others go on', RESETS, [
      reset(silent([], undefined)),
    ]),
    beside('reset-before-ack', 'a connection is reset before its ACK; others go on', RESETS, [
      reset(silent([words.notify(7)])),
    ]),
    beside(
      'fifty-resets',
      '50 connections are reset at once; others go on',
      RESETS,
      Array.from({ length: 50 }, () => reset(silent([words.notify(7)]))),
    ),
    beside(
      'idle-connections',
      '50 connections say nothing; others go on',
      'slow or hostile peers',
      Array.from({ length: 50 }, () => silent([], undefined)),
    ),
    beside(
      'unfinished-frames',
      '50 connections have begun a frame; others go on',
      'slow or hostile peers',
      Array.from({ length: 50 }, () => silent([claiming(16_380, cut)])),
    ),
    half('half-close-at-once', 'a connection that is half-closed without a byte is ended', {
      hello: undefined,
      send: [],
    }),
    half('half-close-in-hello', 'a connection that is half-closed in the HELLO is ended', {
      hello: undefined,
      send: [HELLO.subarray(0, 20)],
    }),
    half('half-close-after-hello', 'a connection that is half-closed after the handshake is ended', { send: [] }),
    half('half-close-in-a-frame', 'a connection that is half-closed in a frame is ended', { send: [cut] }),
  ];
}
