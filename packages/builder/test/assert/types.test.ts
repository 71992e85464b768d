import { address, binary, bool, defineVariable, int32, string, uint64 } from '@spop/codec';
import '@spop/builder/vitest';
import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  ack,
  assertSetVar,
  data,
  type AckFrame,
  type ExpectedOf,
  type InputOf,
  type ValueInput,
  type VariableSchema,
} from '../../src/index.ts';

const flag = defineVariable('sess', 'flag', bool);
const ipScore = defineVariable('sess', 'ip_score', int32);
const big = defineVariable('sess', 'big', uint64);
const ip = defineVariable('sess', 'ip', address);
const label = defineVariable('sess', 'label', string);
const body = defineVariable('sess', 'body', binary);

/** Never called: the compiler checks its lines, and fails if an expected error is missing. */
export function mistakes(answer: AckFrame): void {
  // @ts-expect-error: text is no number
  expect(answer).toSetVar(ipScore, 'x');
  // @ts-expect-error: nor is it after not
  expect(answer).not.toSetVar(ipScore, 'x');
  // @ts-expect-error: a boolean is no number
  expect(answer).toSetVar(ipScore, true);
  // @ts-expect-error: an exact STRING is no number
  expect(answer).toSetVar(ipScore, data.string('1'));
  // @ts-expect-error: NULL is no value; there is toUnsetVar
  expect(answer).toSetVar(ipScore, null);
  // @ts-expect-error: the same, exactly
  expect(answer).toSetVar(ipScore, data.nil);
  // @ts-expect-error: a number is no boolean
  expect(answer).toSetVar(flag, 1);
  // @ts-expect-error: text is no integer of 64 bits
  expect(answer).toSetVar(big, '1');
  // @ts-expect-error: a number is no address
  expect(answer).toSetVar(ip, 1);
  // @ts-expect-error: a number is no text
  expect(answer).toSetVar(label, 1);
  // @ts-expect-error: a boolean is no bytes
  expect(answer).toSetVar(body, true);
  // @ts-expect-error: a declared variable has its name already
  expect(answer).toSetVar(ipScore, 'ip_score', 1);
  // @ts-expect-error: a scope needs a name
  expect(answer).toSetVar('sess');
  // @ts-expect-error: an unknown scope
  expect(answer).toSetVar('session', 'x');
  // @ts-expect-error: text is no number
  assertSetVar(answer, ipScore, 'x');
}

describe('the value that is expected of a declared variable', () => {
  it('has its type, as a plain or an exact value', () => {
    const answer = ack().setVar(flag, true).setVar(ipScore, 1).setVar(big, 2n).setVar(ip, '::1');
    const both = answer.setVar(label, 'a').setVar(body, 'b');
    expect(both).toSetVar(flag, true);
    expect(both).toSetVar(ipScore, 1);
    expect(both).toSetVar(ipScore, data.int32(1));
    expect(both).toSetVar(big, 2n);
    expect(both).toSetVar(ip, '::1');
    expect(both).not.toSetVar(ip, data.ipv4('10.0.0.1'));
    expect(both).toSetVar(label, 'a');
    expect(both).toSetVar(body, Uint8Array.of(0x62));
    assertSetVar(both, ipScore, 1);
    expectTypeOf<ExpectedOf<typeof ipScore>>().toEqualTypeOf<InputOf<typeof ipScore>>();
  });

  it('may be any value if the type of the variable is unknown, and with scope and name', () => {
    const schema: VariableSchema = ipScore;
    const plain = { scope: 'sess', name: 'ip_score', kind: 'int32' } as const;
    const answer = ack().setVar(ipScore, 1);
    expect(answer).toSetVar(schema, 1);
    expect(answer).not.toSetVar(plain, true);
    expect(answer).not.toSetVar('sess', 'ip_score', 'x');
    expectTypeOf<ExpectedOf<VariableSchema>>().toEqualTypeOf<ValueInput>();
    expectTypeOf<ExpectedOf<typeof plain>>().toEqualTypeOf<ValueInput>();
  });
});
