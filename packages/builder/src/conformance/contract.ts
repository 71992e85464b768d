import type { Action } from '../data/model.ts';
import type { TypedData } from '../data/typed-data.ts';
import { int64, ipv4, nil } from '../data/values.ts';

/** What the suite knows of an agent: one message that it answers, and possibly the answers. */
export interface Contract {
  readonly message: string;
  readonly argument: string;
  /** The value of the argument for a number of 0 to 255. */
  value(number: number): TypedData;
  /** The answers, if they are known. */
  readonly answers?: {
    /** The variable's name; it may have any scope. */
    readonly variable: string;
    /** The value of the variable for an argument; NULL if it is not set. */
    to(argument: TypedData): TypedData;
    /** Whether every argument comes back unchanged. */
    readonly isEcho: boolean;
  };
}

/** A message with an address or a fixed value, and any answer. */
export function anyAnswer(message: string, argument: string, fixed?: TypedData): Contract {
  return { message, argument, value: (number) => fixed ?? ipv4(`192.0.2.${number}`) };
}

/** A message whose argument comes back in a variable of the argument's name. */
export function echo(message: string, argument: string): Contract {
  const answers = { variable: argument, to: (value: TypedData) => value, isEcho: true };
  return { message, argument, value: (number) => int64(number), answers };
}

/** The value of a variable after the actions of an ACK; NULL if they do not set it. */
export function variableAfter(actions: readonly Action[], name: string): TypedData {
  const last = actions.findLast((action) => action.name === name);
  return last?.type === 'set-var' ? last.value : nil;
}

/** Whether two values are equal in HAProxy, which turns all four integer types into signed 64-bit samples. */
export function isSameValue(a: TypedData, b: TypedData): boolean {
  return comparable(a) === comparable(b);
}

function comparable(data: TypedData): string {
  switch (data.type) {
    case 'null':
      return 'null';
    case 'int32':
    case 'uint32':
    case 'int64':
    case 'uint64':
      return `integer ${BigInt.asIntN(64, BigInt(data.value))}`;
    case 'binary':
      return `binary ${data.value.join()}`;
    default:
      return `${data.type} ${String(data.value)}`;
  }
}
