import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import {
  address,
  binary,
  bool,
  defineMessage,
  defineVariable,
  integer,
  interned,
  optional,
  string,
  DataType,
  FrameReader,
  int32,
  int64,
  ipv4,
  ipv6,
  MessageSet,
  Notify,
  oneOf,
  uint64,
} from '@spop/codec';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ack,
  type ArgumentsInput,
  type ArgumentsOf,
  type BinaryData,
  type BoolData,
  data,
  type Ipv4Data,
  type Ipv6Data,
  notify,
  type NotifyBuilder,
  SpopError,
  type StringData,
  type TypedData,
} from '../../src/index.ts';

const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string), ssl: bool });
const numbers = defineMessage('numbers', { any: optional(integer), i32: optional(int32), u64: optional(uint64) });
const rest = defineMessage('rest', {
  v4: optional(ipv4),
  v6: optional(ipv6),
  method: optional(interned(string)),
  body: optional(binary),
});

function argsOf(builder: NotifyBuilder): Record<string, TypedData> {
  const frame = builder.toFrame();
  const args = frame.type === 'NOTIFY' ? (frame.messages[0]?.args ?? []) : [];
  return Object.fromEntries(args.map(({ name, value }) => [name, value]));
}

describe('an argument that is one of several types', () => {
  const either = defineMessage('either', { client: optional(oneOf(address, string)), id: oneOf(int64, binary) });

  it('takes exact values of each, and plain ones as the first type that takes them', () => {
    const cases: [ArgumentsOf<typeof either>['client'], TypedData][] = [
      ['192.0.2.7', data.ipv4('192.0.2.7')],
      ['unknown', data.string('unknown')],
      [data.string('192.0.2.7'), data.string('192.0.2.7')],
      [data.ipv6('::1'), data.ipv6('::1')],
      [null, data.nil],
    ];
    for (const [client, expected] of cases) {
      expect(argsOf(notify().message(either, { client, id: 7 }))).toEqual({ client: expected, id: data.int64(7) });
    }
    expect(argsOf(notify().message(either, { id: Buffer.from('x') }))).toEqual({ id: data.binary(Buffer.from('x')) });
  });

  it('refuses anything else, and names the accepted types', () => {
    const wrong = (): unknown => Reflect.apply(notify().message, notify(), [either, { client: true, id: 7 }]);
    expect(wrong).toThrow(/a value of type address or string for argument client of message either/);
    // @ts-expect-error: a boolean is neither
    expect(() => notify().message(either, { id: true })).toThrow(SpopError);
  });
});

