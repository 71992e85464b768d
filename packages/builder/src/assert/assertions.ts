import { AssertionError } from 'node:assert';
import type { ScopeName } from '@spop/codec';
import type { ExpectedOf, VariableSchema } from '../build/schema.ts';
import type { AckFrame } from '../data/model.ts';
import type { TypedData, ValueInput } from '../data/typed-data.ts';
import type { BytesInput } from '../read/parse.ts';
import type { ValidateOptions } from '../validate/validate.ts';
import {
  equalsBytes,
  hasMessage,
  hasNoActions,
  type Ids,
  isAck,
  isDisconnect,
  isValid,
  type Outcome,
  type Received,
  setsVariable,
  targetOf,
  unsetsVariable,
} from './outcomes.ts';

/** A JavaScript value: safe integers as numbers, other integers as bigints, addresses as text. */
export type PlainValue = null | boolean | number | bigint | string | Uint8Array;

/** Typed data as a plain value, without its type. */
export function toPlain(data: TypedData): PlainValue {
  if (data.type === 'null') return null;
  if (typeof data.value !== 'bigint') return data.value;
  return Number.isSafeInteger(Number(data.value)) ? Number(data.value) : data.value;
}

/**
 * The variables after an ACK, by `scope.name`, as plain values; null for an unset one. Use it in
 * `assert.deepEqual(variables(ack), { 'sess.ip_score': 100 })`.
 */
export function variables(ack: AckFrame): Record<string, PlainValue> {
  const entries = ack.actions.map((action): [string, PlainValue] => [
    `${action.scope}.${action.name}`,
    action.type === 'set-var' ? toPlain(action.value) : null,
  ]);
  return Object.fromEntries(entries);
}

/** Throws an AssertionError for a failed outcome; its stack begins at the caller of `caller`. */
function assertOutcome(outcome: Outcome, caller: (...args: never[]) => unknown): void {
  if (outcome.pass) return;
  const { expected, actual } = outcome;
  throw new AssertionError({
    message: outcome.message(false),
    expected,
    actual,
    operator: caller.name,
    stackStartFn: caller,
  });
}

/**
 * Asserts that an ACK sets a declared variable to any value, or to this one of the variable's type. Text and bytes are converted to
 * that type, such as an address.
 *
 * @throws {AssertionError} of `node:assert`; {SpopError} SPOP_INVALID_VALUE for text that is not of the type.
 */
export function assertSetVar<Variable extends VariableSchema>(
  received: Received,
  variable: Variable,
  value?: ExpectedOf<Variable>,
): void;
/**
 * Asserts that the last action of an ACK on a variable sets it to any value, or to this one. A plain number matches every integer
 * type; typed data matches only itself. NULL is not a value: HAProxy unsets a variable that is set to it, see {@link
 * assertUnsetVar}.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertSetVar(received: Received, scope: ScopeName, name: string, value?: ValueInput): void;
export function assertSetVar(
  received: Received,
  target: VariableSchema | ScopeName,
  nameOrValue?: ValueInput,
  value?: ValueInput,
): void {
  const call = targetOf(target, nameOrValue, value);
  assertOutcome(setsVariable(received, call.variable, call.value), assertSetVar);
}

/** Asserts that an ACK unsets a declared variable. */
export function assertUnsetVar(received: Received, variable: VariableSchema): void;
/**
 * Asserts that the last action of an ACK on a variable unsets it, by an unset-var or by setting NULL.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertUnsetVar(received: Received, scope: ScopeName, name: string): void;
export function assertUnsetVar(received: Received, target: VariableSchema | ScopeName, name?: string): void {
  assertOutcome(unsetsVariable(received, targetOf(target, name, undefined).variable), assertUnsetVar);
}

/**
 * Asserts that an ACK has no actions.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertNoActions(received: Received): void {
  assertOutcome(hasNoActions(received), assertNoActions);
}

/**
 * Asserts that a frame is an ACK, of any NOTIFY or of the one with these ids.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertAck(received: Received, ids?: Ids): void {
  assertOutcome(isAck(received, ids), assertAck);
}

/**
 * Asserts that a frame is a DISCONNECT of either side, with any status code or this one.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertDisconnect(received: Received, statusCode?: number): void {
  assertOutcome(isDisconnect(received, statusCode), assertDisconnect);
}

/**
 * Asserts that a NOTIFY has a message with this name and, among others, these arguments.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertMessage(received: Received, name: string, args: Readonly<Record<string, ValueInput>> = {}): void {
  assertOutcome(hasMessage(received, name, args), assertMessage);
}

/**
 * Asserts that bytes break no rule of `validate`; warnings do not count.
 *
 * @throws {AssertionError} of `node:assert`, with every violation and an annotated hex dump.
 */
export function assertValid(received: BytesInput, options: ValidateOptions): void {
  assertOutcome(isValid(received, options), assertValid);
}

/**
 * Asserts that bytes are exactly these, given as bytes or hexadecimal digits. A failure shows the difference field by field.
 *
 * @throws {AssertionError} of `node:assert`.
 */
export function assertBytes(received: BytesInput, expected: BytesInput | string): void {
  assertOutcome(equalsBytes(received, expected), assertBytes);
}
