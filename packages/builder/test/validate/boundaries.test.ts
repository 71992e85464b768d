import { describe, expect, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  data,
  fragment,
  haproxyHello,
  notify,
  unset,
  validate,
  validateSession,
  type BytesInput,
  type RuleId,
  type SessionOptions,
  type Write,
} from '../../src/index.ts';
import { concat } from '../../src/data/text.ts';
import { bytesOf } from '../../src/read/parse.ts';

function says(from: 'agent' | 'haproxy', ...frames: readonly BytesInput[]): Write {
  return { from, bytes: concat(frames.map(bytesOf)) };
}

function asks(...streamIds: readonly number[]): Write {
  return says('haproxy', ...streamIds.map((streamId) => notify({ streamId }).message('m')));
}

function handshake(capabilities: string = 'pipelining', maxFrameSize: number = 16_380): Write[] {
  return [says('haproxy', haproxyHello()), says('agent', agentHello({ capabilities, maxFrameSize }))];
}

function broken(writes: readonly Write[], options: SessionOptions = {}): RuleId[] {
  return validateSession(writes, options).map(({ rule }) => rule);
}

/** The rules that bytes of one side break, in a connection after its HELLOs. */
function brokenBy(from: 'agent' | 'haproxy', input: BytesInput, options: SessionOptions = {}): RuleId[] {
  return validate(input, { from, state: 'established', ...options }).map(({ rule }) => rule);
}

/** An ACK of this many bytes, its length field included. */
function ackOf(size: number): BytesInput {
  const unfilled = ack().setVar('txn', 'x', data.binary(new Uint8Array(8_000)));
  return ack().setVar('txn', 'x', data.binary(new Uint8Array(8_000 + size - unfilled.toBytes().length)));
}

describe('NOTIFYs that wait for their ACKs', () => {
  it('are one without pipelining, and 20 with it', () => {
    expect(broken([...handshake(''), asks(1), says('agent', ack({ streamId: 1 })), asks(3)])).toEqual([]);
    expect(broken([...handshake(''), asks(1, 3)])).toEqual(['too-many-in-flight']);
    const twenty = Array.from({ length: 20 }, (_, i) => 2 * i + 1);
    expect(broken([...handshake(), asks(...twenty)])).toEqual([]);
    expect(broken([...handshake(), asks(...twenty), says('agent', ack({ streamId: 39 })), asks(41)])).toEqual([]);
    expect(broken([...handshake(), asks(...twenty, 41)])).toEqual(['too-many-in-flight']);
  });

  it('wait no longer if HAProxy gave them up', () => {
    const [begun] = fragment(notify().message('m', { a: 'text' }), 5);
    const givenUp = says('haproxy', begun!, unset({ flags: 3 }));
    expect(broken([...handshake('fragmentation'), givenUp, asks(3)])).toEqual([]);
    expect(broken([...handshake('fragmentation'), givenUp, says('agent', ack())])).toEqual(['ack-unknown']);
  });

  it('are distinguished by both ids', () => {
    expect(broken([...handshake(), asks(1), says('agent', ack({ frameId: 2 }))])).toEqual(['ack-unknown']);
    const second = says('haproxy', notify({ frameId: 2 }).message('m'));
    expect(broken([...handshake(), asks(1), second, says('agent', ack(), ack({ frameId: 2 }))])).toEqual([]);
  });
});

describe('an ACK', () => {
  it('that was sent already breaks a rule, until its ids are used again', () => {
    const once = [...handshake(), asks(1), says('agent', ack())];
    expect(broken([...once, says('agent', ack())])).toEqual(['ack-twice']);
    expect(broken([...once, asks(1), says('agent', ack())])).toEqual([]);
    expect(broken([...once, says('agent', ack({ streamId: 2 }))])).toEqual(['ack-unknown']);
  });

  it.each(['3.1', '3.2'] as const)('is shorter than the buffer of HAProxy %s', (haproxy) => {
    expect(brokenBy('agent', ackOf(16_383), { haproxy })).toEqual([]);
    expect(brokenBy('agent', ackOf(16_384), { haproxy })).toEqual(['ack-fills-buffer', 'agent-bytes-at-once']);
  });

  it('may fill the buffer of HAProxy 3.0', () => {
    expect(brokenBy('agent', ackOf(16_384), { haproxy: '3.0' })).toEqual([]);
  });

  it.each([
    ['one byte each', 1, 1, 11, 10],
    ['one byte each, from 128 on', 200, 239, 11, 10],
    ['two bytes and one', 300, 1, 12, 11],
    ['one byte and three', 1, 5_000, 13, 12],
    ['ten bytes each', 2n ** 64n - 1n, 2n ** 64n - 1n, 29, 28],
  ])('may be cut after its ids, and not within them: %s', (_, streamId, frameId, after, within) => {
    const whole = bytesOf(ack({ streamId, frameId }).unsetVar('txn', 'x'));
    const asked = says('haproxy', notify({ streamId, frameId }).message('m'));
    const cut = (at: number): RuleId[] =>
      broken([...handshake(), asked, says('agent', whole.slice(0, at)), says('agent', whole.slice(at))], {
        haproxy: '3.1',
      });
    expect(cut(after)).toEqual([]);
    expect(cut(within)).toEqual(['ack-header-split']);
  });

  it('is reported once as cut within its ids, for any number of pieces', () => {
    const pieces = Array.from(bytesOf(ack().unsetVar('txn', 'x')), (byte) => says('agent', Uint8Array.of(byte)));
    expect(broken([...handshake(), asks(1), ...pieces], { haproxy: '3.1' })).toEqual(['ack-header-split']);
  });
});

