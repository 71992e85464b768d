import { describe, expect, it } from 'vitest';
import {
  ack,
  agentDisconnect,
  agentHello,
  data,
  frame,
  haproxyHello,
  notify,
  parseFrame,
  SpopError,
  statusText,
  summarize,
  toBytes,
  toHex,
  toPlain,
  unset,
  variables,
  writeTypedData,
  type TypedData,
  type ValueInput,
} from '../../src/index.ts';

describe('infer', () => {
  it.each([
    [0, data.int64(0)],
    [-1, data.int64(-1)],
    [2 ** 53 - 1, data.int64(2n ** 53n - 1n)],
    [2n ** 63n - 1n, data.int64(2n ** 63n - 1n)],
    [true, data.bool(true)],
    ['10.0.0.1', data.string('10.0.0.1')],
    ['', data.string('')],
    [null, data.nil],
    [data.int32(1), data.int32(1)],
    [data.withFlags(data.string('x'), 3), data.withFlags(data.string('x'), 3)],
  ] as [ValueInput, TypedData][])('reads %o as %o', (value, expected) => {
    expect(data.infer(value)).toEqual(expected);
  });

  it('reads bytes as a BINARY, and copies them', () => {
    const bytes = Buffer.from('abc');
    const copied = data.infer(bytes);
    bytes.fill(0);
    expect(copied).toEqual(data.binary('abc'));
  });

  it.each([
    [0.5, /expected an integer/],
    [2 ** 53, /pass a bigint beyond 2\^53/],
    [Number.NaN, /found NaN/],
    [2n ** 63n, /to 9223372036854775807 for int64/],
    [undefined, /found undefined/],
    [{}, /found an object/],
    [{ type: 'int32', value: 2 ** 31 }, /for int32; found 2147483648/],
    [{ type: 'ipv4', value: '::1' }, /expected an IPv4 address/],
    [{ type: 'int8', value: 1 }, /found a value of type int8/],
    ['\ud800', /a lone surrogate that stands for no byte/],
  ])('refuses %o', (value, reason) => {
    const run = (): unknown => writeTypedData(data.infer(value as ValueInput));
    expect(run).toThrow(SpopError);
    expect(run).toThrow(reason);
    expect(run).toThrow(/^SPOP_INVALID_VALUE/);
  });
});

describe('addresses', () => {
  it.each([
    ['::', '00000000000000000000000000000000', '::'],
    ['::1', '00000000000000000000000000000001', '::1'],
    ['2001:DB8:0:0:1:0:0:1', '20010db8000000000001000000000001', '2001:db8::1:0:0:1'],
    ['2001:db8:0:1:1:1:1:1', '20010db8000000010001000100010001', '2001:db8:0:1:1:1:1:1'],
    ['1:2:3:4:5:6:7::', '00010002000300040005000600070000', '1:2:3:4:5:6:7:0'],
    ['::ffff:192.0.2.1', '00000000000000000000ffffc0000201', '::ffff:192.0.2.1'],
    ['64:ff9b::192.0.2.1', '0064ff9b0000000000000000c0000201', '64:ff9b::c000:201'],
    ['fe80::', 'fe800000000000000000000000000000', 'fe80::'],
  ])('ipv6(%s) has the bytes %s and the text %s', (text, hex, canonical) => {
    const typed = data.ipv6(text);
    expect(toHex(writeTypedData(typed))).toBe(`07${hex}`);
    expect(typed.value).toBe(canonical);
    expect(data.ipv6(Buffer.from(hex, 'hex'))).toEqual(typed);
  });

  it('are of either family, by the text or the bytes', () => {
    expect(data.address('10.0.0.1')).toEqual(data.ipv4(Uint8Array.of(10, 0, 0, 1)));
    expect(data.address('::1')).toEqual(data.ipv6('::1'));
    expect(data.address(new Uint8Array(16))).toEqual(data.ipv6('::'));
  });

  it.each(['', '1.2.3', '1.2.3.256', '01.2.3.4', ' 1.2.3.4', '1.2.3.4/8'])('ipv4(%o) is refused', (text) => {
    expect(() => data.ipv4(text)).toThrow(/SPOP_INVALID_VALUE/);
  });

  it.each(['', ':', ':::', '1::2::3', 'fe80::1%eth0', '12345::', '1:2:3:4:5:6:7:8:9'])(
    'ipv6(%o) is refused',
    (text) => {
      expect(() => data.ipv6(text)).toThrow(/SPOP_INVALID_VALUE/);
    },
  );
});

