/**
 * Protocol cases that any agent can be held to from outside, knowing no more of it than the two jobs of
 * benchmarks/load/traffic.ts. Each says where its demand comes from. No case asks for a choice that SPOE.txt leaves
 * open: where two behaviours are right, both are accepted.
 */
import { traffic } from '../load/traffic.ts';
import { frame, haproxyHello, kvList, message, text, typed, varint } from '../load/wire.ts';

/** One expected ACK; `score` undefined where sess.ip_score must not be set. */
export interface ExpectedAck {
  readonly streamId: bigint;
  readonly frameId: bigint;
  readonly score: number | undefined;
}

export type Outcome =
  /** A valid AGENT-HELLO, then nothing. */
  | { readonly kind: 'hello' }
  /** Exactly these ACKs in any order, then nothing, and the connection lives. */
  | { readonly kind: 'acks'; readonly acks: readonly ExpectedAck[] }
  /** AGENT-DISCONNECT with one of these status codes, and no ACK. */
  | { readonly kind: 'disconnect'; readonly status: readonly number[] }
  /** No ACK: what else the agent does is its own affair. */
  | { readonly kind: 'no-ack' };

/** What one connection sends and which of the outcomes are right. */
export interface Script {
  /** Sent first; `null` for none. HAProxy 3.2's own when left out. */
  readonly hello?: Buffer | null;
  /** Written one by one, 2 ms apart, once the AGENT-HELLO is there. */
  readonly send: readonly Buffer[];
  /** Right is any of these. */
  readonly expect: readonly Outcome[];
  /** The connection is reset after sending, and nothing is expected on it. */
  readonly reset?: boolean;
  /** Every read must end with a frame's end. */
  readonly wholeFrames?: boolean;
  /** Every ACK must have a payload. */
  readonly payload?: boolean;
}

export interface ProtocolCase {
  readonly name: string;
  readonly source: string;
  /** Run at the same time, each on a connection of its own. */
  readonly scripts: readonly Script[];
  /** Not asked of an agent that does not announce `pipelining`. */
  readonly pipelining?: boolean;
}

type Arg = readonly [string, Buffer];

const NOTIFY = 3;
const UNSET = 0;
const HAPROXY_DISCONNECT = 2;
const ANY_ERROR = Array.from({ length: 99 }, (_, index) => index + 1);

const ip = (last: number): Arg => ['ip', typed.ipv4(`192.0.2.${last}`)];
const check = (last: number, ...before: Arg[]): Buffer => message('check-client-ip', [...before, ip(last)]);
const ack = (streamId: number | bigint, score: number | undefined, frameId: number | bigint = 1): ExpectedAck => ({
  streamId: BigInt(streamId),
  frameId: BigInt(frameId),
  score,
});
const acks = (...list: ExpectedAck[]): Outcome[] => [{ kind: 'acks', acks: list }];
const disconnect = (...status: number[]): Outcome[] => [
  { kind: 'disconnect', status: status.length > 0 ? status : ANY_ERROR },
];
const one = (name: string, source: string, script: Script, more: Partial<ProtocolCase> = {}): ProtocolCase => ({
  name,
  source,
  scripts: [script],
  ...more,
});
/** One NOTIFY of stream 1 and the score that must come back. */
const answered = (name: string, source: string, payload: Buffer, score: number | undefined): ProtocolCase =>
  one(name, source, { send: [frame(NOTIFY, 1, 1, payload)], expect: acks(ack(1, score)) });
/** A malformed NOTIFY. */
const malformed = (name: string, source: string, bytes: Buffer): ProtocolCase =>
  one(name, source, { send: [bytes], expect: disconnect() });

function hello(pairs: readonly Arg[]): Buffer {
  return frame(1, 0, 0, kvList(pairs));
}

