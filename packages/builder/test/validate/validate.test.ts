import { FrameFlag } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  data,
  formatViolations,
  fragment,
  frame,
  fromHex,
  haproxyDisconnect,
  haproxyHello,
  notify,
  rules,
  unset,
  validate,
  validateSession,
  type BytesInput,
  type RuleId,
  type SessionOptions,
  type ValidateOptions,
  type Violation,
  type Write,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { bytesOf } from '../../src/read/parse.ts';
import { readerRule } from '../../src/validate/rules.ts';
import { readCaptures } from '@spop-internal/testbed/captures';
import { severities } from './severities.ts';

function bytes(...frames: BytesInput[]): Uint8Array {
  return concat(frames.map(bytesOf));
}

function found(violations: readonly Violation[]): [rule: RuleId, frame: number, frameOffset: number][] {
  return violations.map(({ rule, frame: number, frameOffset }) => [rule, number, frameOffset]);
}

const fromAgent: ValidateOptions = { from: 'agent', state: 'established' };
const fromHaproxy: ValidateOptions = { from: 'haproxy', state: 'established' };
const first = (from: 'agent' | 'haproxy'): ValidateOptions => ({ from });
const hello = haproxyHello();
const answer = agentHello();
const longName = 'n'.repeat(60);
const [begin, end] = fragment(notify().message('m', { a: 'text' }), 5);
const [other] = fragment(notify({ streamId: 2 }).message('m', { a: 'text' }), 5);

type Case = readonly [label: string, input: Uint8Array, options: ValidateOptions, rule: RuleId, offset: number];

