import {
  address,
  binary,
  bool,
  defineMessage,
  int32,
  int64,
  integer,
  interned,
  ipv4,
  ipv6,
  oneOf,
  optional,
  string,
  uint32,
  uint64,
} from '@spop/codec';
import * as fc from 'fast-check';
import { describe, expect, expectTypeOf, it } from 'vitest';
import { argumentsOf } from '../src/arbitraries.ts';
import { notify, validate, type ArgumentsOf, type TypedData } from '../src/index.ts';

const types = { bool, integer, int32, uint32, int64, uint64, ipv4, ipv6, address, string, binary };
const declared = defineMessage('declared', { ...types, interned: interned(string), maybe: optional(string) });
const allOptional = defineMessage('all-optional', { a: optional(integer), b: optional(address), c: optional(binary) });

function wireOf(args: ArgumentsOf<typeof declared>): Record<string, TypedData> {
  const frame = notify().message(declared, args).toFrame();
  const message = frame.type === 'NOTIFY' ? frame.messages[0] : undefined;
  return Object.fromEntries((message?.args ?? []).map(({ name, value }) => [name, value]));
}

/** The samples that properties are tried with, including ends of ranges. */
const samples: ArgumentsOf<typeof declared>[] = [];
fc.assert(
  fc.property(argumentsOf(declared), (args) => void samples.push(args)),
  { seed: 1, numRuns: 500 },
);

function text(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

/** Whether at least one sample has the property. */
function some(holds: (args: ArgumentsOf<typeof declared>) => boolean): boolean {
  return samples.some(holds);
}

describe('argumentsOf', () => {
  it('gives each of the types that an argument may be', () => {
    const either = defineMessage('either', { client: oneOf(string, address) });
    const found = new Set<string>();
    fc.assert(
      fc.property(argumentsOf(either), (args) => {
        const { client } = args;
        if (typeof client === 'object' && 'type' in client) found.add(client.type);
        notify().message(either, args);
      }),
      { seed: 1, numRuns: 200 },
    );
    expect([...found].toSorted()).toEqual(['ipv4', 'ipv6', 'string']);
  });

  it('has the type that the message is built with', () => {
    expectTypeOf(argumentsOf(declared)).toEqualTypeOf<fc.Arbitrary<ArgumentsOf<typeof declared>>>();
    expect(samples).toHaveLength(500);
  });

  it('gives values that fit the declaration, of the types that HAProxy sends', () => {
    fc.assert(
      fc.property(argumentsOf(declared), (args) => {
        const wire = wireOf(args);
        for (const name of ['integer', 'int32', 'uint32', 'int64', 'uint64']) {
          expect(wire[name]).toMatchObject({ type: 'int64' });
        }
        for (const name of ['bool', 'ipv4', 'ipv6', 'string', 'binary'])
          expect(wire[name]).toMatchObject({ type: name });
        expect(['ipv4', 'ipv6']).toContain(wire['address']?.type);
        expect(wire['interned']).toMatchObject({ type: 'string' });
        expect(['string', 'null', undefined]).toContain(wire['maybe']?.type);
      }),
    );
  });

  it('gives arguments that break no rule of HAProxy', () => {
    fc.assert(
      fc.property(argumentsOf(allOptional), (args) => {
        const built = notify().message(allOptional, args);
        expect(validate(built, { from: 'haproxy', state: 'established', haproxy: '3.2' })).toEqual([]);
      }),
    );
  });

  it('reaches the ends of every range', () => {
    expect(some(({ integer: value }) => value === Number.MAX_SAFE_INTEGER)).toBe(true);
    expect(some(({ integer: value }) => value === Number.MIN_SAFE_INTEGER)).toBe(true);
    expect(some(({ int32: value }) => value === -(2 ** 31))).toBe(true);
    expect(some(({ int32: value }) => value === 2 ** 31 - 1)).toBe(true);
    expect(some(({ uint32: value }) => value === 2 ** 32 - 1)).toBe(true);
    expect(some(({ int64: value }) => value === -(2n ** 63n))).toBe(true);
    expect(some(({ int64: value }) => value === 2n ** 63n - 1n)).toBe(true);
    expect(some(({ uint64: value }) => value === 2n ** 63n - 1n)).toBe(true);
  });

  it('reaches both families, empty values, bytes that are no UTF-8, NULL, omitted arguments, and any order', () => {
    expect(some(({ address: value }) => text(value).includes('.'))).toBe(true);
    expect(some(({ address: value }) => text(value).includes(':'))).toBe(true);
    expect(some(({ string: value }) => value === '')).toBe(true);
    expect(some(({ string: value }) => /[\udc80-\udcff]/.test(text(value)))).toBe(true);
    expect(some(({ interned: value }) => text(value).length > 32)).toBe(true);
    expect(some(({ maybe }) => maybe === null)).toBe(true);
    expect(some((args) => !('maybe' in args))).toBe(true);
    expect(some(({ maybe }) => typeof maybe === 'string')).toBe(true);
    const firsts = new Set(samples.map((args) => Object.keys(args)[0]));
    expect(firsts.size).toBe(13);
  });

  it('shrinks to the smallest values', () => {
    const { counterexample } = fc.check(
      fc.property(argumentsOf(declared), ({ int32: value }) => Number(value) < 300),
      { seed: 1, numRuns: 2_000 },
    );
    const [smallest] = counterexample ?? [];
    expect(smallest).toEqual({
      bool: false,
      integer: 0,
      int32: 300,
      uint32: 0,
      int64: 0n,
      uint64: 0n,
      ipv4: '0.0.0.0',
      ipv6: '::',
      address: '0.0.0.0',
      string: '',
      binary: new Uint8Array(0),
      interned: '',
    });
    expect(Object.keys(smallest ?? {})).toEqual(Object.keys(declared.args).filter((name) => name !== 'maybe'));
  });

  it('gives nothing for a message without arguments, and takes any name', () => {
    expect(fc.sample(argumentsOf(defineMessage('none', {})), 1)).toEqual([{}]);
    const odd = defineMessage('odd', { ['__proto__']: integer });
    const [args] = fc.sample(argumentsOf(odd), 1);
    expect(Object.keys(args ?? {})).toEqual(['__proto__']);
  });
});