const VERSIONS: Arg = ['supported-versions', typed.string('2.0')];
const MAX_SIZE: Arg = ['max-frame-size', typed.uint32(16_380)];
const CAPABILITIES: Arg = ['capabilities', typed.string('pipelining')];
const ENGINE_ID: Arg = ['engine-id', typed.string('f5b6a2c1-6d0e-4f3b-9a57-2c1d8e7f0a94')];

/** A HELLO after which a NOTIFY must be answered. */
const welcomed = (name: string, source: string, bytes: Buffer): ProtocolCase =>
  one(name, source, { hello: bytes, send: [frame(NOTIFY, 1, 1, check(7))], expect: acks(ack(1, 7)) });
/** A HELLO that must be refused with this status. */
const refused = (name: string, status: number, bytes: Buffer): ProtocolCase =>
  one(name, `SPOE.txt §3.2.4, §3.5: status ${status}`, { hello: null, send: [bytes], expect: disconnect(status) });

const handshake: ProtocolCase[] = [
  one('HELLO of HAProxy 3.2: all three keys, FIN alone, ids 0', 'SPOE.txt §3.2.5', {
    hello: null,
    send: [haproxyHello()],
    expect: [{ kind: 'hello' }],
  }),
  one('AGENT-HELLO arrives in one piece', 'HAProxy 3.2 misparses a split one (src/mux_spop.c)', {
    hello: null,
    send: [haproxyHello()],
    expect: [{ kind: 'hello' }],
    wholeFrames: true,
  }),
  welcomed('HELLO of HAProxy 3.0: pipelining,async', 'src/flt_spoe.c', haproxyHello('pipelining,async')),
  welcomed('HELLO without option pipelining: capabilities empty', 'src/mux_spop.c', haproxyHello('')),
  welcomed('HELLO without engine-id', 'SPOE.txt §3.2.4: optional', hello([VERSIONS, MAX_SIZE, CAPABILITIES])),
  welcomed(
    'HELLO with its keys in another order',
    'SPOE.txt §3.2.4',
    hello([ENGINE_ID, CAPABILITIES, MAX_SIZE, VERSIONS]),
  ),
  welcomed(
    'HELLO with an unknown key',
    'SPOE.txt §3.2.4',
    hello([VERSIONS, MAX_SIZE, CAPABILITIES, ['x-new', typed.int64(-1)], ENGINE_ID]),
  ),
  welcomed(
    'HELLO that also speaks 1.0 and 3.1, with spaces',
    'SPOE.txt §3.2.4: comma-separated list',
    hello([['supported-versions', typed.string('1.0, 2.0 , 3.1')], MAX_SIZE, CAPABILITIES, ENGINE_ID]),
  ),
  welcomed(
    'HELLO with max-frame-size 256',
    'SPOE.txt §3.2.4: the least allowed',
    hello([VERSIONS, ['max-frame-size', typed.uint32(256)], CAPABILITIES, ENGINE_ID]),
  ),
  one('HELLO one byte at a time', 'TCP', {
    hello: null,
    send: [...haproxyHello()].map((byte) => Buffer.from([byte])),
    expect: [{ kind: 'hello' }],
  }),
  refused(
    'HELLO with version 3.0 only',
    8,
    hello([['supported-versions', typed.string('3.0')], MAX_SIZE, CAPABILITIES, ENGINE_ID]),
  ),
  refused('HELLO without supported-versions', 5, hello([MAX_SIZE, CAPABILITIES, ENGINE_ID])),
  refused('HELLO without max-frame-size', 6, hello([VERSIONS, CAPABILITIES, ENGINE_ID])),
  refused('HELLO without capabilities', 7, hello([VERSIONS, MAX_SIZE, ENGINE_ID])),
  refused(
    'HELLO with max-frame-size 255',
    9,
    hello([VERSIONS, ['max-frame-size', typed.uint32(255)], CAPABILITIES, ENGINE_ID]),
  ),
  one('NOTIFY before any HELLO', 'SPOE.txt §3.1', {
    hello: null,
    send: [frame(NOTIFY, 1, 1, check(7))],
    expect: disconnect(),
  }),
  one('health check: AGENT-HELLO, then nothing', 'SPOE.txt §3.2.4; option spop-check', {
    hello: null,
    send: [hello([VERSIONS, MAX_SIZE, ['capabilities', typed.string('')], ['healthcheck', typed.bool(true)]])],
    expect: [{ kind: 'hello' }],
  }),
  welcomed(
    'healthcheck = false is no health check',
    'SPOE.txt §3.2.4',
    hello([VERSIONS, MAX_SIZE, CAPABILITIES, ENGINE_ID, ['healthcheck', typed.bool(false)]]),
  ),
  one('HAPROXY-DISCONNECT is answered with AGENT-DISCONNECT 0', 'SPOE.txt §3.2.8, §3.2.9', {
    send: [
      frame(
        HAPROXY_DISCONNECT,
        0,
        0,
        kvList([
          ['status-code', typed.uint32(0)],
          ['message', typed.string('normal')],
        ]),
      ),
    ],
    expect: disconnect(0),
  }),
];

