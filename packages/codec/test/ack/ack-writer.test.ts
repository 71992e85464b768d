import { describe, expect, it } from 'vitest';
import {
  AckWriter,
  ActionReader,
  type Actions,
  address,
  binary,
  bool,
  defineVariable,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  MessageSet,
  Notify,
  string,
  uint32,
  uint64,
} from '../../src/index.ts';
import {
  fault,
  firstOfSize,
  frameBytes,
  hex,
  message,
  notifyFrame,
  onlyFrame,
  text,
  thrown,
  toHex,
  valueOf,
  varint,
} from '../bytes.ts';

const CANARY = 0xee;
const LIMIT = 69_900;
const notify = notifyFrame([message('m')]);

const score = defineVariable('sess', 'score', int32);
const label = defineVariable('txn', 'label', string);
const scorePrefix = '010301 0573636f7265';
const labelPrefix = '010302 056c6162656c';

/** The frame of an ACK to `notify` with this payload. */
function ackOf(payload: string): string {
  return toHex(frameBytes(103, hex(payload), { streamId: 1n, frameId: 1n }));
}

function written(act: (ack: AckWriter) => void, position: number = 5): string {
  const bytes = Buffer.alloc(70_000, CANARY);
  const ack = new AckWriter();
  ack.beginAck(bytes, position, LIMIT, notify);
  act(ack);
  const end = ack.end();
  expect(bytes.subarray(0, position).every((byte) => byte === CANARY)).toBe(true);
  expect(bytes.subarray(LIMIT).every((byte) => byte === CANARY)).toBe(true);
  return toHex(bytes, position, end);
}

const v = {
  bool: defineVariable('proc', 'v', bool),
  integer: defineVariable('proc', 'v', integer),
  int32: defineVariable('proc', 'v', int32),
  uint32: defineVariable('proc', 'v', uint32),
  int64: defineVariable('proc', 'v', int64),
  uint64: defineVariable('proc', 'v', uint64),
  ipv4: defineVariable('proc', 'v', ipv4),
  ipv6: defineVariable('proc', 'v', ipv6),
  address: defineVariable('proc', 'v', address),
  string: defineVariable('proc', 'v', string),
  interned: defineVariable('proc', 'v', interned(string)),
  binary: defineVariable('proc', 'v', binary),
};
const prefix = '010300 0176';