const cases: readonly Case[] = [
  ['a length of 5', fromHex('00000005 0300000001'), fromHaproxy, 'frame-too-small', 0],
  [
    'a length above the limit',
    bytes(notify().message('m', { a: new Uint8Array(300) })),
    { ...fromHaproxy, maxFrameSize: 256 },
    'frame-too-big',
    0,
  ],
  ['a huge length', fromHex('ffffffff'), fromHaproxy, 'frame-too-big', 0],
  ['a frame that is not whole', bytes(ack()).slice(0, 9), fromAgent, 'truncated', 0],
  ['a value that is not whole', bytes(ack().raw('02 02 01 05 61')), fromAgent, 'truncated', 14],
  [
    'a varint of 2^64',
    bytes(ack().setVar('txn', 'x', data.raw('04 f0 f1 fe fe fe fe fe fe fe 0e'))),
    fromAgent,
    'varint-overflow',
    17,
  ],
  ['a reserved type', bytes(ack().setVar('txn', 'x', data.raw('0a'))), fromAgent, 'reserved-type', 16],
  ['an INT32 of 2^31', bytes(ack().setVar('txn', 'x', data.raw('02 f0 f1 fe fe 3e'))), fromAgent, 'integer-range', 16],
  ['an unknown action', bytes(ack().raw('09')), fromAgent, 'invalid-action', 11],

  ['a frame of type 200', bytes(frame(200)), fromAgent, 'unknown-frame-type', 4],
  ['a NOTIFY from an agent', bytes(notify().message('m')), fromAgent, 'wrong-direction', 4],
  ['an ACK from HAProxy', bytes(ack()), fromHaproxy, 'wrong-direction', 4],
  ['an AGENT-HELLO from HAProxy', bytes(agentHello()), first('haproxy'), 'wrong-direction', 4],
  ['an ACK without FIN', bytes(ack({ flags: 0 })), fromAgent, 'fin-missing', 5],
  ['an AGENT-HELLO without FIN', bytes(agentHello({ flags: 0 })), first('agent'), 'fin-missing', 5],
  ['ABORT without FIN', bytes(begin!, unset({ flags: FrameFlag.Abort })), fromHaproxy, 'fin-missing', 5],
  ['an ACK with ABORT', bytes(ack({ flags: 3 })), fromAgent, 'abort-without-fragments', 5],
  ['reserved flags', bytes(ack({ flags: 5 })), fromAgent, 'reserved-flags', 5],
  ['a HELLO with a stream-id', bytes(haproxyHello({ streamId: 1 })), first('haproxy'), 'ids-not-zero', 9],
  ['a DISCONNECT with a frame-id', bytes(agentDisconnect({ frameId: 1 })), fromAgent, 'ids-not-zero', 9],
  [
    'flags of typed data',
    bytes(ack().setVar('txn', 'x', data.withFlags(data.string('y'), 1))),
    fromAgent,
    'typed-data-flags',
    16,
  ],

  ['a NOTIFY before the HELLO', bytes(notify().message('m')), first('haproxy'), 'hello-not-first', 4],
  ['an ACK before the HELLO', bytes(ack()), first('agent'), 'hello-not-first', 4],
  ['a second HELLO', bytes(hello, hello), first('haproxy'), 'hello-twice', 4],
  ['an ACK after the DISCONNECT', bytes(agentDisconnect(), ack()), fromAgent, 'after-disconnect', 4],
  [
    'a NOTIFY after a health check',
    bytes(haproxyHello({ healthcheck: true }), notify().message('m')),
    first('haproxy'),
    'after-healthcheck',
    4,
  ],

  ['no supported-versions', bytes(haproxyHello({ supportedVersions: null })), first('haproxy'), 'version-missing', 55],
  ['no version', bytes(agentHello({ version: null })), first('agent'), 'version-missing', 55],
  ['version 2', bytes(agentHello({ version: '2' })), first('agent'), 'version-format', 19],
  ['version 1.0', bytes(agentHello({ version: '1.0' })), first('agent'), 'version-unsupported', 19],
  [
    'supported-versions 1.5',
    bytes(haproxyHello({ supportedVersions: '1.5' })),
    first('haproxy'),
    'version-unsupported',
    30,
  ],
  ['no max-frame-size', bytes(agentHello({ maxFrameSize: null })), first('agent'), 'max-frame-size-missing', 49],
  ['max-frame-size 255', bytes(agentHello({ maxFrameSize: 255 })), first('agent'), 'max-frame-size-range', 39],
  ['max-frame-size 16381', bytes(agentHello({ maxFrameSize: 16_381 })), first('agent'), 'max-frame-size-range', 39],
  [
    'max-frame-size as INT64',
    bytes(agentHello({ maxFrameSize: null }).item('max-frame-size', 1000)),
    first('agent'),
    'max-frame-size-type',
    64,
  ],
  ['no capabilities', bytes(agentHello({ capabilities: null })), first('agent'), 'capabilities-missing', 43],
  ['capability async', bytes(agentHello({ capabilities: 'pipelining, async' })), first('agent'), 'async-announced', 56],
  [
    'a HELLO above its own limit',
    bytes(haproxyHello({ maxFrameSize: 256, engineId: 'x'.repeat(300) })),
    first('haproxy'),
    'hello-above-own-limit',
    0,
  ],
  ['no status-code', bytes(agentDisconnect({ statusCode: null })), fromAgent, 'status-code-missing', 27],
  ['status code 100', bytes(agentDisconnect({ statusCode: 100 })), fromAgent, 'status-code-above-99', 23],
  ['no message', bytes(agentDisconnect({ message: null })), fromAgent, 'message-missing', 25],
  [
    'a version as BINARY',
    bytes(agentHello({ version: null }).item('version', data.binary('2.0'))),
    first('agent'),
    'item-type',
    63,
  ],
  [
    'a max-frame-size as STRING',
    bytes(agentHello({ maxFrameSize: null }).item('max-frame-size', '1000')),
    first('agent'),
    'item-type',
    64,
  ],
  ['an item without name', bytes(answer.item('', null)), first('agent'), 'item-name-empty', 68],
  [
    'an item that HAProxy takes for another',
    bytes(answer.item('version-info', 'x')),
    first('agent'),
    'item-name-prefix',
    68,
  ],
  ['an item twice', bytes(answer.item('version', '2.0')), first('agent'), 'item-twice', 68],

  ['a NOTIFY without messages', bytes(notify()), fromHaproxy, 'notify-without-messages', 11],
  ['fragments of HAProxy 3.1', bytes(begin!, end!), { ...fromHaproxy, haproxy: '3.1' }, 'fragment-deprecated', 5],
  ['a continuation of nothing', bytes(unset({})), fromHaproxy, 'fragment-not-begun', 4],
  ['another NOTIFY in fragments', bytes(begin!, other!), fromHaproxy, 'fragments-interlaced', 4],
  ['a fragment of another NOTIFY', bytes(begin!, unset({ streamId: 2 })), fromHaproxy, 'fragments-interlaced', 9],
  [
    'a NOTIFY between fragments',
    bytes(begin!, notify({ streamId: 2 }).message('m')),
    fromHaproxy,
    'fragments-interlaced',
    4,
  ],

  ['an empty ACK for HAProxy 3.1', bytes(ack()), { ...fromAgent, haproxy: '3.1' }, 'ack-empty', 11],
  [
    'an ACK of 16380 bytes for HAProxy 3.2',
    bytes(ack().setVar('txn', 'x', data.binary(new Uint8Array(16_364)))),
    { ...fromAgent, haproxy: '3.2' },
    'ack-fills-buffer',
    0,
  ],
  ['a variable without name', bytes(ack().unsetVar('txn', '')), fromAgent, 'variable-name-empty', 14],
  ['a variable with a hyphen', bytes(ack().setVar('txn', 'ip-score', 1)), fromAgent, 'variable-name-characters', 14],
  [
    'a name that leaves no room for a prefix',
    bytes(ack().setVar('sess', longName, 1)),
    fromAgent,
    'variable-name-too-long',
    14,
  ],
  [
    'a name that the prefix makes too long',
    bytes(ack().setVar('txn', 'n'.repeat(40), 1)),
    { ...fromAgent, variablePrefix: 'a_very_long_engine' + '_x'.repeat(1) },
    'variable-name-too-long',
    14,
  ],
  [
    'a UINT64 of 2^63',
    bytes(ack().setVar('txn', 'x', data.uint64(2n ** 63n))),
    fromAgent,
    'integer-turns-negative',
    16,
  ],
];