const realistic = traffic('realistic')[5];
if (realistic === undefined) throw new Error('no realistic traffic');

const everyType: Arg[] = [
  ['n', typed.null()],
  ['t', typed.bool(true)],
  ['f', typed.bool(false)],
  ['i32', typed.int32(42)],
  ['u32', typed.uint32(4_294_967_295)],
  ['i64', typed.int64(123_456_789_012)],
  ['u64', typed.uint64(2n ** 62n)],
  ['v4', typed.ipv4('203.0.113.9')],
  ['v6', typed.ipv6('20010db8000000000000000000000001')],
  ['s', typed.string('text')],
  ['b', typed.binary(Buffer.from([0, 255, 1]))],
];

const notify: ProtocolCase[] = [
  answered('NOTIFY with an IPv4 address', 'SPOE.txt §3.1', check(7), 7),
  answered(
    'NOTIFY with an IPv6 address',
    'SPOE.txt §3.1',
    message('check-client-ip', [['ip', typed.ipv6('20010db8000000000000000000000042')]]),
    0x42,
  ),
  answered('NOTIFY with the eight arguments of a request', 'SPOE.txt §3.2.6', realistic.payload, realistic.expected),
  answered('score 240: the first varint of two bytes', 'SPOE.txt §3.1', check(240), 240),
  answered('arguments of every type before ip', 'SPOE.txt §3.1', check(9, ...everyType), 9),
  answered(
    '-1 and INT64_MIN as INT64 before ip',
    'HAProxy sign-extends (src/sample.c)',
    check(9, ['a', typed.int64(-1)], ['b', typed.int64(-(2n ** 63n))]),
    9,
  ),
  answered(
    'strings of 239, 240, 2287 and 2288 bytes before ip',
    'varint boundaries',
    check(9, ...[239, 240, 2287, 2288].map((size): Arg => [`s${size}`, typed.string('z'.repeat(size))])),
    9,
  ),
  answered(
    'text that is not UTF-8 before ip',
    'HAProxy sends header bytes as they came',
    check(9, ['ua', Buffer.from('0803c328ff', 'hex')]),
    9,
  ),
  answered(
    'two arguments without a name before ip',
    'SPOE.txt §2.4: names are optional',
    check(9, ['', typed.int64(1)], ['', typed.string('x')]),
    9,
  ),
  answered(
    'two arguments of one name before ip',
    'HAProxy allows it',
    check(9, ['x', typed.int64(1)], ['x', typed.int64(2)]),
    9,
  ),
  answered(
    '255 arguments, ip last',
    'NB-ARGS is one byte',
    check(9, ...Array.from({ length: 254 }, (_, index): Arg => [`a${index}`, typed.int64(index)])),
    9,
  ),
  answered(
    'ip is NULL',
    'HAProxy sends NULL for a missing sample',
    message('check-client-ip', [['ip', typed.null()]]),
    undefined,
  ),
  answered('message without arguments', 'SPOE.txt §3.2.6', message('check-client-ip', []), undefined),
  answered('unknown message only', 'SPOE.txt §3.2.6', message('something-else', [['x', typed.int64(1)]]), undefined),
  answered('NOTIFY without any message', 'HAProxy 3.1.0 to 3.2.0, all ACLs failing', Buffer.alloc(0), undefined),
  answered(
    'second message of a NOTIFY is read',
    'SPOE.txt §3.2.6',
    Buffer.concat([
      message('first', [
        ['x', typed.string('y')],
        ['z', typed.int64(300)],
      ]),
      check(9),
    ]),
    9,
  ),
  answered(
    'message without arguments, then another',
    'SPOE.txt §3.2.6',
    Buffer.concat([message('first', []), check(9)]),
    9,
  ),
  answered(
    'arguments of the next message are not the first one’s',
    'NB-ARGS',
    Buffer.concat([message('check-client-ip', [['other', typed.int64(1)]]), message('second', [ip(77)])]),
    undefined,
  ),
  answered(
    'message name that begins like another',
    'names are compared whole',
    Buffer.concat([message('check-client-ip-6', [ip(77)]), check(9)]),
    9,
  ),
  one('an ACK without actions has a payload byte', 'HAProxy 3.1.0 hangs on an empty payload', {
    send: [frame(NOTIFY, 1, 1, message('something-else', []))],
    expect: acks(ack(1, undefined)),
    payload: true,
  }),
  one('NOTIFY of exactly max-frame-size', 'SPOE.txt §3.2.4', {
    send: [largest(16_380)],
    expect: acks(ack(1, 9)),
  }),
  one('stream-id 0, as HAProxy 3.0 begins', 'src/flt_spoe.c', {
    send: [frame(NOTIFY, 0, 1, check(7))],
    expect: acks(ack(0, 7)),
  }),
  one('stream-id 2^32 - 1 and frame-id 300 come back', 'SPOE.txt §3.2.7', {
    send: [frame(NOTIFY, 4_294_967_295, 300, check(7))],
    expect: acks(ack(4_294_967_295, 7, 300)),
  }),
  one('stream-id 2^64 - 1 comes back', 'SPOE.txt §3.1: 64-bit varints', {
    send: [frame(NOTIFY, 2n ** 64n - 1n, 1, check(7))],
    expect: acks(ack(2n ** 64n - 1n, 7)),
  }),
  one('reserved flag bits are ignored', 'SPOE.txt §3.2', {
    send: [frame(NOTIFY, 1, 1, check(7), 0x8000_0001)],
    expect: acks(ack(1, 7)),
  }),
  one('the same ids twice, one after the other', 'HAProxy 3.0 after a processing timeout', {
    send: [frame(NOTIFY, 1, 1, check(7)), frame(NOTIFY, 1, 1, check(8))],
    expect: acks(ack(1, 7), ack(1, 8)),
  }),
];

