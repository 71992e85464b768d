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

/** The part of a message declaration that building needs; what `defineMessage` of `@spop/codec` returns has it. */
export interface MessageSchema {
  readonly name: string;
  readonly args: Readonly<Record<string, AnyValueType>>;
}

/** The part of a variable declaration that building needs; what `defineVariable` of `@spop/codec` returns has it. */
export interface VariableSchema {
  readonly scope: ScopeName;
  readonly name: string;
  readonly kind: ValueKind;
  /** Only in the type system: what the variable takes. */
  readonly '~write'?: (value: never) => void;
}

/**
 * What may be given for a declared type: plainly, or exactly. Whether text is an IPv4 address shows at run time. Of `oneOf` a
 * plain value is of the first type that takes it.
 */
export type InputOf<Type> =
  | (boolean extends WriteOf<Type> ? boolean | BoolData : never)
  | (number extends WriteOf<Type> ? number | bigint | Integer32Data | Integer64Data : never)
  | (BinaryValue extends WriteOf<Type> ? string | Uint8Array | StringData | BinaryData : never)
  | (AddressValue extends WriteOf<Type> ? string | Uint8Array | Ipv4Data | Ipv6Data : never);

/** What may be expected of a declared variable: what {@link InputOf} takes, or any value where nothing is known of its type. */
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
 * The arguments that a message of this schema takes: every declared name with a value of its type, optional ones with
 * null (HAProxy's NULL, for a sample that it does not have) or left out (not configured in HAProxy).
 */
export type ArgumentsOf<Schema extends MessageSchema> = {
  readonly [Name in Exclude<keyof Schema['args'], OptionalNames<Schema['args']>>]: InputOf<Schema['args'][Name]>;
} & {
  readonly [Name in OptionalNames<Schema['args']>]?: InputOf<Schema['args'][Name]> | null | undefined;
};

/** The parameters after a schema: the arguments, which may be left out only where none is required. */
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

/** The data types that a kind takes where a value is given exactly. */
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
  return data;
}

/** HAProxy has one integer type and sends it as INT64; only a value that this cannot hold goes as UINT64. */
function integerData(where: string, kind: ValueKind, value: unknown): TypedData {
  if (typeof value !== 'bigint' && !(typeof value === 'number' && Number.isSafeInteger(value))) {
    throw wrongType(where, `an integer (${kind})`, value);
  }
  const exact = BigInt(value);
  return exact >= 2n ** 63n && exact < 2n ** 64n ? uint64(exact) : int64(exact);
}

function checkRange(where: string, kind: ValueKind, data: TypedData): void {
  const range = integerRanges[kind];
  if (range === undefined || !('value' in data)) return;
  const { value } = data;
  if (typeof value !== 'bigint' && typeof value !== 'number') return;
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

/** The same error with the place in front, for values that their own constructors refuse. */
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
 * @throws {SpopError} SPOP_INVALID_VALUE, naming `where`.
 */
export function toDeclaredData(where: string, kind: ValueKind, value: unknown): TypedData {
  return at(where, () => {
    const data = isTyped(value) ? exactData(where, kind, value) : plainData(where, kind, value);
    checkRange(where, kind, data);
    return data;
  });
}

/** The typed data of a value under the first of a type's kinds that takes it. */
function ofAnyKind(where: string, { kind, kinds = [] }: AnyValueType, value: unknown): TypedData {
  if (kind !== 'oneOf') return toDeclaredData(where, kind, value);
  for (const each of kinds) {
    try {
      return toDeclaredData(where, each, value);
    } catch (error) {
      if (!(error instanceof SpopError)) throw error;
    }
  }
  throw wrongType(where, `a value of type ${kinds.join(' or ')}`, value);
}

/**
 * Names and typed data of a message's arguments, in the order given, checked against its schema.
 *
 * @throws {SpopError} SPOP_INVALID_NAME for an argument that is not declared, SPOP_MISSING_ARGUMENT for one that is
 * declared and missing or null, SPOP_INVALID_VALUE for one of another type.
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
      const known = declared.length === 0 ? 'no arguments' : declared.join(', ');
      throw new SpopError(
        'SPOP_INVALID_NAME',
        `message ${schema.name} declares ${known}; found ${JSON.stringify(name)}`,
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
    throw new SpopError('SPOP_MISSING_ARGUMENT', `message ${schema.name} needs argument ${missing}, which is missing`);
  }
  return result;
}
