import { SpopError } from '@spop/codec';
import type { ScopeName } from '@spop/codec';
import type { BinaryData, BoolData, Integer32Data, Integer64Data, Ipv4Data, Ipv6Data, StringData } from './values.ts';
import { address, binary, bool, describe, infer, int64, ipv4, ipv6, nil, string, uint64 } from './values.ts';
import type { RawData, TypedData } from './values.ts';

/** The value types that a message schema can declare; see `defineMessage` of `@spop/codec`. */
export interface KindInputs {
  bool: boolean | BoolData;
  integer: number | bigint | Integer32Data | Integer64Data;
  int32: number | bigint | Integer32Data | Integer64Data;
  uint32: number | bigint | Integer32Data | Integer64Data;
  int64: number | bigint | Integer32Data | Integer64Data;
  uint64: number | bigint | Integer32Data | Integer64Data;
  ipv4: string | Uint8Array | Ipv4Data;
  ipv6: string | Uint8Array | Ipv6Data;
  address: string | Uint8Array | Ipv4Data | Ipv6Data;
  string: string | Uint8Array | StringData;
  binary: Uint8Array | string | BinaryData;
}

export type ValueKind = keyof KindInputs;

/** The part of a declared value type that building needs. */
export interface ValueSchema {
  readonly kind: ValueKind;
  readonly optional: boolean;
}

/** The part of a message declaration that building needs; what `defineMessage` of `@spop/codec` returns has it. */
export interface MessageSchema {
  readonly name: string;
  readonly args: Readonly<Record<string, ValueSchema>>;
}

/** The part of a variable declaration that building needs; what `defineVariable` of `@spop/codec` returns has it. */
export interface VariableSchema {
  readonly scope: ScopeName;
  readonly name: string;
  readonly type: ValueSchema;
}

type OptionalNames<Args> = {
  [Name in keyof Args]: Args[Name] extends { readonly optional: true } ? Name : never;
}[keyof Args];

type InputOf<Type> = Type extends { readonly kind: infer Kind extends ValueKind } ? KindInputs[Kind] : never;

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
  Record<never, never> extends ArgumentsOf<Schema> ? [args?: ArgumentsOf<Schema>] : [args: ArgumentsOf<Schema>];

const integerRanges = {
  integer: [BigInt(Number.MIN_SAFE_INTEGER), BigInt(Number.MAX_SAFE_INTEGER)],
  int32: [-(2n ** 31n), 2n ** 31n - 1n],
  uint32: [0n, 2n ** 32n - 1n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n],
  uint64: [0n, 2n ** 64n - 1n],
} as const;

const integerTypes: readonly string[] = ['int32', 'uint32', 'int64', 'uint64'];

function wrongType(where: string, expected: string, value: unknown): SpopError {
  return new SpopError('SPOP_INVALID_VALUE', `expected ${expected} for ${where}, got ${describe(value)}`);
}

function integerData(where: string, kind: keyof typeof integerRanges, value: unknown): TypedData {
  const data = isTyped(value) ? value : undefined;
  const plain: unknown = data !== undefined && 'value' in data ? data.value : value;
  const isInteger = typeof plain === 'bigint' || (typeof plain === 'number' && Number.isSafeInteger(plain));
  if (!isInteger || (data !== undefined && !integerTypes.includes(data.type))) {
    throw wrongType(where, `an integer (${kind})`, value);
  }
  const exact = BigInt(plain);
  const [min, max] = integerRanges[kind];
  if (exact < min || exact > max) throw wrongType(where, `${min} to ${max} (${kind})`, value);
  // HAProxy has one integer type and sends it as INT64; only a value that this cannot hold goes as UINT64.
  return data ?? (exact < 2n ** 63n ? int64(exact) : uint64(exact));
}

function isTyped(value: unknown): value is TypedData {
  return typeof value === 'object' && value !== null && 'type' in value && !(value instanceof Uint8Array);
}

function isText(value: unknown): value is string | Uint8Array {
  return typeof value === 'string' || value instanceof Uint8Array;
}

function plainData(where: string, kind: ValueKind, value: unknown): TypedData {
  if (kind === 'bool' && typeof value === 'boolean') return bool(value);
  if (isText(value)) {
    if (kind === 'string') return string(value);
    if (kind === 'binary') return binary(value);
    if (kind === 'ipv4') return ipv4(value);
    if (kind === 'ipv6') return ipv6(value);
    if (kind === 'address') return address(value);
  }
  throw wrongType(where, `a value of type ${kind}`, value);
}

/**
 * The typed data of one value under a declared type, encoded as HAProxy would.
 *
 * @throws SpopError `SPOP_INVALID_VALUE`, naming `where`.
 */
export function toDeclaredData(where: string, schema: ValueSchema, value: unknown): TypedData {
  const { kind } = schema;
  if (value === null && schema.optional) return nil;
  if (kind in integerRanges) return integerData(where, kind as keyof typeof integerRanges, value);
  if (!isTyped(value)) return plainData(where, kind, value);
  const matches = kind === 'address' ? value.type === 'ipv4' || value.type === 'ipv6' : value.type === kind;
  const data: TypedData | RawData = infer(value);
  if (!matches || data.type === 'raw') throw wrongType(where, `a value of type ${kind}`, value);
  return data;
}

/**
 * Names and typed data of a message's arguments, in the order given, checked against its schema.
 *
 * @throws SpopError `SPOP_INVALID_NAME` for an argument that is not declared, `SPOP_MISSING_ARGUMENT` for one that is
 * declared and missing, `SPOP_INVALID_VALUE` for one of another type.
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
      const reason = `message ${schema.name} declares ${declared.join(', ') || 'no arguments'}, got ${JSON.stringify(name)}`;
      throw new SpopError('SPOP_INVALID_NAME', reason);
    }
    if (value === undefined && type.optional) continue;
    result.push({ name, value: toDeclaredData(`argument ${name} of message ${schema.name}`, type, value) });
  }
  for (const name of declared) {
    if (schema.args[name]?.optional === false && args[name] === undefined) {
      throw new SpopError('SPOP_MISSING_ARGUMENT', `message ${schema.name} needs argument ${name}, which is missing`);
    }
  }
  return result;
}