function largest(size: number): Buffer {
  const build = (filler: number): Buffer =>
    frame(NOTIFY, 1, 1, check(9, ['body', typed.binary(Buffer.alloc(filler, 7))]));
  return build(size - (build(size - 60).length - 4 - (size - 60)));
}

function numbered(count: number): { sent: Buffer[]; expected: ExpectedAck[] } {
  const indexes = Array.from({ length: count }, (_, index) => index);
  return {
    sent: indexes.map((index) => frame(NOTIFY, 2 * index + 1, 1, check(index % 251))),
    expected: indexes.map((index) => ack(2 * index + 1, index % 251)),
  };
}

function splitEverywhere(): Script[] {
  const bytes = frame(NOTIFY, 1, 1, check(7));
  return Array.from({ length: bytes.length - 1 }, (_, index) => ({
    send: [bytes.subarray(0, index + 1), bytes.subarray(index + 1)],
    expect: acks(ack(1, 7)),
  }));
}

const few = numbered(20);
const many = numbered(1000);

const stream: ProtocolCase[] = [
  one(
    'two NOTIFYs in one segment',
    'TCP',
    { send: [Buffer.concat(few.sent.slice(0, 2))], expect: acks(...few.expected.slice(0, 2)) },
    { pipelining: true },
  ),
  one(
    '20 NOTIFYs at once, HAProxy’s own limit',
    'src/mux_spop.c',
    { send: [Buffer.concat(few.sent)], expect: acks(...few.expected) },
    { pipelining: true },
  ),
  one(
    '1000 NOTIFYs at once',
    'TCP',
    { send: [Buffer.concat(many.sent)], expect: acks(...many.expected) },
    { pipelining: true },
  ),
  one('NOTIFY one byte at a time', 'TCP', {
    send: [...frame(NOTIFY, 1, 1, check(7))].map((byte) => Buffer.from([byte])),
    expect: acks(ack(1, 7)),
  }),
  { name: 'NOTIFY split at every offset', source: 'TCP', scripts: splitEverywhere() },
  one('every ACK arrives in one piece', 'HAProxy 3.1 and later misparse one that is split inside its ids', {
    send: few.sent,
    expect: acks(...few.expected),
    wholeFrames: true,
  }),
  {
    name: 'equal ids on two connections at once',
    source: 'src/mux_spop.c: ids are counted per connection',
    scripts: [11, 22, 33, 44].map((last) => ({ send: [frame(NOTIFY, 1, 1, check(last))], expect: acks(ack(1, last)) })),
  },
  {
    name: '100 connections at once',
    source: 'HAProxy opens as many as it needs',
    scripts: Array.from({ length: 100 }, (_, index) => ({
      send: [frame(NOTIFY, 1, 1, check(index))],
      expect: acks(ack(1, index)),
    })),
  },
  one('frame of an unknown type is skipped', 'SPOE.txt §3.2.2', {
    send: [frame(200, 1, 1, Buffer.from('whatever')), frame(NOTIFY, 1, 1, check(7))],
    expect: acks(ack(1, 7)),
  }),
  one('fragmented NOTIFY is joined, or refused with status 10', 'SPOE.txt §3.2.6; src/flt_spoe.c', {
    send: fragments(),
    expect: [...acks(ack(1, 7)), ...disconnect(10)],
  }),
  one('fragmented NOTIFY that is given up is not answered', 'SPOE.txt §3.2: ABORT', {
    send: [
      frame(NOTIFY, 1, 1, check(7).subarray(0, 9), 0),
      frame(UNSET, 1, 1, Buffer.alloc(0), 3),
      frame(NOTIFY, 3, 1, check(8)),
    ],
    expect: [...acks(ack(3, 8)), ...disconnect(10)],
  }),
];

