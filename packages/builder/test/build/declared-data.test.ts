import { defineMessage, defineVariable, int32, int64, integer, oneOf, string, uint32, uint64 } from '@spop/codec';
import { describe, expect, it } from 'vitest';
import { toDeclaredData } from '../../src/build/schema.ts';
import { ack, type ArgumentsInput, data, notify, SpopError, type TypedData } from '../../src/index.ts';

function thrown(run: () => unknown): unknown {
  try {
    run();
  } catch (error) {
    return error;
  }
  throw new Error('expected an error');
}

describe('the data of a declared type', () => {
  it.each<[kind: 'int32' | 'uint32' | 'int64' | 'uint64' | 'bool' | 'string' | 'ipv4', value: unknown, reason: string]>(
    [
      ['int32', null, 'expected an integer (int32) for argument x; found null'],
      ['int32', {}, 'expected an integer (int32) for argument x; found an object'],
      ['int32', '1', 'expected an integer (int32) for argument x; found "1"'],
      ['int32', 0.5, 'expected an integer (int32) for argument x; found 0.5'],
      ['int32', 2 ** 31, 'expected -2147483648 to 2147483647 (int32) for argument x; found 2147483648'],
      ['uint64', 2n ** 64n, 'expected 0 to 18446744073709551615 (uint64) for argument x; found 18446744073709551616n'],
      ['uint64', -1, 'expected 0 to 18446744073709551615 (uint64) for argument x; found -1'],
      [
        'int64',
        2n ** 64n,
        'expected -9223372036854775808 to 9223372036854775807 (int64) for argument x; found 18446744073709551616n',
      ],
      ['int32', data.uint32(2 ** 31), 'expected -2147483648 to 2147483647 (int32) for argument x; found 2147483648'],
      ['uint32', data.int32(-1), 'expected 0 to 4294967295 (uint32) for argument x; found -1'],
      ['int32', data.string('1'), 'expected a value of type int32 for argument x; found a value of type string'],
      ['bool', data.raw('11'), 'expected a value of type bool for argument x; found a value of type raw'],
      ['bool', 1, 'expected a value of type bool for argument x; found 1'],
      ['string', true, 'expected a value of type string for argument x; found true'],
      ['ipv4', '10.0.0', 'expected an IPv4 address or four bytes; found "10.0.0", for argument x'],
    ],
  )('%s is not %o', (kind, value, reason) => {
    expect(thrown(() => toDeclaredData('argument x', kind, value))).toMatchObject({
      code: 'SPOP_INVALID_VALUE',
      reason,
      offset: -1,
    });
  });

  it('names its place once, and keeps the error of the value as the cause', () => {
    const error = thrown(() => toDeclaredData('argument x', 'ipv4', '10.0.0'));
    expect(error).toBeInstanceOf(SpopError);
    expect(error).toMatchObject({ cause: { reason: 'expected an IPv4 address or four bytes; found "10.0.0"' } });
    expect(thrown(() => toDeclaredData('argument x', 'bool', 1))).not.toHaveProperty('cause');
  });

  it('of one of several types leaves errors of the caller alone', () => {
    const either = defineMessage('either', { client: oneOf(int64, string) });
    const mistake = new RangeError('mistake');
    const client = {
      type: 'string',
      get value(): string {
        throw mistake;
      },
    };
    expect(thrown(() => notify().untypedMessage(either, { client } as ArgumentsInput))).toBe(mistake);
  });
});

describe('the value of a declared variable', () => {
  it.each<[name: string, type: typeof integer, expected: TypedData]>([
    ['integer', integer, data.int64(7)],
    ['int32', int32, data.int32(7)],
    ['uint32', uint32, data.uint32(7)],
  ])('is written with its own type: %s', (_, type, expected) => {
    const variable = defineVariable<number>('txn', 'x', type);
    expect(ack().setVar(variable, 7).toFrame()).toMatchObject({ actions: [{ value: expected }] });
  });

  it('of a UINT64 is one for every value', () => {
    const variable = defineVariable('txn', 'x', uint64);
    expect(ack().setVar(variable, 7).toFrame()).toMatchObject({ actions: [{ value: data.uint64(7) }] });
    expect(
      ack()
        .setVar(variable, 2n ** 63n)
        .toFrame(),
    ).toMatchObject({ actions: [{ value: data.uint64(2n ** 63n) }] });
  });

  it.each([int32, uint32, uint64])('keeps the type of typed data', (type) => {
    const variable = defineVariable<number>('txn', 'x', type);
    expect(ack().setVar(variable, data.int64(7)).toFrame()).toMatchObject({ actions: [{ value: data.int64(7) }] });
  });
});

describe('a builder', () => {
  it('gives a frame longer than HAProxy takes', () => {
    const built = ack().setVar('txn', 'x', new Uint8Array(17_000));
    expect(built.toFrame()).toMatchObject({ actions: [{ value: { type: 'binary' } }] });
  });
});