describe('validate', () => {
  it.each(cases)('finds %s', (_, input, options, rule, offset) => {
    const violations = validate(input, options);
    expect(violations.map((violation) => [violation.rule, violation.frameOffset])).toContainEqual([rule, offset]);
    const one = violations.find((violation) => violation.rule === rule)!;
    const [severity, code] = severities[rule];
    expect(one).toMatchObject({ severity, code, from: options.from });
    expect(one.source).toMatch(/^(SPOE\.txt §|HAProxy )/);
    // These bytes break no other rule, except a limit in some cases.
    expect(new Set(violations.map((violation) => violation.rule)).size).toBeLessThanOrEqual(2);
  });

  it.each([
    ['a HAPROXY-HELLO', bytes(hello), first('haproxy')],
    ['an AGENT-HELLO', bytes(answer), first('agent')],
    ['an AGENT-DISCONNECT instead of the AGENT-HELLO', bytes(agentDisconnect({ statusCode: 8 })), first('agent')],
    ['a version with spaces', bytes(agentHello({ version: ' 2.0 ' })), first('agent')],
    ['max-frame-size 256', bytes(agentHello({ maxFrameSize: 256 })), first('agent')],
    ['an ACK of the byte 00', bytes(ack().raw('00')), { ...fromAgent, haproxy: '3.1' }],
    [
      'an ACK of 16379 bytes',
      bytes(ack().setVar('txn', 'x', data.binary(new Uint8Array(16_363)))),
      { ...fromAgent, haproxy: '3.2' },
    ],
    [
      'a variable name of 63 bytes with its prefix',
      bytes(ack().setVar('txn', 'n'.repeat(52), 1)),
      { ...fromAgent, variablePrefix: 'engine' },
    ],
    ['fragments of HAProxy 3.0', bytes(begin!, end!), { ...fromHaproxy, haproxy: '3.0' }],
    ['an aborted NOTIFY and the next', bytes(begin!, unset({ flags: 3 }), notify().message('m')), fromHaproxy],
    ['a negative INT64', bytes(ack().setVar('txn', 'x', data.int64(-1))), fromAgent],
    ['an unknown item', bytes(answer.item('x-own', data.bool(true))), first('agent')],
  ] as const)('finds nothing wrong with %s', (_, input, options) => {
    expect(formatViolations(validate(input, options))).toBe('');
  });

  it('finds everything at once, also after unreadable bytes', () => {
    const input = bytes(
      ack()
        .setVar(9, 'a-b', data.raw('02 f0 f1 fe fe 3e'))
        .setVar('txn', '', data.uint64(2n ** 63n))
        .raw('07'),
      ack({ flags: 0 }).unsetVar('txn', 'c d'),
    );
    expect(found(validate(input, fromAgent))).toEqual([
      ['invalid-action', 1, 13],
      ['variable-name-characters', 1, 14],
      ['integer-range', 1, 18],
      ['variable-name-empty', 1, 27],
      ['integer-turns-negative', 1, 28],
      ['invalid-action', 1, 39],
      ['fin-missing', 2, 5],
      ['variable-name-characters', 2, 14],
    ]);
  });

  it('counts offsets from the first byte of the sender, and from the frame', () => {
    const input = bytes(ack(), ack().unsetVar('txn', ''));
    expect(validate(input, fromAgent)).toMatchObject([{ frame: 2, offset: 25, frameOffset: 14 }]);
  });

  it('compares a HAPROXY-HELLO with no limit, if it offers none that is a number', () => {
    const input = bytes(haproxyHello({ maxFrameSize: null }).item('max-frame-size', 'x'.repeat(300)));
    expect(found(validate(input, first('haproxy'))).map(([rule]) => rule)).toEqual(['item-type']);
  });

  it('knows a rule for each error of a reader, and none for those of callers', () => {
    expect(readerRule('SPOP_TRUNCATED')).toBe('truncated');
    expect(() => readerRule('SPOP_MISUSE')).toThrow(new TypeError('no rule has the code SPOP_MISUSE'));
  });

  it('reports a BOOL that HAProxy reads as false', () => {
    const [violation] = validate(bytes(ack().setVar('txn', 'x', data.raw('31'))), fromAgent);
    expect(violation).toMatchObject({
      rule: 'typed-data-flags',
      message: expect.stringContaining('HAProxy reads') as string,
    });
  });
});

