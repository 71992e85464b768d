import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import {
  address,
  argumentState,
  defineMessage,
  int32,
  int64,
  integer,
  type MessageDefinition,
  MessageSet,
  Notify,
  optional,
  SpopError,
  string,
  uint32,
} from '../../src/index.ts';
import { InternalNotify } from '../../src/internal.ts';
import { message, notifyFrame, thrown, toHex, varint } from '../bytes.ts';

/** A view of a message of a new definition: the classes of views are kept for each. */
function read(...args: readonly (readonly [name: string, digits: string])[]): object {
  const check = defineMessage('check', { path: string, ip: optional(address), port: optional(int32) });
  return readAs(check, args);
}

function readAs(check: MessageDefinition, args: readonly (readonly [name: string, digits: string])[]): object {
  const notify = new Notify(new MessageSet([check]));
  notify.read(notifyFrame([message('check', args)]));
  return notify.get(check)!;
}

const isSameClass = (a: object, b: object): boolean => Object.getPrototypeOf(a) === Object.getPrototypeOf(b);

describe('a message view', () => {
  it('has a field for each argument, in the order of the definition, for loops too', () => {
    const view = read(['path', '08022f79']);
    const names: string[] = [];
    for (const name in view) names.push(name);
    expect(names).toEqual(['path', 'ip', 'port']);
  });

  it('has as many where it is for one NOTIFY', () => {
    const check = defineMessage('check', { path: string, ip: optional(address) });
    const notify = new InternalNotify(new MessageSet([check]));
    notify.read(notifyFrame([message('check', [['path', '08022f79']])]));
    notify.beginOneTime();
    const names: string[] = [];
    for (const name in notify.get(check)) names.push(name);
    expect(names).toEqual(['path', 'ip']);
  });

  it('has one class for a definition, and another for another', () => {
    const args = [['path', '08022f79']] as const;
    const [one, two] = [defineMessage('check', { path: string }), defineMessage('check', { path: string })];
    expect(isSameClass(readAs(one, args), readAs(one, args))).toBe(true);
    expect(isSameClass(readAs(one, args), readAs(two, args))).toBe(false);
  });

  it('of another layout is told from other objects', () => {
    const reasonOf = (view: object): string =>
      thrown(() => Reflect.apply(argumentState, undefined, [view, 'path']) as unknown).reason;
    expect(reasonOf({})).toBe('expected a message view that a NOTIFY gave; found another object');
    const [symbol] = Object.getOwnPropertySymbols(
      Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf(read(['path', '08022f79'])))),
    ).filter((each) => each.description?.includes('view'));
    expect(reasonOf({ [symbol!]: 99 })).toMatch(/^expected a message view of layout \d+; found one of layout 99, /);
  });
});

const numbers = defineMessage('numbers', {
  small: optional(int32),
  large: optional(uint32),
  exact: optional(integer),
  wide: optional(int64),
});

/** What a view of `numbers` has for an integer of type INT64 or UINT64. */
function numberOf(name: 'small' | 'large' | 'exact', value: bigint, type: '04' | '05' = '04'): unknown {
  const notify = new Notify(new MessageSet([numbers]));
  const digits = `${type}${toHex(varint(BigInt.asUintN(64, value)))}`;
  notify.read(notifyFrame([message('numbers', [[name, digits]])]));
  const view = notify.get(numbers)!;
  try {
    return view[name];
  } catch (error) {
    return error instanceof Error && 'code' in error ? error.code : error;
  }
}

const UNSAFE = 'SPOP_UNSAFE_INTEGER';

describe('an integer argument', () => {
  it.each([
    ['small', 2n ** 31n - 1n, 2 ** 31 - 1],
    ['small', 2n ** 31n, UNSAFE],
    ['small', -(2n ** 31n), -(2 ** 31)],
    ['small', -(2n ** 31n) - 1n, UNSAFE],
    ['small', 0n, 0],
    ['small', -1n, -1],
    ['large', 0n, 0],
    ['large', 300_000n, 300_000],
    ['large', 2n ** 32n - 1n, 2 ** 32 - 1],
    ['large', 2n ** 32n, UNSAFE],
    ['large', -1n, UNSAFE],
    ['large', -(2n ** 31n), UNSAFE],
    ['exact', 2n ** 53n - 1n, 2 ** 53 - 1],
    ['exact', 2n ** 53n, UNSAFE],
    ['exact', -(2n ** 53n) + 1n, -(2 ** 53) + 1],
    ['exact', -(2n ** 53n), UNSAFE],
  ] as const)('%s has for INT64 %s: %s', (name, value, expected) => {
    expect(numberOf(name, value)).toBe(expected);
  });

  it.each([
    ['large', 2n ** 64n - 1n, UNSAFE],
    ['small', 2n ** 64n - 1n, UNSAFE],
    ['exact', 2n ** 64n - 1n, UNSAFE],
    ['large', 2n ** 32n - 1n, 2 ** 32 - 1],
  ] as const)('%s has for UINT64 %s: %s', (name, value, expected) => {
    expect(numberOf(name, value, '05')).toBe(expected);
  });
});

describe('printing a message view', () => {
  it('throws what reading it throws, but for integers that no number holds', () => {
    const view = read(['path', '08022f79'], ['port', `04${toHex(varint(2n ** 40n))}`]);
    expect(inspect(view, { breakLength: Infinity })).toBe("{ path: '/y', port: '1099511627776' }");
    const broken = Object.create(view, { path: { get: () => expect.unreachable('broken getter') } }) as object;
    expect(() => inspect(broken)).toThrow('broken getter');
    expect(() => JSON.stringify(broken)).toThrow('broken getter');
    const truncated = new SpopError('SPOP_TRUNCATED', 'why');
    const unread = Object.create(view, {
      path: {
        get: () => {
          throw truncated;
        },
      },
    }) as object;
    expect(() => inspect(unread)).toThrow(truncated);
    expect(() => JSON.stringify(unread)).toThrow(truncated);
  });
});