function fragments(): Buffer[] {
  const payload = check(7);
  return [
    frame(NOTIFY, 1, 1, payload.subarray(0, 5), 0),
    frame(UNSET, 1, 1, payload.subarray(5, 20), 0),
    frame(UNSET, 1, 1, payload.subarray(20), 1),
  ];
}

/** A frame whose length field says `length`, whatever follows. */
function claiming(length: number, rest: Buffer): Buffer {
  const head = Buffer.alloc(4);
  head.writeUInt32BE(length);
  return Buffer.concat([head, rest]);
}

const eleven = Buffer.from('f0ffffffffffffffffff01', 'hex');
const header = Buffer.from('0300000001', 'hex');
const lying = Buffer.concat([
  text('check-client-ip'),
  Buffer.from([1]),
  text('ip'),
  Buffer.from([8, 200]),
  Buffer.from('short'),
]);

const faults: ProtocolCase[] = [
  malformed(
    'frame of length 0',
    'a frame has at least 7 bytes; SPOE.txt §3.2.9: errors end with AGENT-DISCONNECT',
    claiming(0, Buffer.alloc(0)),
  ),
  malformed(
    'frame of length 6',
    'a frame has at least 7 bytes; SPOE.txt §3.2.9: errors end with AGENT-DISCONNECT',
    claiming(6, Buffer.from('030000000101', 'hex')),
  ),
  one('frame of 16,381 bytes', 'SPOE.txt §3.5: status 3', { send: [largest(16_381)], expect: disconnect(3) }),
  one('length field 2^31 - 1', 'SPOE.txt §3.5: status 3', {
    send: [claiming(0x7fff_ffff, header)],
    expect: disconnect(3),
  }),
  one('length field 2^32 - 1', 'SPOE.txt §3.5: status 3', {
    send: [claiming(0xffff_ffff, header)],
    expect: disconnect(3),
  }),
  malformed('string longer than its frame', 'lengths end with the frame', frame(NOTIFY, 1, 1, lying)),
  malformed(
    'string longer than its frame, next frame behind it',
    'lengths end with the frame',
    Buffer.concat([frame(NOTIFY, 1, 1, lying), frame(NOTIFY, 3, 1, check(200))]),
  ),
  malformed(
    'string length of 2^63',
    'lengths end with the frame',
    frame(
      NOTIFY,
      1,
      1,
      Buffer.concat([text('check-client-ip'), Buffer.from([1]), text('x'), Buffer.from([8, ...varint(2n ** 63n)])]),
    ),
  ),
  malformed(
    'message name longer than its frame',
    'lengths end with the frame',
    frame(NOTIFY, 1, 1, Buffer.from([...varint(500), 0x61, 0x62])),
  ),
  malformed('address cut off', 'SPOE.txt §3.1', frame(NOTIFY, 1, 1, check(7).subarray(0, -2))),
  malformed(
    'NB-ARGS greater than the arguments there',
    'NB-ARGS',
    frame(NOTIFY, 1, 1, message('check-client-ip', [ip(7)], 2)),
  ),
  malformed('message without NB-ARGS', 'SPOE.txt §3.2.6', frame(NOTIFY, 1, 1, text('check-client-ip'))),
  malformed(
    'value of a reserved type',
    'SPOE.txt §3.1: types 10 to 15',
    frame(NOTIFY, 1, 1, message('check-client-ip', [['x', Buffer.from([12, 0])], ip(7)])),
  ),
  malformed(
    'varint of eleven bytes',
    'SPOE.txt §3.1: 64 bits',
    frame(NOTIFY, 1, 1, message('check-client-ip', [['x', Buffer.concat([Buffer.from([4]), eleven])], ip(7)])),
  ),
  malformed(
    'stream-id without an end',
    'SPOE.txt §3.2',
    claiming(8, Buffer.concat([header, Buffer.from('f0ffff', 'hex')])),
  ),
  one('continuation of nothing is not answered', 'src/flt_spoe.c', {
    send: [frame(UNSET, 9, 1, check(7), 1)],
    expect: [{ kind: 'no-ack' }],
  }),
  one('HTTP request instead of a HELLO', 'someone else’s client', {
    hello: null,
    send: [Buffer.from('GET / HTTP/1.1\r\nhost: example\r\n\r\n')],
    expect: disconnect(3, 4),
  }),
  {
    name: 'reset in the middle of a frame; others go on',
    source: 'HAProxy 3.1 and later close with a reset',
    scripts: [
      { send: [frame(NOTIFY, 1, 1, check(7)).subarray(0, 20)], expect: [], reset: true },
      { send: [frame(NOTIFY, 1, 1, check(8))], expect: acks(ack(1, 8)) },
    ],
  },
];

export const protocolCases: readonly ProtocolCase[] = [...handshake, ...notify, ...stream, ...faults];
