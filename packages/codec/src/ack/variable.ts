import { ActionType, DataType, MAX_VARIABLE_NAME_BYTES, Scope, type ScopeName } from '../constants.ts';
import { SpopError } from '../errors.ts';
import { quoteText } from '../quote.ts';
import { checkName, checkOneKind, checkValueType } from '../values/check-declared.ts';
import type { ValueKind, ValueType } from '../values/value-type.ts';

const SET_VAR_ARGS = 3;
const UNSET_VAR_ARGS = 2;
/** The data type that integers of each kind are written as. */
const INTEGER_TYPES: Partial<Record<ValueKind, DataType>> = {
  integer: DataType.Int64,
  int32: DataType.Int32,
  uint32: DataType.Uint32,
  int64: DataType.Int64,
  uint64: DataType.Uint64,
};
const NAME_PATTERN = /^[A-Za-z0-9_.]+$/;

/** A declared HAProxy variable, with its scope and name as bytes. Made by {@link defineVariable}. */
export class Variable<Write> {
  /** The scope in which HAProxy keeps the variable. */
  declare readonly scope: ScopeName;
  /** The name without scope and `option var-prefix`, which HAProxy adds. */
  declare readonly name: string;
  /** The kind of value that it takes. */
  declare readonly kind: ValueKind;
  /** @internal The data type for an integer kind; else 0. */
  declare readonly integerType: DataType | 0;
  /** @internal A set-var action up to the value. */
  declare readonly setPrefix: Buffer;
  /** @internal `setPrefix` in words of four bytes, the last one padded with zeros. */
  declare readonly setWords: Int32Array;
  /** @internal A whole unset-var action. */
  declare readonly unsetAction: Buffer;
  /** Only in the type system: carries `Write`. */
  declare readonly '~write'?: (value: Write) => void;

  constructor(scope: ScopeName, name: string, kind: ValueKind) {
    this.scope = scope;
    this.name = name;
    this.kind = kind;
    this.integerType = INTEGER_TYPES[kind] ?? 0;
    const rest = Buffer.from([Scope[scope], name.length, ...Buffer.from(name, 'latin1')]);
    this.setPrefix = Buffer.concat([Buffer.from([ActionType.SetVar, SET_VAR_ARGS]), rest]);
    this.setWords = toPaddedWords(this.setPrefix);
    this.unsetAction = Buffer.concat([Buffer.from([ActionType.UnsetVar, UNSET_VAR_ARGS]), rest]);
  }
}

function toPaddedWords(bytes: Buffer): Int32Array {
  const padded = Buffer.concat([bytes, Buffer.alloc(-bytes.length & 3)]);
  return Int32Array.from({ length: padded.length / 4 }, (_, index) => padded.readInt32BE(4 * index));
}

/**
 * Declares a variable that an ACK sets or unsets (SPOE.txt §3.4). Between scope and name HAProxy puts its `option var-prefix`, by
 * default the name of the `spoe-agent`: with `spoe-agent iprep`, `defineVariable('sess', 'ip_score', int32)` is
 * `sess.iprep.ip_score` in HAProxy's configuration.
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an unknown scope, for a character that is not one of `A-Z a-z 0-9 _ .`, and when
 * `scope.name` leaves no room for a prefix in the 63 bytes that every HAProxy takes; {TypeError} when the type is not one of this
 * package's.
 */
export function defineVariable<Write>(
  scope: ScopeName,
  name: string,
  type: ValueType<unknown, Write>,
): Variable<Write> {
  if (!Object.hasOwn(Scope, scope)) {
    throw new SpopError(
      'SPOP_INVALID_NAME',
      `expected a scope of ${Object.keys(Scope).join(', ')}; found ${quoteText(scope)}`,
    );
  }
  checkName('a variable name', name);
  if (!NAME_PATTERN.test(name)) {
    throw new SpopError(
      'SPOP_INVALID_NAME',
      `expected a variable name of the characters A-Z a-z 0-9 _ and .; found ${quoteText(name)}. ` +
        'HAProxy ignores a set-var of any other',
    );
  }
  // At least one byte of prefix, and two dots.
  const longest = MAX_VARIABLE_NAME_BYTES - scope.length - 3;
  if (name.length > longest) {
    throw new SpopError(
      'SPOP_INVALID_NAME',
      `expected a variable name of at most ${longest} bytes in scope ${scope}, since 'scope.prefix.name' may have ` +
        `${MAX_VARIABLE_NAME_BYTES}; found ${name.length}: ${quoteText(name)}`,
    );
  }
  checkValueType(`the type of variable ${scope}.${name}`, type);
  checkOneKind(`the type of variable ${scope}.${name}`, type);
  return new Variable(scope, name, type.kind);
}