const sessions: readonly [
  label: string,
  writes: readonly Write[],
  options: SessionOptions,
  expected: readonly RuleId[],
][] = [
  ['an AGENT-HELLO that nobody asked for', [agentSays(answer), haproxySays(hello)], {}, ['agent-hello-unasked']],
  [
    'a NOTIFY before the AGENT-HELLO',
    [haproxySays(hello, asks(1)), agentSays(answer, ack())],
    {},
    ['notify-before-agent-hello'],
  ],
  ['an ACK for nothing', [...handshake(), agentSays(ack())], {}, ['ack-unknown']],
  ['an ACK twice', [...handshake(), haproxySays(notify().message('m')), agentSays(ack(), ack())], {}, ['ack-twice']],
  ['ids that are in use', [...handshake('pipelining'), haproxySays(asks(1), asks(1))], {}, ['ids-in-use']],
  [
    'ids that are used again',
    [...handshake(), haproxySays(asks(1)), agentSays(ack()), haproxySays(asks(1)), agentSays(ack())],
    {},
    [],
  ],
  ['two NOTIFYs without pipelining', [...handshake(''), haproxySays(asks(1), asks(3))], {}, ['too-many-in-flight']],
  [
    '21 NOTIFYs with pipelining',
    [...handshake('pipelining'), ...Array.from({ length: 21 }, (_, index) => haproxySays(asks(index)))],
    {},
    ['too-many-in-flight'],
  ],
  [
    'fragments that were not announced',
    [...handshake('pipelining'), haproxySays(begin!, end!)],
    {},
    ['fragment-not-announced'],
  ],
  [
    'fragments that were announced',
    [...handshake('fragmentation'), haproxySays(begin!, end!), agentSays(ack())],
    {},
    [],
  ],
  [
    'an ACK in a health check',
    [haproxySays(haproxyHello({ healthcheck: true })), agentSays(answer, ack())],
    {},
    ['after-healthcheck', 'ack-unknown'],
  ],
  [
    'an AGENT-HELLO above the offer',
    [haproxySays(haproxyHello({ maxFrameSize: 4096 })), agentSays(agentHello({ maxFrameSize: 4097 }))],
    {},
    ['max-frame-size-range'],
  ],
  [
    'a NOTIFY above the agreed size',
    [...handshake('', 256), haproxySays(notify().message('m', { a: new Uint8Array(300) }))],
    {},
    ['frame-too-big'],
  ],
  [
    'the same of HAProxy 3.1, which ignores it',
    [...handshake('', 256), haproxySays(notify().message('m', { a: new Uint8Array(300) }))],
    { haproxy: '3.1' },
    [],
  ],
  [
    'an AGENT-HELLO in two writes',
    [haproxySays(hello), ...inTwo('agent', answer, 20)],
    { haproxy: '3.2' },
    ['agent-hello-split'],
  ],
  ['the same for HAProxy 3.0', [haproxySays(hello), ...inTwo('agent', answer, 20)], { haproxy: '3.0' }, []],
  [
    'the same if pushes are no writes',
    [haproxySays(hello), ...inTwo('agent', answer, 20)],
    { haproxy: '3.2', areWholeWrites: false },
    [],
  ],
  [
    'an ACK cut inside its ids',
    [...handshake(), haproxySays(asks(1)), ...inTwo('agent', ack().unsetVar('txn', 'x'), 10)],
    { haproxy: '3.1' },
    ['ack-header-split'],
  ],
  [
    'an ACK cut after its ids',
    [...handshake(), haproxySays(asks(1)), ...inTwo('agent', ack().unsetVar('txn', 'x'), 11)],
    { haproxy: '3.1' },
    [],
  ],
  [
    'a whole session',
    [
      ...handshake(),
      haproxySays(asks(1)),
      agentSays(ack()),
      haproxySays(haproxyDisconnect()),
      agentSays(agentDisconnect()),
    ],
    { haproxy: '3.0' },
    [],
  ],
];

