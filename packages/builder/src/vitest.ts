/**
 * Matchers for vitest: `import '@spop/builder/vitest'` in a test file, or name it in `setupFiles`.
 */
import { expect } from 'vitest';
import type { ScopeName } from '@spop/codec';
import {
  equalsBytes,
  hasMessage,
  hasNoActions,
  isAck,
  isDisconnect,
  isValid,
  setsVariable,
  targetOf,
  unsetsVariable,
} from './assert/outcomes.ts';
import type { Ids, Outcome, Received } from './assert/outcomes.ts';
import type { BytesInput } from './read/parse.ts';
import type { ExpectedOf, VariableSchema } from './build/schema.ts';
import type { ValidateOptions } from './validate/validate.ts';
import type { ValueInput } from './data/typed-data.ts';

/** The matchers that this module adds. They take frames, frames being built, and bytes. */
export interface SpopMatchers<R> {
  /**
   * The ACK sets this variable, to any value or to this one, as its last word on it. A plain number matches every integer
   * type; typed data matches only itself. NULL is no value: HAProxy unsets what is set to it, see {@link toUnsetVar}.
   */
  toSetVar(scope: ScopeName, name: string, value?: ValueInput): R;
  /**
   * The same for a declared variable, and a value of its type. Text and bytes stand for what that makes of them, such as an
   * address.
   */
  toSetVar<Variable extends VariableSchema>(variable: Variable, value?: ExpectedOf<Variable>): R;
  /** The ACK unsets this variable, by an unset-var or by setting NULL, which are the same to HAProxy, as its last word on it. */
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

declare module 'vitest' {
  // The parameters must be spelled as vitest spells them, or the declarations do not merge.
  interface Matchers<R extends void | Promise<void> = void | Promise<void>, T = unknown> extends SpopMatchers<R> {}
}

interface MatcherResult {
  readonly pass: boolean;
  readonly message: () => string;
  readonly expected?: unknown;
  readonly actual?: unknown;
}

function result(outcome: Outcome, isNot: boolean): MatcherResult {
  const { expected, actual } = outcome;
  const pass = outcome.isMistake === true ? isNot : outcome.pass;
  const shared = { pass, message: () => outcome.message(isNot) };
  return expected === undefined && actual === undefined ? shared : { ...shared, expected, actual };
}

expect.extend({
  toSetVar(received: Received, target: VariableSchema | ScopeName, nameOrValue?: ValueInput, value?: ValueInput) {
    const call = targetOf(target, nameOrValue, value);
    return result(setsVariable(received, call.variable, call.value), this.isNot);
  },
  toUnsetVar(received: Received, target: VariableSchema | ScopeName, name?: string) {
    return result(unsetsVariable(received, targetOf(target, name, undefined).variable), this.isNot);
  },
  toHaveNoActions(received: Received) {
    return result(hasNoActions(received), this.isNot);
  },
  toBeAck(received: Received, ids?: Ids) {
    return result(isAck(received, ids), this.isNot);
  },
  toBeDisconnect(received: Received, statusCode?: number) {
    return result(isDisconnect(received, statusCode), this.isNot);
  },
  toHaveMessage(received: Received, name: string, args?: Readonly<Record<string, ValueInput>>) {
    return result(hasMessage(received, name, args), this.isNot);
  },
  toBeValidSpop(received: Received, options: ValidateOptions) {
    return result(isValid(received, options), this.isNot);
  },
  toBeBytes(received: BytesInput, expected: BytesInput | string) {
    return result(equalsBytes(received, expected), this.isNot);
  },
});