describe('one write of an agent', () => {
  it.each(['3.1', '3.2'] as const)('is smaller than the buffer of HAProxy %s, for any number of ACKs', (haproxy) => {
    const rest = bytesOf(ackOf(8_191));
    const writes = [...handshake(), asks(1, 1)];
    expect(broken([...writes, says('agent', ackOf(8_192), rest)], { haproxy })).toEqual(['ids-in-use']);
    expect(broken([...writes, says('agent', ackOf(8_193), rest)], { haproxy })).toEqual([
      'ids-in-use',
      'agent-bytes-at-once',
    ]);
  });
});

describe('a variable’s name', () => {
  it('has at most 63 bytes with its scope, and with the prefix if that is known', () => {
    const long = (length: number): BytesInput => ack().unsetVar('sess', 'n'.repeat(length));
    // `sess.` and at least `x.` count, too
    expect(brokenBy('agent', long(56))).toEqual([]);
    expect(brokenBy('agent', long(57))).toEqual(['variable-name-too-long']);
    // sess.prefix.
    expect(brokenBy('agent', long(51), { variablePrefix: 'prefix' })).toEqual([]);
    expect(brokenBy('agent', long(52), { variablePrefix: 'prefix' })).toEqual(['variable-name-too-long']);
  });

  it('has only letters, digits, underscores and dots', () => {
    expect(brokenBy('agent', ack().unsetVar('txn', 'azAZ09_.'))).toEqual([]);
    for (const character of ['-', '/', ':', '@', '[', '`', '{', ' ', 'é', '\0']) {
      expect(brokenBy('agent', ack().unsetVar('txn', `a${character}`))).toEqual(['variable-name-characters']);
    }
  });
});

describe('integers', () => {
  it('turn negative from 2^63 on, in any frame of the agent', () => {
    expect(brokenBy('agent', ack().setVar('txn', 'x', data.uint64(2n ** 63n - 1n)))).toEqual([]);
    expect(brokenBy('agent', ack().setVar('txn', 'x', data.uint64(2n ** 63n)))).toEqual(['integer-turns-negative']);
    expect(brokenBy('agent', ack().setVar('txn', 'x', data.int64(-1)))).toEqual([]);
  });

  it('of a status code are 0 to 99', () => {
    expect(brokenBy('agent', agentDisconnect({ statusCode: 99 }))).toEqual([]);
    expect(brokenBy('agent', agentDisconnect({ statusCode: 100 }))).toEqual(['status-code-above-99']);
  });

  it('of a max-frame-size are 256 to the offer', () => {
    const hello = (maxFrameSize: number): RuleId[] =>
      validate(agentHello({ maxFrameSize }), { from: 'agent' }).map(({ rule }) => rule);
    expect(hello(255)).toEqual(['max-frame-size-range']);
    expect(hello(256)).toEqual([]);
    expect(hello(16_380)).toEqual([]);
    expect(hello(16_381)).toEqual(['max-frame-size-range']);
  });
});

describe('frames', () => {
  it('are as long as agreed, and no byte longer', () => {
    const whole = notify().message('m', { a: new Uint8Array(300) });
    const size = whole.toBytes().length - 4;
    expect(broken([...handshake('', size), says('haproxy', whole)])).toEqual([]);
    expect(broken([...handshake('', size - 1), says('haproxy', whole)])).toEqual(['frame-too-big']);
  });

  it('go on after an unreadable one', () => {
    const unreadable = notify({ streamId: 1 }).raw('ff');
    const after = ack().setVar('txn', 'a-b', 1);
    expect(broken([...handshake(), says('haproxy', unreadable), says('agent', after)])).toEqual([
      'truncated',
      'variable-name-characters',
    ]);
  });

  it('end with the DISCONNECT of their side, not of the other', () => {
    const left = says('agent', agentDisconnect());
    expect(broken([...handshake(), asks(1), left, asks(3)])).toEqual([]);
    expect(broken([...handshake(), asks(1), left, says('agent', ack())])).toEqual(['after-disconnect']);
  });
});
