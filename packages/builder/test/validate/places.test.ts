import { describe, expect, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  type BytesInput,
  data,
  formatViolations,
  fragment,
  fromHex,
  haproxyDisconnect,
  haproxyHello,
  notify,
  rules,
  type SessionOptions,
  SessionValidator,
  validate,
  type ValidateOptions,
  type Violation,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { bytesOf } from '../../src/read/parse.ts';

function bytes(...frames: readonly BytesInput[]): Uint8Array {
  return concat(frames.map(bytesOf));
}

/** The bytes of a frame in two pieces, the second of this many bytes. */
function cut(frame: BytesInput, last: number): [Uint8Array, Uint8Array] {
  const whole = bytesOf(frame);
  return [whole.slice(0, -last), whole.slice(-last)];
}

function messages(violations: readonly Violation[]): string[] {
  return violations.map(({ rule, message }) => `${rule}: ${message}`);
}

const fromAgent: ValidateOptions = { from: 'agent', state: 'established' };
const fromHaproxy: ValidateOptions = { from: 'haproxy', state: 'established' };

describe('a violation', () => {
  it('has its frame, and its place from the first byte and from the frame’s', () => {
    const frames = bytes(ack(), ack().unsetVar('txn', 'a-b'), ack({ flags: 0 }));
    expect(
      validate(frames, fromAgent).map(({ rule, frame, offset, frameOffset }) => ({ rule, frame, offset, frameOffset })),
    ).toEqual([
      { rule: 'variable-name-characters', frame: 2, offset: 25, frameOffset: 14 },
      { rule: 'fin-missing', frame: 3, offset: 34, frameOffset: 5 },
    ]);
  });

  it.each([
    ['a part of a frame', ack().toBytes().slice(0, -2), 'expected a whole frame; found one without its last 2 bytes'],
    ['a part of its length', Uint8Array.of(0, 0, 0), 'expected a whole frame; found one without its last 1 bytes'],
  ])('of %s at the end counts what is missing', (_, rest, message) => {
    expect(validate(bytes(ack(), ack(), rest), fromAgent)).toEqual([
      expect.objectContaining({ rule: 'truncated', frame: 3, offset: 22, frameOffset: 0, message }),
    ]);
  });
});

describe('formatViolations', () => {
  it('has a line for each, with its place and source', () => {
    const found = validate(bytes(ack(), ack({ flags: 5 }).unsetVar('txn', '')), fromAgent);
    expect(formatViolations(found)).toBe(
      [
        `warning reserved-flags: expected flags of 0 to 3; found 5 (agent's frame 2, byte 16; ${rules['reserved-flags'].source})`,
        `error variable-name-empty: expected the name of a variable; found an empty one (agent's frame 2, byte 25; ${rules['variable-name-empty'].source})`,
      ].join('\n'),
    );
    expect(formatViolations([])).toBe('');
  });
});

describe('the message', () => {
  it.each<[text: string, input: BytesInput, options: ValidateOptions]>([
    ['wrong-direction: expected no NOTIFY from an agent; found one', notify().message('m'), fromAgent],
    ['wrong-direction: expected no ACK from HAProxy; found one', ack(), fromHaproxy],
    ['hello-not-first: expected AGENT-HELLO first; found ACK', ack(), { from: 'agent' }],
    ['hello-not-first: expected HAPROXY-HELLO first; found NOTIFY', notify().message('m'), { from: 'haproxy' }],
    [
      'hello-not-first: expected HAPROXY-HELLO first; found HAPROXY-DISCONNECT',
      haproxyDisconnect(),
      { from: 'haproxy' },
    ],
    [
      `variable-name-too-long: expected at most 63 bytes in "sess.<prefix>.${'n'.repeat(46)}"… (71 characters); found 64`,
      ack().unsetVar('sess', 'n'.repeat(57)),
      fromAgent,
    ],
    [
      `variable-name-too-long: expected at most 63 bytes in "sess.p.${'n'.repeat(53)}"… (64 characters); found 64`,
      ack().unsetVar('sess', 'n'.repeat(57)),
      { ...fromAgent, variablePrefix: 'p' },
    ],
    [
      'typed-data-flags: expected flags 0; found 2; HAProxy reads such a BOOL as false',
      ack().setVar('txn', 'x', data.withFlags(data.bool(true), 2)),
      fromAgent,
    ],
    [
      'typed-data-flags: expected flags 0; found 2',
      ack().setVar('txn', 'x', data.withFlags(data.int64(1), 2)),
      fromAgent,
    ],
  ])('is “%s”', (text, input, options) => {
    expect(messages(validate(input, options))).toEqual([text]);
  });

  it('for an ACK that fills HAProxy’s buffer says how long it may be', () => {
    const whole = ack().setVar('txn', 'x', new Uint8Array(300));
    const size = whole.toBytes().length - 4;
    expect(messages(validate(whole, { ...fromAgent, haproxy: '3.1', maxFrameSize: size }))).toEqual([
      `ack-fills-buffer: expected an ACK of at most ${size - 1} bytes; found ${size}`,
      `agent-bytes-at-once: expected less than ${size + 4} bytes at once; found ${size + 4}`,
    ]);
  });
});

describe('versions', () => {
  it.each([
    ['2.0', []],
    ['1.5, 2.0', []],
    ['2.10', []],
    ['2.1', []],
    ['12.0', ['version-unsupported']],
    ['', ['version-format']],
    [' , ', ['version-format']],
    ['2.0, 2', ['version-format']],
    ['2.0x', ['version-format']],
    ['x2.0', ['version-format']],
  ])('that HAProxy supports may be %j, or not', (supportedVersions, broken) => {
    const found = validate(haproxyHello({ supportedVersions }), { from: 'haproxy' });
    expect(found.map(({ rule }) => rule)).toEqual(broken);
  });

  it.each([
    ['2.0', []],
    [' 2.0 ', []],
    ['2.1', ['version-unsupported']],
    ['2.0, 2.0', ['version-format']],
    ['', ['version-format']],
  ])('of an agent may be %j, or not', (version, broken) => {
    expect(validate(agentHello({ version }), { from: 'agent' }).map(({ rule }) => rule)).toEqual(broken);
  });
});

describe('capabilities', () => {
  it('may be async for HAProxy, and have one type', () => {
    const hello = haproxyHello({ capabilities: 'pipelining,async' });
    expect(validate(hello, { from: 'haproxy' })).toEqual([]);
    const answer = agentHello({ capabilities: null }).item('capabilities', data.binary('async'));
    expect(messages(validate(answer, { from: 'agent' }))).toEqual([
      'item-type: expected type string for item capabilities; found binary',
    ]);
  });
});

describe('pieces', () => {
  const options: SessionOptions = { state: 'established', haproxy: '3.1' };

  it('of frames that come one after the other break no rule', () => {
    const validator = new SessionValidator({ state: 'established' });
    const [begin, end] = cut(ack().unsetVar('txn', 'x'), 3);
    expect(validator.push('agent', bytes(ack(), begin))).toEqual([]);
    expect(validator.push('agent', end)).toEqual([]);
    expect(validator.end()).toEqual([]);
  });

  it('of a frame as long as agreed break no rule', () => {
    const whole = notify().message('m', { a: new Uint8Array(300) });
    const maxFrameSize = whole.toBytes().length - 4;
    const [begin, end] = cut(whole, 1);
    const validator = new SessionValidator({ state: 'established', maxFrameSize });
    expect([...validator.push('haproxy', begin), ...validator.push('haproxy', end)]).toEqual([]);
  });

  it.each([1, 4, 200, 300])('of a longer one break one rule, if its last %i bytes come later too', (last) => {
    const whole = notify().message('m', { a: new Uint8Array(300) });
    const [begin, end] = cut(whole, last);
    const short = new SessionValidator({ state: 'established', maxFrameSize: whole.toBytes().length - 5 });
    expect(short.push('haproxy', begin).map(({ rule }) => rule)).toEqual(['frame-too-big']);
    expect([...short.push('haproxy', end), ...short.end()]).toEqual([]);
  });

  it.each<[label: string, whole: BytesInput, within: number, options: SessionOptions, broken: string[]]>([
    ['an ACK with its ids', ack().unsetVar('txn', 'x'), 5, options, []],
    ['an ACK without its frame-id', ack(), 1, options, ['ack-header-split']],
    ['an ACK whose stream-id is f0 00', ack({ streamId: 240 }), 1, options, ['ack-header-split']],
    ['an ACK whose stream-id is f0 80 00', ack({ streamId: 2_288 }), 1, options, ['ack-header-split']],
    ['an ACK whose frame-id is f0 00', ack({ frameId: 240 }), 1, options, ['ack-header-split']],
    ['an ACK without its type', ack(), 7, options, []],
    ['an ACK for HAProxy 3.2', ack(), 1, { ...options, haproxy: '3.2' }, ['ack-header-split']],
    ['an ACK for HAProxy 3.0', ack(), 1, { ...options, haproxy: '3.0' }, []],
    ['an ACK for any HAProxy', ack(), 1, { ...options, haproxy: undefined }, []],
    ['an ACK that TCP may have cut', ack(), 1, { ...options, areWholeWrites: false }, []],
    ['an AGENT-HELLO for HAProxy 3.1', agentHello(), 1, { haproxy: '3.1' }, []],
    ['an AGENT-HELLO for HAProxy 3.2', agentHello(), 1, { haproxy: '3.2' }, ['agent-hello-split']],
    ['an AGENT-DISCONNECT', agentDisconnect(), 1, { ...options, haproxy: '3.2' }, []],
  ])('of an agent: %s', (_, whole, last, facts, broken) => {
    const validator = new SessionValidator({ ...facts, onlySide: 'agent' });
    const [begin] = cut(whole, last);
    expect(validator.push('agent', begin).map(({ rule }) => rule)).toEqual(broken);
    // Another piece of the same frame breaks the rule no second time.
    expect(validator.push('agent', new Uint8Array(0))).toEqual([]);
  });

  it('of HAProxy are its own affair', () => {
    const validator = new SessionValidator({ state: 'established', haproxy: '3.1', onlySide: 'haproxy' });
    const [begin] = cut(ack(), 1);
    expect(validator.push('haproxy', begin)).toEqual([]);
  });

  it('are reported for each frame that is cut', () => {
    const validator = new SessionValidator({ ...options, onlySide: 'agent' });
    const [begin, end] = cut(ack(), 1);
    const found = [begin, bytes(end, begin), end].flatMap((piece) => validator.push('agent', piece));
    expect(found.map(({ rule, frame, offset }) => [rule, frame, offset])).toEqual([
      ['ack-header-split', 1, 0],
      ['ack-empty', 1, 11],
      ['ack-header-split', 2, 11],
      ['ack-empty', 2, 22],
    ]);
  });
});

describe('after a frame that cannot be read', () => {
  it.each<[label: string, frames: readonly BytesInput[], options: ValidateOptions]>([
    ['a HELLO counts as said', [haproxyHello().raw('05'), notify().message('m')], { from: 'haproxy' }],
    ['a HELLO of an agent counts as said', [agentHello().raw('05'), ack()], { from: 'agent' }],
    ['a HELLO may have had what seems missing', [haproxyHello({ capabilities: null }).raw('05')], { from: 'haproxy' }],
    ['a DISCONNECT does not', [agentDisconnect().raw('05'), ack()], fromAgent],
    ['a header counts as any frame', [fromHex('00000008 67 00000001 f0 80 80'), ack()], { from: 'agent' }],
  ])('%s', (_, frames, options) => {
    expect(validate(bytes(...frames), options).map(({ rule, frame }) => [rule, frame])).toEqual([['truncated', 1]]);
  });

  it('an AGENT-HELLO is not one that nobody asked for', () => {
    const validator = new SessionValidator();
    expect(validator.push('agent', agentHello().raw('05')).map(({ rule }) => rule)).toEqual(['truncated']);
  });
});

describe('a max-frame-size', () => {
  const asInt64 = (size: number): bigint => BigInt(size);

  it('of HAProxy counts in any integer type', () => {
    const validator = new SessionValidator();
    const hello = haproxyHello({ maxFrameSize: null }).item('max-frame-size', asInt64(300));
    expect(validator.push('haproxy', hello).map(({ rule }) => rule)).toEqual(['max-frame-size-type']);
    expect(messages(validator.push('agent', agentHello({ maxFrameSize: 301 })))).toEqual([
      'max-frame-size-range: expected a max-frame-size of 256 to 300 bytes; found 301',
    ]);
  });

  it('of an agent counts in any integer type', () => {
    const validator = new SessionValidator();
    validator.push('haproxy', haproxyHello());
    const hello = agentHello({ maxFrameSize: null }).item('max-frame-size', asInt64(300));
    expect(validator.push('agent', hello).map(({ rule }) => rule)).toEqual(['max-frame-size-type']);
    expect(messages(validator.push('haproxy', notify().message('m', { a: new Uint8Array(300) })))).toEqual([
      expect.stringMatching(/^frame-too-big: expected a frame of at most 300 bytes; found/),
    ]);
  });

  it('that is no integer, or none, leaves the one before', () => {
    for (const value of [data.string('300'), undefined]) {
      const validator = new SessionValidator();
      const bare = haproxyHello({ maxFrameSize: null });
      validator.push('haproxy', value === undefined ? bare : bare.item('max-frame-size', value));
      expect(validator.push('agent', agentHello({ maxFrameSize: 16_380 }))).toEqual([]);
      expect(validator.push('agent', ack()).map(({ rule }) => rule)).toEqual(['ack-unknown']);
    }
  });

  it('of a HAPROXY-HELLO is at least its own length', () => {
    const around = haproxyHello({ maxFrameSize: 300, engineId: '' }).toBytes().length - 4;
    const hello = (length: number): BytesInput =>
      haproxyHello({ maxFrameSize: 300, engineId: 'x'.repeat(length - around) });
    expect(validate(hello(300), { from: 'haproxy' })).toEqual([]);
    expect(messages(validate(hello(301), { from: 'haproxy' }))).toEqual([
      'hello-above-own-limit: expected a HAPROXY-HELLO of at most its own 300 bytes; found 301',
    ]);
  });
});

describe('fragments', () => {
  it.each([
    ['3.0', []],
    ['3.1', ['fragment-deprecated', 'fragment-deprecated']],
    ['3.2', ['fragment-deprecated', 'fragment-deprecated']],
  ] as const)('of HAProxy %s are usual, or not', (haproxy, broken) => {
    const frames = fragment(notify().message('m', { a: 'text' }), 8);
    expect(validate(bytes(...frames), { ...fromHaproxy, haproxy }).map(({ rule }) => rule)).toEqual(broken);
  });
});