function integerHex(type: number, value: bigint): string {
  return `0${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
}

const long = 'é'.repeat(200);
const SAFE = Number.MAX_SAFE_INTEGER;

/** A value, and the typed data that it must become. */
const values: [string, (ack: Actions) => void, string][] = [
  ['bool true', (ack) => ack.set(v.bool, true), '11'],
  ['bool false', (ack) => ack.set(v.bool, false), '01'],
  ['integer 0', (ack) => ack.set(v.integer, 0), '0400'],
  ['integer -0', (ack) => ack.set(v.integer, -0), '0400'],
  ['integer 239', (ack) => ack.set(v.integer, 239), '04ef'],
  ['integer 240', (ack) => ack.set(v.integer, 240), '04f000'],
  ['integer -1', (ack) => ack.set(v.integer, -1), '04fff0fefefefefefefe0e'],
  ['integer 2^31', (ack) => ack.set(v.integer, 2 ** 31), integerHex(4, 1n << 31n)],
  ['integer -2^31', (ack) => ack.set(v.integer, -(2 ** 31)), integerHex(4, -(1n << 31n))],
  ['integer -2^31 - 1', (ack) => ack.set(v.integer, -(2 ** 31) - 1), integerHex(4, -(1n << 31n) - 1n)],
  ['integer 2^32', (ack) => ack.set(v.integer, 2 ** 32), integerHex(4, 1n << 32n)],
  ['integer -2^32', (ack) => ack.set(v.integer, -(2 ** 32)), integerHex(4, -(1n << 32n))],
  ['integer 2^53 - 1', (ack) => ack.set(v.integer, SAFE), integerHex(4, BigInt(SAFE))],
  ['integer -(2^53 - 1)', (ack) => ack.set(v.integer, -SAFE), integerHex(4, -BigInt(SAFE))],
  ['int32 2^31 - 1', (ack) => ack.set(v.int32, 2 ** 31 - 1), integerHex(2, (1n << 31n) - 1n)],
  ['int32 -2^31', (ack) => ack.set(v.int32, -(2 ** 31)), integerHex(2, -(1n << 31n))],
  ['uint32 0', (ack) => ack.set(v.uint32, 0), '0300'],
  ['uint32 2^31', (ack) => ack.set(v.uint32, 2 ** 31), integerHex(3, 1n << 31n)],
  ['uint32 2^32 - 1', (ack) => ack.set(v.uint32, 2 ** 32 - 1), '03fff0fefe7e'],
  ['int64 -1 from a number', (ack) => ack.set(v.int64, -1), '04fff0fefefefefefefe0e'],
  ['int64 -1n', (ack) => ack.set(v.int64, -1n), '04fff0fefefefefefefe0e'],
  ['int64 -2^63', (ack) => ack.set(v.int64, -(1n << 63n)), '04f0f1fefefefefefefe06'],
  ['int64 2^63 - 1', (ack) => ack.set(v.int64, (1n << 63n) - 1n), integerHex(4, (1n << 63n) - 1n)],
  ['uint64 0n', (ack) => ack.set(v.uint64, 0n), '0500'],
  ['uint64 2^53 - 1 from a number', (ack) => ack.set(v.uint64, SAFE), integerHex(5, BigInt(SAFE))],
  ['uint64 2^63', (ack) => ack.set(v.uint64, 1n << 63n), integerHex(5, 1n << 63n)],
  ['uint64 2^64 - 1', (ack) => ack.set(v.uint64, (1n << 64n) - 1n), '05fff0fefefefefefefe0e'],
  ['ipv4 from text', (ack) => ack.set(v.ipv4, '192.0.2.1'), '06c0000201'],
  ['ipv4 from bytes', (ack) => ack.set(v.ipv4, Uint8Array.of(192, 0, 2, 1)), '06c0000201'],
  ['ipv6 from text', (ack) => ack.set(v.ipv6, '2001:db8::1'), '0720010db8000000000000000000000001'],
  ['ipv6 from bytes', (ack) => ack.set(v.ipv6, new Uint8Array(16)), `07${'00'.repeat(16)}`],
  ['address from text of either family', (ack) => ack.set(v.address, '10.0.0.1'), '060a000001'],
  ['address from IPv6 text', (ack) => ack.set(v.address, '::ffff:10.0.0.1'), '0700000000000000000000ffff0a000001'],
  ['address from a view', (ack) => ack.set(v.address, valueOf('06c0000201')), '06c0000201'],
  ['address from four bytes', (ack) => ack.set(v.address, hex('7f000001')), '067f000001'],
  ['string, empty', (ack) => ack.set(v.string, ''), '0800'],
  ['string of ASCII', (ack) => ack.set(v.string, 'GET'), '0803474554'],
  ['string with all lengths of UTF-8', (ack) => ack.set(v.string, 'aé€😀'), '080a61c3a9e282acf09f9880'],
  ['string with a lone surrogate', (ack) => ack.set(v.string, 'a\ud83d'), '080461efbfbd'],
  ['string of 24 characters', (ack) => ack.set(v.string, 'x'.repeat(24)), `0818${'78'.repeat(24)}`],
  ['string of 25 characters', (ack) => ack.set(v.string, 'x'.repeat(25)), `0819${'78'.repeat(25)}`],
  ['string of 79 characters of three bytes', (ack) => ack.set(v.string, '€'.repeat(79)), `08ed${'e282ac'.repeat(79)}`],
  [
    'string of 80 characters of three bytes',
    (ack) => ack.set(v.string, '€'.repeat(80)),
    `08f000${'e282ac'.repeat(80)}`,
  ],
  ['string of 239 bytes', (ack) => ack.set(v.string, 'x'.repeat(239)), `08ef${'78'.repeat(239)}`],
  ['string of 240 bytes', (ack) => ack.set(v.string, 'x'.repeat(240)), `08f000${'78'.repeat(240)}`],
  ['string of 2287 bytes', (ack) => ack.set(v.string, 'x'.repeat(2287)), `08ff7f${'78'.repeat(2287)}`],
  ['string of 2288 bytes', (ack) => ack.set(v.string, 'x'.repeat(2288)), `08f08000${'78'.repeat(2288)}`],
  ['string of 400 bytes of UTF-8', (ack) => ack.set(v.string, long), `08${toHex(text(long))}`],
  ['string from bytes', (ack) => ack.set(v.string, hex('61ff')), '080261ff'],
  ['string from a view of a STRING', (ack) => ack.set(v.string, valueOf('0803616263')), '0803616263'],
  ['string from a view of a BINARY', (ack) => ack.set(v.string, valueOf('0903616263')), '0803616263'],
  ['interned, as STRING', (ack) => ack.set(v.interned, 'GET'), '0803474554'],
  ['binary, empty', (ack) => ack.set(v.binary, hex('')), '0900'],
  ['binary from bytes', (ack) => ack.set(v.binary, hex('00ff80')), '090300ff80'],
  ['binary from text', (ack) => ack.set(v.binary, 'é'), '0902c3a9'],
  ['binary from a view', (ack) => ack.set(v.binary, valueOf('090300ff80')), '090300ff80'],
  ['binary of 240 bytes', (ack) => ack.set(v.binary, Buffer.alloc(240, 1)), `09f000${'01'.repeat(240)}`],
  ['NULL', (ack) => ack.setNull(v.string), '00'],
];

describe('AckWriter.set', () => {
  it.each(values)('writes %s', (_, act, digits) => {
    expect(written(act)).toBe(ackOf(prefix + digits));
  });

  it('writes actions that the ActionReader reads', () => {
    for (const [name, act, digits] of values) {
      const actions = new ActionReader();
      actions.read(onlyFrame(hex(written(act))));
      expect([name, actions.next(), actions.type, actions.scope, actions.name.toString()]).toEqual([
        name,
        true,
        1,
        'proc',
        'v',
      ]);
      expect([name, actions.value.type, actions.next()]).toEqual([name, Number.parseInt(digits[1]!, 16), false]);
    }
  });

  it('writes every scope', () => {
    for (const [number, scope] of (['proc', 'sess', 'txn', 'req', 'res'] as const).entries()) {
      const variable = defineVariable(scope, 'x', bool);
      expect(written((ack) => ack.set(variable, true))).toBe(ackOf(`01030${number} 0178 11`));
      expect(written((ack) => ack.unset(variable))).toBe(ackOf(`02020${number} 0178`));
    }
  });

  it('writes names of every length', () => {
    for (let length = 1; length <= 56; length++) {
      const name = 'n'.repeat(length);
      const digits = toHex(text(name));
      const variable = defineVariable('req', name, bool);
      expect(written((ack) => ack.set(variable, true).unset(variable))).toBe(
        ackOf(`010303${digits}11 020203${digits}`),
      );
    }
  });

  it('writes actions in order, and returns itself for the next', () => {
    expect(written((ack) => ack.set(score, 100).set(label, 'bot').unset(score).setNull(label))).toBe(
      ackOf(`${scorePrefix} 0264 ${labelPrefix} 0803626f74 020201 0573636f7265 ${labelPrefix} 00`),
    );
  });
});

/** Calls that the types forbid, but JavaScript permits. */
const invalid: [string, (set: (variable: unknown, value: unknown) => void) => void][] = [
  ['bool from 1', (set) => set(v.bool, 1)],
  ['bool from undefined', (set) => set(v.bool, undefined)],
  ['integer from text', (set) => set(v.integer, '1')],
  ['integer from 1.5', (set) => set(v.integer, 1.5)],
  ['integer from NaN', (set) => set(v.integer, NaN)],
  ['integer from Infinity', (set) => set(v.integer, Infinity)],
  ['integer from 2^53', (set) => set(v.integer, SAFE + 1)],
  ['integer from -2^53', (set) => set(v.integer, -SAFE - 1)],
  ['integer from a bigint', (set) => set(v.integer, 1n)],
  ['integer from null', (set) => set(v.integer, null)],
  ['int32 from 2^31', (set) => set(v.int32, 2 ** 31)],
  ['int32 from -2^31 - 1', (set) => set(v.int32, -(2 ** 31) - 1)],
  ['int32 from 0.5', (set) => set(v.int32, 0.5)],
  ['uint32 from -1', (set) => set(v.uint32, -1)],
  ['uint32 from 2^32', (set) => set(v.uint32, 2 ** 32)],
  ['int64 from 2^63', (set) => set(v.int64, 1n << 63n)],
  ['int64 from -2^63 - 1', (set) => set(v.int64, -(1n << 63n) - 1n)],
  ['int64 from 2^64', (set) => set(v.int64, 1n << 64n)],
  ['int64 from 2^53 as a number', (set) => set(v.int64, SAFE + 1)],
  ['uint64 from -1', (set) => set(v.uint64, -1)],
  ['uint64 from -1n', (set) => set(v.uint64, -1n)],
  ['uint64 from 2^64', (set) => set(v.uint64, 1n << 64n)],
  ['uint64 from text', (set) => set(v.uint64, '1')],
  ['ipv4 from IPv6 text', (set) => set(v.ipv4, '::1')],
  ['ipv4 from 16 bytes', (set) => set(v.ipv4, new Uint8Array(16))],
  ['ipv6 from IPv4 text', (set) => set(v.ipv6, '127.0.0.1')],
  ['ipv6 from four bytes', (set) => set(v.ipv6, new Uint8Array(4))],
  ['address from a name', (set) => set(v.address, 'localhost')],
  ['address from the empty text', (set) => set(v.address, '')],
  ['address from five bytes', (set) => set(v.address, new Uint8Array(5))],
  ['address from a number', (set) => set(v.address, 0x7f000001)],
  ['address from a STRING of four bytes', (set) => set(v.address, valueOf('0861626364'.replace('08', '0804')))],
  ['string from a number', (set) => set(v.string, 1)],
  ['string from null', (set) => set(v.string, null)],
  ['string from an array', (set) => set(v.string, ['a'])],
  ['string from an object without a prototype', (set) => set(v.string, Object.create(null))],
  ['string from a symbol', (set) => set(v.string, Symbol('s'))],
  ['string from an address, whose text is wanted', (set) => set(v.string, valueOf('06c0000201'))],
  ['binary from an integer', (set) => set(v.binary, valueOf('042a'))],
  ['binary from an ArrayBuffer', (set) => set(v.binary, new ArrayBuffer(4))],
];

describe('AckWriter.set with a value that its type cannot hold', () => {
  it.each(invalid)('refuses %s, and writes nothing', (_, act) => {
    expect(
      written((ack) => {
        ack.set(score, 1);
        const set = ack.set.bind(ack) as (variable: unknown, value: unknown) => void;
        const error = thrown(() => act(set));
        expect([error.code, error.status, error.offset]).toEqual(['SPOP_INVALID_VALUE', undefined, -1]);
        expect(error.reason).toMatch(/^expected .+; found .+ \(variable \w+\.\w+\)$/);
        expect(error.message.length).toBeLessThan(300);
      }),
    ).toBe(ackOf(`${scorePrefix} 0201`));
  });

  it('names the variable, and shows a text of a peer cut and escaped', () => {
    const evil = '\u001b[2J\u009b\u202e\nforged '.repeat(50);
    const ip = defineVariable('sess', 'client.ip', address);
    written((ack) => {
      const { reason } = thrown(() => ack.set(ip, evil));
      expect(reason).toMatch(
        /^expected an IPv4 or IPv6 address as text, .*; found string "\\u001b\[2J\\u009b\\u202e\\nforged /,
      );
      expect(reason).toMatch(/…" \(variable sess\.client\.ip\)$/);
    });
    const late = new AckWriter();
    expect(thrown(() => late.set(ip, '::1')).reason).toMatch(/; found a later one \(variable sess\.client\.ip\)$/);
    expect(thrown(() => late.unset(ip)).reason).toMatch(/ \(variable sess\.client\.ip\)$/);
    expect(thrown(() => late.setNull(ip)).reason).toMatch(/ \(variable sess\.client\.ip\)$/);
  });

  it('escapes the text of a view, too', () => {
    const ip = defineVariable('sess', 'ip', address);
    written((ack) => {
      const { reason } = thrown(() => ack.set(ip, valueOf('08041b5b324a')));
      expect(reason).toBe(
        String.raw`expected an IPv4 or IPv6 address as text, as bytes or as a view; found object "\u001b[2J" (variable sess.ip)`,
      );
    });
  });

  it('passes on errors of a value itself', () => {
    // This object is no typed array when its length is read.
    const view = new Proxy(new Uint8Array(4), {});
    written((ack) => {
      expect(() => ack.set(label, view)).toThrow(TypeError);
    });
  });

  it('refuses a view that is closed', () => {
    const list = valueOf('0803616263');
    const late = new Notify(new MessageSet([]));
    late.read(notifyFrame([message('m', [['a', '0803616263']])]));
    const walk = late.walk();
    walk.next();
    walk.nextArgument();
    late.close();
    expect(
      written((ack) => {
        expect(thrown(() => ack.set(label, walk.value)).code).toBe('SPOP_VIEW_CLOSED');
        ack.set(label, list);
      }),
    ).toBe(ackOf(`${labelPrefix} 0803616263`));
  });
});

describe('AckWriter.end', () => {
  it('gives an ACK without actions a payload of one byte 00', () => {
    expect(written(() => undefined)).toBe(ackOf('00'));
    expect(written((ack) => ack.set(score, 1).reset())).toBe(ackOf('00'));
  });

  it('fills in the length of a frame above 2^16 bytes', () => {
    const value = Buffer.alloc(66_000, 7);
    expect(written((ack) => ack.set(v.binary, value))).toBe(
      ackOf(`${prefix} 09${toHex(varint(66_000n))}${toHex(value)}`),
    );
  });

  it('ends the ACK for every later call', () => {
    const ack = new AckWriter();
    const bytes = Buffer.alloc(100, CANARY);
    const late: [string, () => unknown][] = [
      ['set', () => ack.set(score, 1)],
      ['setNull', () => ack.setNull(label)],
      ['unset', () => ack.unset(score)],
      ['reset', () => ack.reset()],
      ['moveTo', () => ack.moveTo(Buffer.alloc(100), 100)],
      ['end', () => ack.end()],
    ];
    for (const [name, call] of late) expect([name, thrown(call).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    ack.beginAck(bytes, 0, 100, notify);
    const end = ack.end();
    for (const [name, call] of late) expect([name, thrown(call).code]).toEqual([name, 'SPOP_VIEW_CLOSED']);
    expect(toHex(bytes)).toBe(ackOf('00') + 'ee'.repeat(100 - end));
  });
});

describe('AckWriter.reset', () => {
  it('takes back all actions, and goes on', () => {
    expect(written((ack) => ack.set(score, 1).set(label, 'x').reset().set(score, 2))).toBe(
      ackOf(`${scorePrefix} 0202`),
    );
  });
});

describe('AckWriter.beginAck', () => {
  const sizes = Array.from({ length: 10 }, (_, index) => index + 1);
  const ids = sizes.map((size) => (size === 1 ? 1n : firstOfSize(size)));

  it('copies ids of one to ten bytes byte for byte', () => {
    expect(ids.map((id) => varint(id).length)).toEqual(sizes);
    for (const streamId of ids) {
      for (const frameId of ids) {
        const frame = onlyFrame(frameBytes(3, message('m'), { streamId, frameId }));
        const bytes = Buffer.alloc(50, CANARY);
        const ack = new AckWriter();
        ack.beginAck(bytes, 3, 50, frame);
        expect(toHex(bytes, 3, ack.end())).toBe(toHex(frameBytes(103, hex('00'), { streamId, frameId })));
      }
    }
  });

  it('takes the ids of a Notify too, at any offset of its frame', () => {
    const source = new Notify(new MessageSet([]));
    const frame = onlyFrame(frameBytes(3, message('m'), { streamId: 300n, frameId: 1n << 63n }));
    source.read(frame);
    const expected = toHex(frameBytes(103, hex('00'), { streamId: 300n, frameId: 1n << 63n }));
    for (let round = 0; round < 2; round++) {
      const bytes = Buffer.alloc(50);
      const ack = new AckWriter();
      ack.beginAck(bytes, 0, 50, source);
      expect(toHex(bytes, 0, ack.end())).toBe(expected);
      source.moveTo(Buffer.alloc(100));
      frame.bytes.fill(0xdd);
    }
    source.close();
    expect(thrown(() => new AckWriter().beginAck(Buffer.alloc(50), 0, 50, source)).code).toBe('SPOP_VIEW_CLOSED');
  });

  it('refuses a limit that leaves no room for an ACK without actions, and writes nothing past it', () => {
    const whole = ackOf('00').length / 2;
    for (let limit = 0; limit < whole; limit++) {
      const bytes = Buffer.alloc(40, CANARY);
      const ack = new AckWriter();
      expect([limit, ...fault(() => ack.beginAck(bytes, 0, limit, notify))]).toEqual([
        limit,
        'SPOP_FRAME_FULL',
        undefined,
        -1,
      ]);
      expect(bytes.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
      expect(thrown(() => ack.set(score, 1)).code).toBe('SPOP_VIEW_CLOSED');
    }
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(whole), 0, whole, notify);
    expect(ack.end()).toBe(whole);
  });

  it('refuses a limit past the end of the buffer, where writes would be lost', () => {
    expect(thrown(() => new AckWriter().beginAck(Buffer.alloc(40), 0, 41, notify)).code).toBe('SPOP_FRAME_FULL');
  });

  it('leaves no open ACK if it fails', () => {
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(40), 0, 40, notify);
    expect(thrown(() => ack.beginAck(Buffer.alloc(11), 0, 11, notify)).code).toBe('SPOP_FRAME_FULL');
    expect(thrown(() => ack.set(score, 1)).code).toBe('SPOP_VIEW_CLOSED');
    expect(thrown(() => ack.end()).code).toBe('SPOP_VIEW_CLOSED');
  });
});

describe('AckWriter at its limit', () => {
  const acts: [string, (ack: Actions) => void, string][] = [
    ...values.map(([name, act, digits]): [string, (ack: Actions) => void, string] => [name, act, prefix + digits]),
    ['unset', (ack) => ack.unset(score), '020201 0573636f7265'],
  ];

  /** Every limit of short actions; for long ones those near both ends, and some between. */
  function limitsUpTo(full: number): number[] {
    const limits = Array.from({ length: full + 1 }, (_, limit) => limit);
    return limits.filter((limit) => limit < 60 || full - limit < 60 || limit % 61 === 0);
  }

  it.each(acts)('writes %s whole, or not at all', (_, act, digits) => {
    const first = `${scorePrefix} 0201`;
    const before = ackOf(first);
    const whole = ackOf(first + digits);
    const full = whole.length / 2;
    for (const limit of limitsUpTo(full + 2)) {
      if (limit < before.length / 2) continue;
      const bytes = Buffer.alloc(full + 32, CANARY);
      const ack = new AckWriter();
      ack.beginAck(bytes, 0, limit, notify);
      ack.set(score, 1);
      const room = ack.remainingBytes;
      expect(room).toBe(limit - before.length / 2);
      if (limit < full) {
        expect([limit, ...fault(() => act(ack))]).toEqual([limit, 'SPOP_FRAME_FULL', undefined, -1]);
        expect(thrown(() => act(ack)).reason).toMatch(/^expected .+; found .+ \(variable \w+\.\w+\)$/);
        expect(ack.remainingBytes).toBe(room);
        expect(toHex(bytes, 0, ack.end())).toBe(before);
      } else {
        act(ack);
        expect(toHex(bytes, 0, ack.end())).toBe(whole);
      }
      expect(bytes.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
    }
  });

  it('says how many bytes are needed and how many are left', () => {
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(30), 0, 30, notify);
    expect(thrown(() => ack.set(label, 'x'.repeat(50))).reason).toMatch(
      /^expected at most \d+ more bytes.*found a value of \d+/,
    );
  });
});

it('an AckWriter writes only ACKs: parts of other frames would make a malformed one', () => {
  const ack = new AckWriter();
  for (const name of ['begin', 'item', 'nullItem', 'raw']) expect(name in ack).toBe(false);
});

describe('AckWriter.moveTo', () => {
  it('goes on in the other buffer when the first one is overwritten', () => {
    const first = Buffer.alloc(64, CANARY);
    const target = Buffer.alloc(64, CANARY);
    const ack = new AckWriter();
    ack.beginAck(first, 7, 64, notify);
    ack.set(score, 100);
    ack.moveTo(target, 60);
    first.fill(0xdd);
    ack.set(label, 'bot');
    const end = ack.end();
    expect(toHex(target, 0, end)).toBe(ackOf(`${scorePrefix} 0264 ${labelPrefix} 0803626f74`));
    expect(target.subarray(end).every((byte) => byte === CANARY)).toBe(true);
    expect(first.every((byte) => byte === 0xdd)).toBe(true);
  });

  it('begins the next ACK in that buffer or any other as before a move', () => {
    const ack = new AckWriter();
    const target = Buffer.alloc(64);
    for (const bytes of [target, Buffer.alloc(64), target]) {
      ack.beginAck(Buffer.alloc(64), 9, 64, notify);
      ack.moveTo(target, 64);
      ack.set(score, 1);
      ack.beginAck(bytes, 0, 64, notify);
      ack.set(score, 100);
      expect(toHex(bytes, 0, ack.end())).toBe(ackOf(`${scorePrefix} 0264`));
    }
  });

  it('fills in a length of three bytes', () => {
    const ack = new AckWriter();
    const target = Buffer.alloc(70_100);
    ack.beginAck(Buffer.alloc(64), 0, 64, notify);
    ack.moveTo(target, 70_100);
    ack.set(label, 'x'.repeat(70_000));
    expect(target.readUInt32BE(0)).toBe(0);
    const end = ack.end();
    expect(target.readUInt32BE(0)).toBe(end - 4);
    expect(end).toBeGreaterThan(70_000);
  });

  it('permits a reset in the other buffer', () => {
    const ack = new AckWriter();
    const target = Buffer.alloc(64);
    ack.beginAck(Buffer.alloc(64), 9, 64, notify);
    ack.set(score, 100);
    ack.moveTo(target, 64);
    ack.reset();
    expect(toHex(target, 0, ack.end())).toBe(ackOf('00'));
  });

  it.each([
    ['an ACK without actions', () => undefined, ackOf('00').length / 2],
    ['an ACK with an action', (ack: AckWriter) => ack.set(score, 100), ackOf(`${scorePrefix} 0264`).length / 2],
  ])('moves %s to just enough room, and leaves it in place if there is less', (_, act, size) => {
    for (let limit = 0; limit <= size; limit++) {
      const first = Buffer.alloc(64);
      const target = Buffer.alloc(64, CANARY);
      const ack = new AckWriter();
      ack.beginAck(first, 9, 64, notify);
      act(ack);
      if (limit === size) {
        ack.moveTo(target, limit);
        expect(ack.end()).toBe(size);
      } else {
        expect([limit, thrown(() => ack.moveTo(target, limit)).code]).toEqual([limit, 'SPOP_FRAME_FULL']);
        expect(ack.end()).toBe(9 + size);
      }
      expect(target.subarray(limit).every((byte) => byte === CANARY)).toBe(true);
    }
  });

  it('refuses a limit past the end of the buffer', () => {
    const ack = new AckWriter();
    ack.beginAck(Buffer.alloc(64), 0, 64, notify);
    expect(thrown(() => ack.moveTo(Buffer.alloc(32), 33)).code).toBe('SPOP_FRAME_FULL');
  });
});