describe('a message with a schema', () => {
  it('is built with its name, and with values of the declared types as HAProxy encodes them', () => {
    const built = notify().message(checkClientIp, { ip: '10.0.0.1', ua: 'curl', ssl: true });
    expect(built.toFrame()).toEqual({
      type: 'NOTIFY',
      flags: 1,
      streamId: 1n,
      frameId: 1n,
      messages: [
        {
          name: 'check-client-ip',
          args: [
            { name: 'ip', value: data.ipv4('10.0.0.1') },
            { name: 'ua', value: data.string('curl') },
            { name: 'ssl', value: data.bool(true) },
          ],
        },
      ],
    });
  });

  it('takes either family for an address, and its bytes', () => {
    expect(argsOf(notify().message(checkClientIp, { ip: '::1', ssl: false }))['ip']).toEqual(data.ipv6('::1'));
    const bytes = Uint8Array.of(192, 0, 2, 1);
    expect(argsOf(notify().message(checkClientIp, { ip: bytes, ssl: false }))['ip']).toEqual(data.ipv4('192.0.2.1'));
  });

  it('sends an address mapped to IPv6 as it is written, which a handler reads as the IPv4 address', () => {
    const received = new Notify(new MessageSet([checkClientIp]));
    const read = ['192.0.2.1', '::ffff:192.0.2.1'].map((ip) => {
      const reader = new FrameReader();
      reader.push(Buffer.from(notify().message(checkClientIp, { ip, ssl: false }).toBytes()));
      received.read(reader.next()!);
      const view = received.get(checkClientIp)!.ip;
      return [view.type, view.family, view.toString(), view.equals('192.0.2.1'), view.equals('::ffff:192.0.2.1')];
    });
    expect(read).toEqual([
      [DataType.Ipv4, 4, '192.0.2.1', true, true],
      [DataType.Ipv6, 4, '192.0.2.1', true, true],
    ]);
  });

  it('writes plain integers as INT64, and larger ones as UINT64', () => {
    expect(argsOf(notify().message(numbers, { any: 1, i32: -1, u64: 2n ** 64n - 1n }))).toEqual({
      any: data.int64(1),
      i32: data.int64(-1),
      u64: data.uint64(2n ** 64n - 1n),
    });
  });

  it('takes exact integers of any type', () => {
    expect(argsOf(notify().message(numbers, { any: data.uint32(7), i32: data.int32(-7) }))).toEqual({
      any: data.uint32(7),
      i32: data.int32(-7),
    });
  });

  it('takes strings, binaries and addresses by family', () => {
    const values = { v4: '10.0.0.1', v6: '::1', method: 'GET', body: 'text' };
    expect(argsOf(notify().message(rest, values))).toEqual({
      v4: data.ipv4('10.0.0.1'),
      v6: data.ipv6('::1'),
      method: data.string('GET'),
      body: data.binary('text'),
    });
  });

  it('omits undefined arguments, and writes null as NULL', () => {
    const args = argsOf(notify().message(numbers, { any: undefined, i32: null }));
    expect(args).toEqual({ i32: data.nil });
  });

  it('keeps the order of the arguments', () => {
    const args = argsOf(notify().message(checkClientIp, { ssl: true, ip: '10.0.0.1' }));
    expect(Object.keys(args)).toEqual(['ssl', 'ip']);
  });

  it.each([
    [
      'a name that is not declared',
      { ip: '10.0.0.1', ssl: true, ipp: 1 },
      'SPOP_INVALID_NAME',
      /only the arguments ip, ua, ssl; found "ipp"/,
    ],
    [
      'a name that every object has',
      { ip: '10.0.0.1', ssl: true, toString: 1 },
      'SPOP_INVALID_NAME',
      /found "toString"/,
    ],
    [
      'a missing argument',
      { ip: '10.0.0.1' },
      'SPOP_MISSING_ARGUMENT',
      /expected argument ssl of message check-client-ip/,
    ],
    ['undefined for a needed one', { ip: undefined, ssl: true }, 'SPOP_MISSING_ARGUMENT', /expected argument ip of/],
    ['null for a needed one', { ip: null, ssl: true }, 'SPOP_MISSING_ARGUMENT', /expected argument ip of/],
    ['a number for an address', { ip: 1, ssl: true }, 'SPOP_INVALID_VALUE', /type address for argument ip .*found 1/],
    ['text that is no address', { ip: '10.0.0', ssl: true }, 'SPOP_INVALID_VALUE', /"10\.0\.0", for argument ip/],
    ['text for a boolean', { ip: '::1', ssl: 'yes' }, 'SPOP_INVALID_VALUE', /type bool for argument ssl .*found "yes"/],
    ['an exact value of another type', { ip: data.string('::1'), ssl: true }, 'SPOP_INVALID_VALUE', /type address for/],
    ['raw bytes', { ip: data.raw('00'), ssl: true }, 'SPOP_INVALID_VALUE', /type address for argument ip/],
  ])('refuses %s at run time', (_, args: object, code, reason) => {
    const build = (): unknown => notify().untypedMessage(checkClientIp, args as ArgumentsInput);
    expect(build).toThrow(SpopError);
    expect(build).toThrow(expect.objectContaining({ code }));
    expect(build).toThrow(reason);
  });

  it.each([
    ['2^31 for int32', { i32: 2 ** 31 }],
    ['-1 for uint64', { u64: -1 }],
    ['2^64 for uint64', { u64: 2n ** 64n }],
    ['2^53 for integer', { any: 2n ** 53n }],
    ['a fraction', { any: 0.5 }],
    ['2^53 as a number', { u64: 2 ** 53 }],
  ])('refuses %s', (_, args: object) => {
    expect(() => notify().untypedMessage(numbers, args as ArgumentsInput)).toThrow(/SPOP_INVALID_VALUE/);
  });

  it('refuses any argument of a message without arguments', () => {
    expect(() => notify().untypedMessage(defineMessage('none', {}), { a: 1 })).toThrow(
      /SPOP_INVALID_NAME: expected message none to have no arguments; found "a"/,
    );
  });

  it('refuses a list of arguments', () => {
    expect(() => notify().untypedMessage(numbers, [1])).toThrow(
      /SPOP_INVALID_VALUE: .*by name, as its schema has them; found a list/,
    );
  });
});