function agentSays(...frames: BytesInput[]): Write {
  return { from: 'agent', bytes: bytes(...frames) };
}
function haproxySays(...frames: BytesInput[]): Write {
  return { from: 'haproxy', bytes: bytes(...frames) };
}
function handshake(capabilities: string = 'pipelining', maxFrameSize: number = 16_380): Write[] {
  return [haproxySays(haproxyHello()), agentSays(agentHello({ capabilities, maxFrameSize }))];
}
function asks(streamId: number): BytesInput {
  return notify({ streamId }).message('m');
}
function inTwo(from: 'agent', whole: BytesInput, place: number): Write[] {
  const all = bytesOf(whole);
  return [
    { from, bytes: all.slice(0, place) },
    { from, bytes: all.slice(place) },
  ];
}

describe('validateSession', () => {
  it.each(sessions)('judges %s', (_, writes, options, expected) => {
    expect(validateSession(writes, options).map(({ rule }) => rule)).toEqual(expected);
  });

  it('warns of 16384 bytes at once to HAProxy 3.1 and later', () => {
    const big = ack().setVar('txn', 'x', data.binary(new Uint8Array(9000)));
    const writes = [...handshake(), haproxySays(asks(1), asks(3)), agentSays(big, bytesOf(big))];
    expect(validateSession(writes, { haproxy: '3.2' }).map(({ rule }) => rule)).toContain('agent-bytes-at-once');
    expect(validateSession(writes, { haproxy: '3.0' }).map(({ rule }) => rule)).not.toContain('agent-bytes-at-once');
  });

  it('reports nothing uncertain after an unreadable frame', () => {
    const writes = [...handshake(), haproxySays(notify().raw('ff')), agentSays(ack({ streamId: 5 }))];
    expect(validateSession(writes).map(({ rule }) => rule)).toEqual(['truncated']);
  });
});

describe('every rule', () => {
  it('has the severity of its consequence, and the code of a strict reader', () => {
    const entries = Object.entries(rules).map(([rule, { severity, code }]) => [
      rule,
      code === undefined ? [severity] : [severity, code],
    ]);
    expect(Object.fromEntries(entries)).toEqual(severities);
  });

  it('is broken by one of these cases', () => {
    const broken = new Set<RuleId>([
      ...cases.map(([, , , rule]) => rule),
      ...sessions.flatMap(([, , , expected]) => expected),
      'agent-bytes-at-once',
    ]);
    expect([...broken].toSorted()).toEqual(Object.keys(rules).toSorted());
  });
});

describe('captures of real HAProxy', () => {
  const lines = { '2.6.12': '2.6', '3.1.0': '3.1', '3.2.26': '3.2', '3.4.0': '3.2' } as const;

  it.each(readCaptures().map((capture) => [capture.label, capture] as const))('%s breaks no rule', (_, capture) => {
    const line = lines[capture.release as keyof typeof lines];
    expect(formatViolations(validate(capture.bytes, { from: 'haproxy', haproxy: line }))).toBe('');
  });
});
