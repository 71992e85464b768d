import type { ScopeName } from '@spop/codec';
import type { ExpectedOf, VariableSchema } from '../build/schema.ts';
import type { ValueInput } from '../data/typed-data.ts';
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

/**
 * The matchers that {@link matchers} adds to the result of `expect`; `R` is `void`, or a Promise after `resolves`. They take
 * frames, frame builders and bytes.
 */
export interface SpopMatchers<R> {
  /**
   * The last action of the ACK on this variable sets it to any value, or to this one. A plain number matches every integer
   * type; typed data matches only itself. NULL is not a value: HAProxy unsets a variable that is set to it, see {@link
   * toUnsetVar}.
   */
  toSetVar(scope: ScopeName, name: string, value?: ValueInput): R;
  /**
   * The same for a declared variable and a value of its type. Text and bytes are converted to that type, such as an address.
   */
  toSetVar<Variable extends VariableSchema>(variable: Variable, value?: ExpectedOf<Variable>): R;
  /** The last action of the ACK on this variable unsets it, by an unset-var or by setting NULL, which are the same to HAProxy. */
  toUnsetVar(scope: ScopeName, name: string): R;
  /** The same for a declared variable. */
  toUnsetVar(variable: VariableSchema): R;
  /** The ACK has no actions. */
  toHaveNoActions(): R;
  /** The frame is an ACK, of any NOTIFY or of the one with these ids. */
  toBeAck(ids?: Ids): R;
  /** The frame is a DISCONNECT of either side, with any status code or this one. */
  toBeDisconnect(statusCode?: number): R;
  /** The NOTIFY has a message with this name and, among others, these arguments. */
  toHaveMessage(name: string, args?: Readonly<Record<string, ValueInput>>): R;
  /** The bytes break no rule of `validate`; warnings do not count. */
  toBeValidSpop(options: ValidateOptions): R;
  /** The bytes are exactly these, given as bytes or hexadecimal digits; the difference is shown field by field. */
  toBeBytes(expected: BytesInput | string): R;
}

/** The context that a test runner gives a matcher. */
export interface MatcherContext {
  /** Whether the opposite is expected, after `not`. */
  readonly isNot?: boolean;
}

/** The result of a matcher; `expected` and `actual` are for the test runner's diff. */
export interface MatcherResult {
  /** Whether the expectation holds; with `.not`, the runner turns it round. */
  readonly pass: boolean;
  /** The text of the failure. */
  readonly message: () => string;
  /** What was expected, for the diff. */
  readonly expected?: unknown;
  /** What was found, for the diff. */
  readonly actual?: unknown;
}

/** The functions of {@link matchers}. A type, since `expect.extend` would not take an interface. */
export type Matchers = {
  toSetVar(
    this: MatcherContext,
    received: Received,
    target: VariableSchema | ScopeName,
    nameOrValue?: ValueInput,
    value?: ValueInput,
  ): MatcherResult;
  toUnsetVar(
    this: MatcherContext,
    received: Received,
    target: VariableSchema | ScopeName,
    name?: string,
  ): MatcherResult;
  toHaveNoActions(this: MatcherContext, received: Received): MatcherResult;
  toBeAck(this: MatcherContext, received: Received, ids?: Ids): MatcherResult;
  toBeDisconnect(this: MatcherContext, received: Received, statusCode?: number): MatcherResult;
  toHaveMessage(
    this: MatcherContext,
    received: Received,
    name: string,
    args?: Readonly<Record<string, ValueInput>>,
  ): MatcherResult;
  toBeValidSpop(this: MatcherContext, received: Received, options: ValidateOptions): MatcherResult;
  toBeBytes(this: MatcherContext, received: BytesInput, expected: BytesInput | string): MatcherResult;
};

function result(outcome: Outcome, { isNot = false }: MatcherContext): MatcherResult {
  const { expected, actual } = outcome;
  const pass = outcome.isMistake === true ? isNot : outcome.pass;
  const shared = { pass, message: () => outcome.message(isNot) };
  return expected === undefined && actual === undefined ? shared : { ...shared, expected, actual };
}

/**
 * The matchers for test runners with the `expect.extend` of Jest: `expect.extend(matchers)`. {@link SpopMatchers} has their
 * parameters. `@spop/builder/vitest` does this for vitest, and declares their types.
 */
export const matchers: Matchers = {
  toSetVar(received, target, nameOrValue, value) {
    const call = targetOf(target, nameOrValue, value);
    return result(setsVariable(received, call.variable, call.value), this);
  },
  toUnsetVar(received, target, name) {
    return result(unsetsVariable(received, targetOf(target, name, undefined).variable), this);
  },
  toHaveNoActions(received) {
    return result(hasNoActions(received), this);
  },
  toBeAck(received, ids) {
    return result(isAck(received, ids), this);
  },
  toBeDisconnect(received, statusCode) {
    return result(isDisconnect(received, statusCode), this);
  },
  toHaveMessage(received, name, args) {
    return result(hasMessage(received, name, args), this);
  },
  toBeValidSpop(received, options) {
    return result(isValid(received, options), this);
  },
  toBeBytes(received, expected) {
    return result(equalsBytes(received, expected), this);
  },
};