describe('a variable with a declared type', () => {
  it.each([
    ['integer', integer, data.int64(7)],
    ['int32', int32, data.int32(7)],
    ['int64', int64, data.int64(7)],
    ['uint64', uint64, data.uint64(7)],
  ])('is set as an agent writes it: %s', (_, type, expected) => {
    const variable = defineVariable<number>('sess', 'score', type);
    expect(ack().setVar(variable, 7).toFrame()).toMatchObject({
      actions: [{ type: 'set-var', scope: 'sess', name: 'score', value: expected }],
    });
  });

  it('is set to an address, to NULL, and unset', () => {
    const ip = defineVariable('txn', 'ip', address);
    expect(ack().setVar(ip, '::1').setVar(ip, null).unsetVar(ip).toFrame()).toMatchObject({
      actions: [{ value: data.ipv6('::1') }, { value: data.nil }, { type: 'unset-var', scope: 'txn', name: 'ip' }],
    });
  });
});

describe('the types of a schema', () => {
  it('give the names of arguments, the required ones, and their values', () => {
    expectTypeOf<ArgumentsOf<typeof checkClientIp>>().branded.toEqualTypeOf<{
      readonly ip: string | Uint8Array | Ipv4Data | Ipv6Data;
      readonly ssl: boolean | BoolData;
      readonly ua?: string | Uint8Array | StringData | BinaryData | null | undefined;
    }>();
  });

  const lines: readonly [code: string, compiles: boolean][] = [
    [`notify().message(checkClientIp, { ip: '10.0.0.1', ssl: true });`, true],
    [`notify().message(checkClientIp, { ip: '10.0.0.1', ssl: true, ua: null });`, true],
    [`notify().message(checkClientIp, { ip: data.ipv4('10.0.0.1'), ssl: true, ua: data.string('curl') });`, true],
    [`notify().message(checkClientIp, { ip: data.string('10.0.0.1'), ssl: true });`, false],
    [`notify().message(numbers);`, true],
    [`notify().message('anything', { at: 'all' });`, true],
    [`notify().message(checkClientIp, { ip: '10.0.0.1', ssl: true, ipp: 1 });`, false],
    [`notify().message(checkClientIp, { ip: 1, ssl: true });`, false],
    [`notify().message(checkClientIp, { ip: '10.0.0.1', ssl: 'yes' });`, false],
    [`notify().message(checkClientIp, { ip: '10.0.0.1' });`, false],
    [`notify().message(checkClientIp, { ip: null, ssl: true });`, false],
    [`notify().message(checkClientIp);`, false],
    [`notify().message('anything', { at: {} });`, false],
    [`ack().setVar(score, 100);`, true],
    [`ack().setVar(score, 'high');`, false],
    [`ack().setVar('session', 'score', 1);`, false],
    [`await peer.notify(checkClientIp, { ip: '10.0.0.1', ssl: true });`, true],
    [`await peer.notify(checkClientIp, { ip: '10.0.0.1' });`, false],
    [`await peer.notify(checkClientIp, { ip: '10.0.0.1', ssl: true, sl: true });`, false],
  ];

  it('make a wrong name, a wrong type and a missing argument a compile error', { timeout: 60_000 }, () => {
    const root = resolve(import.meta.dirname, '../../../..');
    const folder = resolve(import.meta.dirname, '../../node_modules/.cache/schema-types');
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const compilerOptions = {
      noEmit: true,
      composite: false,
      isolatedDeclarations: false,
      allowImportingTsExtensions: true,
    };
    const include = ['program.ts'];
    writeFileSync(
      join(folder, 'tsconfig.json'),
      JSON.stringify({ extends: join(root, 'tsconfig.base.json'), compilerOptions, include }),
    );
    writeFileSync(join(folder, 'package.json'), '{ "type": "module" }');
    const head = [
      `import { address, bool, defineMessage, defineVariable, int32, optional, string } from '@spop/codec';`,
      `import { ack, connect, data, notify } from '../../../src/index.ts';`,
      `const checkClientIp = defineMessage('check-client-ip', { ip: address, ua: optional(string), ssl: bool });`,
      `const numbers = defineMessage('numbers', { any: optional(int32) });`,
      `const score = defineVariable('sess', 'score', int32);`,
      `const peer = await connect({ path: 'agent.sock' });`,
    ];
    writeFileSync(join(folder, 'program.ts'), [...head, ...lines.map(([code]) => code)].join('\n'));
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { encoding: 'utf8' });
    const places = [...stdout.matchAll(/^.*program\.ts\((\d+),\d+\): error TS(?:2345|2769)/gm)];
    const errors = places.map(([, line]) => Number(line) - head.length - 1);
    expect(lines.map(([code], index) => [code, !errors.includes(index)])).toEqual(lines);
    // There is no other error, and none at another place.
    expect(stdout.match(/error TS/g)).toHaveLength(lines.filter(([, compiles]) => !compiles).length);
  });
});