describe('building', () => {
  it('does not change a frame when it is built further', () => {
    const base = notify().message('a');
    const one = base.message('b');
    expect(parseFrame(base)).toMatchObject({ messages: [{ name: 'a' }] });
    expect(parseFrame(one)).toMatchObject({ messages: [{ name: 'a' }, { name: 'b' }] });
  });

  it('accepts unnamed and repeated arguments, and names that are no UTF-8', () => {
    const built = notify().message('m', [1, ['x', 1], ['x', 'y'], [Uint8Array.of(0xff), null]]);
    expect(built.toFrame()).toMatchObject({
      messages: [
        {
          args: [
            { name: '', value: data.int64(1) },
            { name: 'x', value: data.int64(1) },
            { name: 'x', value: data.string('y') },
            { name: '\udcff', value: data.nil },
          ],
        },
      ],
    });
    expect(toBytes('\udcff')).toEqual(Uint8Array.of(0xff));
  });

  it('omits undefined arguments', () => {
    expect(notify().message('m', { a: undefined, b: 1 }).toFrame()).toMatchObject({
      messages: [{ args: [{ name: 'b' }] }],
    });
  });

  it('writes exactly the given fields', () => {
    expect(toHex(notify({ streamId: 240, frameId: 0, flags: 0x80000000, length: 99 }).raw('ff').toBytes())).toBe(
      '00000063' + '03' + '80000000' + 'f000' + '00' + 'ff',
    );
    expect(
      toHex(
        notify()
          .message('m', { a: data.raw('0a0b') }, { nbArgs: 7 })
          .toPayload(),
      ),
    ).toBe('016d0701610a0b');
    expect(toHex(ack().setVar(9, 'x', 1, { nbArgs: 4 }).unsetVar(8, '', { nbArgs: 0 }).toPayload())).toBe(
      '0104090178' + '0401' + '02000800',
    );
    expect(toHex(frame(255, { streamId: 1n }, '00').toBytes())).toBe('00000008ff00000001010000');
    expect(toHex(unset().toBytes())).toBe('0000000700000000010101');
  });

  it('writes HELLOs with or without their keys, and with other keys', () => {
    const keys = (built: ReturnType<typeof agentHello>): string[] => {
      const read = built.toFrame();
      return 'items' in read ? read.items.map(({ name }) => name) : [];
    };
    expect(keys(haproxyHello({ engineId: 'x', healthcheck: true }))).toEqual([
      'supported-versions',
      'max-frame-size',
      'capabilities',
      'engine-id',
      'healthcheck',
    ]);
    expect(keys(haproxyHello({ supportedVersions: null, maxFrameSize: null, capabilities: null }))).toEqual([]);
    expect(keys(agentHello({ version: null }).item('own', 1))).toEqual(['max-frame-size', 'capabilities', 'own']);
    expect(keys(agentDisconnect({ statusCode: null, message: null }))).toEqual([]);
  });

  it('accepts messages and actions that were read', () => {
    const messages = [{ name: 'm', args: [{ name: '', value: data.int32(1) }] }];
    expect(notify().messages(messages).toFrame()).toMatchObject({ messages });
    const actions = [{ type: 'unset-var', scope: 'txn', name: 'x' }] as const;
    expect(ack().setVar('txn', 'y', data.nil).actions(actions).toFrame()).toMatchObject({
      actions: [{ name: 'y' }, ...actions],
    });
  });

  it('answers a NOTIFY that was read', () => {
    const read = notify({ streamId: 5, frameId: 2 }).message('m').toFrame();
    expect(ack(read).toFrame()).toMatchObject({ type: 'ACK', flags: 1, streamId: 5n, frameId: 2n, actions: [] });
  });

  it('writes the count byte of 256 arguments as 0', () => {
    const payload = notify()
      .message(
        'm',
        Array.from({ length: 256 }, () => null),
      )
      .toPayload();
    expect(toHex(payload.slice(0, 3))).toBe('016d00');
  });

  it('refuses typed data whose address is none', () => {
    for (const type of ['ipv4', 'ipv6'] as const) {
      expect(() => writeTypedData({ type, flags: 0, value: 'nowhere' })).toThrow(
        /SPOP_INVALID_VALUE: expected an address; found nowhere/,
      );
    }
  });

  it('writes an ACK with any length', () => {
    expect(toHex(ack({ length: 99 }).toBytes().subarray(0, 4))).toBe('00000063');
  });

  it('refuses an id outside of 64 bits', () => {
    expect(() => notify({ streamId: 2n ** 64n }).toBytes()).toThrow(/SPOP_INVALID_VALUE/);
  });

  it('refuses a variable without a name', () => {
    const untyped = ack() as unknown as { unsetVar(scope: string): void };
    expect(() => untyped.unsetVar('txn')).toThrow(/SPOP_INVALID_NAME/);
  });
});

