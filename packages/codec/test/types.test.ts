import { describe, expect, expectTypeOf, it } from 'vitest';
import {
  type Actions,
  address,
  type AddressLike,
  type AddressValue,
  argumentState,
  type BinaryValue,
  binary,
  bool,
  type BytesLike,
  DataType,
  defineMessage,
  defineVariable,
  int32,
  int64,
  integer,
  type IntegerValue,
  interned,
  ipv4,
  ipv6,
  type MessageOf,
  type Notify,
  type NotifyWriter,
  oneOf,
  optional,
  type ReadOf,
  string,
  type StringValue,
  uint32,
  uint64,
  type Variable,
  type WriteOf,
} from '../src/index.ts';

const declared = defineMessage('m', {
  bool,
  integer,
  int32,
  uint32,
  int64,
  uint64,
  ipv4,
  ipv6,
  address,
  string,
  interned: interned(string),
  binary,
  maybe: optional(string),
  either: oneOf(string, address),
  'with-dash': optional(bool),
});
type Message = MessageOf<typeof declared>;

const flag = defineVariable('sess', 'flag', bool);
const score = defineVariable('sess', 'score', int32);
const big = defineVariable('sess', 'big', uint64);
const ip = defineVariable('sess', 'ip', address);
const label = defineVariable('sess', 'label', string);

/**
 * Never called: the compiler checks its lines, and fails if an expected error is missing. As the types have no `any`,
 * each of these lines is a mistake that a user would otherwise find in production.
 */
export function mistakes(message: Message, ack: Actions, notify: Notify, writer: NotifyWriter): void {
  // @ts-expect-error: a misspelt argument
  void message.adress;
  // @ts-expect-error: an argument is read-only
  message.integer = 1;
  // @ts-expect-error: an optional argument may be undefined
  void message.maybe.toString();
  // @ts-expect-error: a number is no view
  void message.integer.toNumber;
  // @ts-expect-error: a 64-bit integer is no number
  void (message.int64 + 1);
  // @ts-expect-error: an address has no boolean
  void message.address.boolean;
  // @ts-expect-error: a string has no family
  void message.string.family;
  // @ts-expect-error: a network is made once, by defineNetwork
  void message.address.isWithin('10.0.0.0/8');
  // @ts-expect-error: a string is in no network
  void message.string.isWithin;
  // @ts-expect-error: bytes do not begin with text
  void message.binary.startsWith;
  // @ts-expect-error: a misspelt name of an argument
  void argumentState<typeof declared.args>(message, 'adress');

  // @ts-expect-error: a value that may be text or an address has no family before its type is known
  void message.either.family;
  if (message.either.type === DataType.String) {
    void message.either.startsWith('x');
    // @ts-expect-error: text has no family
    void message.either.family;
  } else {
    void message.either.family;
  }

  // @ts-expect-error: a boolean is no number
  ack.set(flag, 1);
  // @ts-expect-error: a number is no text
  ack.set(score, '1');
  // @ts-expect-error: 32 bits take no bigint
  ack.set(score, 1n);
  // @ts-expect-error: an integer view is no number
  ack.set(score, message.int64);
  // @ts-expect-error: text is no integer
  ack.set(big, '1');
  // @ts-expect-error: a number is no address
  ack.set(ip, 0x7f000001);
  // @ts-expect-error: a view of text is no address
  ack.set(ip, message.string);
  // @ts-expect-error: a number is no text
  ack.set(label, 1);
  // @ts-expect-error: a view of an address is no text
  ack.set(label, message.address);
  // @ts-expect-error: a value that may be undefined is no text
  ack.set(label, message.maybe);
  // @ts-expect-error: null is no text; there is setNull
  ack.set(label, null);
  // @ts-expect-error: only variables can be set
  ack.set('sess.label', 'x');

  // @ts-expect-error: an unknown scope
  defineVariable('session', 'x', bool);
  // @ts-expect-error: a variable needs a type
  defineVariable('sess', 'x');
  // @ts-expect-error: only strings are interned
  interned(binary);
  // @ts-expect-error: an argument needs a type
  defineMessage('m', { a: 'string' });
  // @ts-expect-error: only declared messages are found
  notify.get('m');
  // @ts-expect-error: an item's value has its type
  writer.argument('a', bool, 'true');
}

describe('the types', () => {
  it('know the type of each declared argument', () => {
    expectTypeOf<Message>().toEqualTypeOf<{
      readonly bool: boolean;
      readonly integer: number;
      readonly int32: number;
      readonly uint32: number;
      readonly int64: IntegerValue;
      readonly uint64: IntegerValue;
      readonly ipv4: AddressValue;
      readonly ipv6: AddressValue;
      readonly address: AddressValue;
      readonly string: StringValue;
      readonly interned: string;
      readonly binary: BinaryValue;
      readonly maybe: StringValue | undefined;
      readonly either: StringValue | AddressValue;
      readonly 'with-dash': boolean | undefined;
    }>();
    expect(Object.keys(declared.args)).toHaveLength(15);
  });

  it('know the type of each variable', () => {
    expectTypeOf(flag).toEqualTypeOf<Variable<boolean>>();
    expectTypeOf(score).toEqualTypeOf<Variable<number>>();
    expectTypeOf(big).toEqualTypeOf<Variable<number | bigint>>();
    expectTypeOf(ip).toEqualTypeOf<Variable<AddressLike>>();
    expectTypeOf(label).toEqualTypeOf<Variable<BytesLike>>();
    expect([flag, score, big, ip, label].map(({ kind }) => kind)).toEqual([
      'bool',
      'int32',
      'uint64',
      'address',
      'string',
    ]);
  });

  it('name the type that is read and the type that is written', () => {
    expectTypeOf<ReadOf<typeof integer>>().toEqualTypeOf<number>();
    expectTypeOf<ReadOf<ReturnType<typeof interned>>>().toEqualTypeOf<string>();
    expectTypeOf<WriteOf<typeof bool>>().toEqualTypeOf<boolean>();
    expectTypeOf<WriteOf<typeof int64>>().toEqualTypeOf<number | bigint>();
    expect(optional(integer)).toEqual({ kind: 'integer', optional: true });
  });
});
