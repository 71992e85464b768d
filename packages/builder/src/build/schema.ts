import {
  type AddressValue,
  type AnyValueType,
  type BinaryValue,
  type ReadOf,
  type ScopeName,
  SpopError,
  type ValueKind,
  type WriteOf,
} from '@spop/codec';
import { describe } from '../data/describe.ts';
import { expectSpopError } from '../data/spop-error.ts';
import { address, binary, bool, infer, int64, ipv4, ipv6, nil, string, uint64 } from '../data/values.ts';
import type {
  BinaryData,
  BoolData,
  Integer32Data,
  Integer64Data,
  Ipv4Data,
  Ipv6Data,
  StringData,
  TypedData,
  ValueInput,
} from '../data/typed-data.ts';

/** The part of a message declaration that a builder needs; the result of `defineMessage` of `@spop/codec` has it. */
export interface MessageSchema {
  /** The name of the message in HAProxy's configuration. */
  readonly name: string;
  /** The types of the arguments, by name. */
  readonly args: Readonly<Record<string, AnyValueType>>;
}

/** The part of a variable declaration that a builder needs; the result of `defineVariable` of `@spop/codec` has it. */
export interface VariableSchema {
  /** The scope of the variable. */
  readonly scope: ScopeName;
  /** The name without scope and `option var-prefix`. */
  readonly name: string;
  /** The kind of value that it takes. */
  readonly kind: ValueKind;
  /** Only in the type system: carries the type of value that the variable takes. */
  readonly '~write'?: (value: never) => void;
}

/**
 * The input for a declared type: a plain value, or typed data. Whether text is an IPv4 address is checked at run time. For
 * `oneOf` a plain value has the first type that takes it.
 */
export type InputOf<Type> =
  | (boolean extends WriteOf<Type> ? boolean | BoolData : never)
  | (number extends WriteOf<Type> ? number | bigint | Integer32Data | Integer64Data : never)
  | (BinaryValue extends WriteOf<Type> ? string | Uint8Array | StringData | BinaryData : never)
  | (AddressValue extends WriteOf<Type> ? string | Uint8Array | Ipv4Data | Ipv6Data : never);

/** The expected value of a declared variable: an {@link InputOf}, or any value if nothing is known of its type. */
export type ExpectedOf<Variable extends VariableSchema> = [WriteOf<Variable>] extends [never]
  ? ValueInput
  : unknown extends WriteOf<Variable>
    ? ValueInput
    : InputOf<Variable>;

/** The names of the arguments that may be left out. */
export type OptionalNames<Args> = {
  [Name in keyof Args]: undefined extends ReadOf<Args[Name]> ? Name : never;
}[keyof Args];

/**
 * The arguments that a message of this schema takes: each declared name with a value of its type. An optional argument may be null
 * (HAProxy's NULL, for a sample without a value) or left out (not configured in HAProxy).
 */
export type ArgumentsOf<Schema extends MessageSchema> = {
  readonly [Name in Exclude<keyof Schema['args'], OptionalNames<Schema['args']>>]: InputOf<Schema['args'][Name]>;
} & {
  readonly [Name in OptionalNames<Schema['args']>]?: InputOf<Schema['args'][Name]> | null | undefined;
};

/** The parameters after a schema: the arguments, which may be left out if none of them is required. */
export type SchemaParameters<Schema extends MessageSchema> =
  Exclude<keyof Schema['args'], OptionalNames<Schema['args']>> extends never
    ? [args?: ArgumentsOf<Schema>]
    : [args: ArgumentsOf<Schema>];

const integerRanges: Readonly<Partial<Record<ValueKind, readonly [min: bigint, max: bigint]>>> = {
  integer: [BigInt(Number.MIN_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER)],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
};

/** The data types that each kind takes when a value is typed data. */
const exactTypes: Readonly<Record<ValueKind, readonly string[]>> = {
  bool: ['bool'],
  integer: ['int32', 'uint32', 'int64', 'uint64'],
  int32: ['int32', 'uint32', 'int64', 'uint64'],
  uint32: ['int32', 'uint32', 'int64', 'uint64'],
  int64: ['int32', 'uint32', 'int64', 'uint64'],
  uint64: ['int32', 'uint32', 'int64', 'uint64'],
  ipv4: ['ipv4'],
  ipv6: ['ipv6'],
  address: ['ipv4', 'ipv6'],
  string: ['string'],
  interned: ['string'],
  binary: ['binary'],
};

function wrongType(where: string, expected: string, value: unknown): SpopError {
  return new SpopError('SPOP_INVALID_VALUE', `expected ${expected} for ${where}; found ${describe(value)}`);
}