describe('plain values', () => {
  it.each([
    [data.nil, null],
    [data.bool(true), true],
    [data.int32(-1), -1],
    [data.uint32(1), 1],
    [data.int64(2n ** 53n - 1n), 2 ** 53 - 1],
    [data.int64(2n ** 53n), 2n ** 53n],
    [data.uint64(2n ** 64n - 1n), 2n ** 64n - 1n],
    [data.ipv4('10.0.0.1'), '10.0.0.1'],
    [data.string('x'), 'x'],
  ])('%o is %o', (data, plain) => {
    expect(toPlain(data)).toBe(plain);
  });

  it('are the variables after an ACK', () => {
    const read = ack()
      .setVar('txn', 'a', 1)
      .setVar('sess', 'b', 'x')
      .setVar('txn', 'a', 2)
      .unsetVar('req', 'c')
      .toFrame();
    expect(read.type === 'ACK' && variables(read)).toEqual({ 'txn.a': 2, 'sess.b': 'x', 'req.c': null });
  });
});

describe('summaries', () => {
  it.each([
    [
      ack({ streamId: 3 }).setVar('sess', 's', data.int32(1)).unsetVar('txn', 'o'),
      'ACK 3:1 set-var sess.s = INT32 1; unset-var txn.o',
    ],
    [ack(), 'ACK 1:1 no actions'],
    [notify().message('m', [['a', 1], 'x']), 'NOTIFY 1:1 "m" { a: INT64 1, (unnamed): STRING "x" }'],
    [unset({ flags: 3 }, '00'), 'UNSET 1:1 flags 3 1 bytes of payload'],
    [
      agentDisconnect({ statusCode: 4 }),
      'AGENT-DISCONNECT status-code: UINT32 4, message: STRING "invalid frame received"',
    ],
  ])('of a frame is one line: %#', (built, line) => {
    expect(summarize(built.toFrame())).toBe(line);
  });

  it('are cut after 2,000 characters', () => {
    const line = summarize(
      notify()
        .message('m', { a: 'x'.repeat(3000) })
        .message('n', { a: 'x'.repeat(3000) })
        .toFrame(),
    );
    expect(line).toMatch(/^NOTIFY 1:1 "m" \{ a: STRING "x+/);
    expect(line.length).toBeLessThan(2_100);
  });

  it('name every status code', () => {
    expect(statusText(13)).toBe('resource allocation error');
    expect(statusText(1000)).toBe('an unknown error occurred');
  });
});