function isTyped(value: unknown): value is TypedData {
  return typeof value === 'object' && value !== null && 'type' in value && !(value instanceof Uint8Array);
}

function exactData(where: string, kind: ValueKind, value: TypedData): TypedData {
  const data = infer(value);
  if (data.type === 'raw' || !exactTypes[kind].includes(data.type)) {
    throw wrongType(where, `a value of type ${kind}`, value);
  }
  if ('value' in data) checkRange(where, kind, data.value);
  return data;
}

/** An integer as HAProxy sends it: INT64, or UINT64 for a value that INT64 cannot hold. */
function integerData(where: string, kind: ValueKind, value: unknown): TypedData {
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) {
    throw wrongType(where, `an integer (${kind})`, value);
  }
  checkRange(where, kind, value);
  return value < 2n ** 63n ? int64(value) : uint64(value);
}

function checkRange(where: string, kind: ValueKind, value: unknown): void {
  const range = integerRanges[kind];
  if (range === undefined || (typeof value !== 'bigint' && typeof value !== 'number')) return;
  const [min, max] = range;
  if (value < min || value > max) throw wrongType(where, `${min} to ${max} (${kind})`, value);
}

function plainData(where: string, kind: ValueKind, value: unknown): TypedData {
  if (integerRanges[kind] !== undefined) return integerData(where, kind, value);
  if (kind === 'bool' && typeof value === 'boolean') return bool(value);
  if (typeof value === 'string' || value instanceof Uint8Array) {
    if (kind === 'string' || kind === 'interned') return string(value);
    if (kind === 'binary') return binary(value);
    if (kind === 'ipv4') return ipv4(value);
    if (kind === 'ipv6') return ipv6(value);
    if (kind === 'address') return address(value);
  }
  throw wrongType(where, `a value of type ${kind}`, value);
}

/** Adds the place of a value to the error that its own function throws. */
function at<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (!(error instanceof SpopError) || error.reason.includes(where)) throw error;
    throw new SpopError(error.code, `${error.reason}, for ${where}`, -1, { cause: error });
  }
}

/**
 * The typed data of one value under a declared kind, encoded as HAProxy would.
 *
 * @throws {SpopError} SPOP_INVALID_VALUE, with `where` in its text.
 */
export function toDeclaredData(where: string, kind: ValueKind, value: unknown): TypedData {
  return at(where, () => (isTyped(value) ? exactData(where, kind, value) : plainData(where, kind, value)));
}

/** The typed data of a value under the first of a type's kinds that takes it. */
function ofAnyKind(where: string, { kind, kinds = [] }: AnyValueType, value: unknown): TypedData {
  if (kind !== 'oneOf') return toDeclaredData(where, kind, value);
  for (const each of kinds) {
    try {
      return toDeclaredData(where, each, value);
    } catch (error) {
      expectSpopError(error);
    }
  }
  throw wrongType(where, `a value of type ${kinds.join(' or ')}`, value);
}

/**
 * The names and typed data of a message's arguments, in the given order, checked against its schema.
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an undeclared argument; SPOP_MISSING_ARGUMENT for a required one that is missing or
 * null; SPOP_INVALID_VALUE for a value of another type.
 */
export function toDeclaredArguments(
  schema: MessageSchema,
  args: Readonly<Record<string, unknown>>,
): { name: string; value: TypedData }[] {
  const declared = Object.keys(schema.args);
  const result: { name: string; value: TypedData }[] = [];
  for (const [name, value] of Object.entries(args)) {
    const type = Object.hasOwn(schema.args, name) ? schema.args[name] : undefined;
    if (type === undefined) {
      const known = declared.length === 0 ? 'no arguments' : `only the arguments ${declared.join(', ')}`;
      throw new SpopError(
        'SPOP_INVALID_NAME',
        `expected message ${schema.name} to have ${known}; found ${JSON.stringify(name)}`,
      );
    }
    if (value === undefined) continue;
    const isNull = type.optional && value === null;
    const where = `argument ${name} of message ${schema.name}`;
    if (value !== null || isNull) result.push({ name, value: isNull ? nil : ofAnyKind(where, type, value) });
  }
  const given = new Set(result.map(({ name }) => name));
  const missing = declared.find((name) => schema.args[name]?.optional === false && !given.has(name));
  if (missing !== undefined) {
    throw new SpopError('SPOP_MISSING_ARGUMENT', `expected argument ${missing} of message ${schema.name}; found none`);
  }
  return result;
}
