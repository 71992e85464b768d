import { quoteText } from '../quote.ts';
import { acceptedTypes, type AnyValueType, kindsOf, type ValueKind } from './value-type.ts';

/**
 * Checks a value type, for callers without types.
 *
 * @param what The owner of the type, for the error.
 * @throws {TypeError} that says what was found, and where value types come from.
 */
export function checkValueType(what: string, type: unknown): asserts type is AnyValueType {
  if (isValueType(type)) return;
  throw new TypeError(`expected ${what} to be a type, such as string or optional(address); found ${describe(type)}`);
}

/** @throws {TypeError} when a type is `oneOf(…)`, which no value can be written as. */
export function checkOneKind(
  what: string,
  type: AnyValueType,
): asserts type is AnyValueType & { readonly kind: ValueKind } {
  if (type.kind !== 'oneOf') return;
  throw new TypeError(`expected ${what} to be one type; found oneOf(${kindsOf(type).join(', ')})`);
}

/** @throws {TypeError} when a name is not a string, for callers without types. */
export function checkName(what: string, name: unknown): asserts name is string {
  if (typeof name === 'string') return;
  throw new TypeError(`expected ${what} to be a string; found ${name === null ? 'null' : typeof name}`);
}

function isValueType(type: unknown): boolean {
  if (typeof type !== 'object' || type === null || !('kind' in type && 'optional' in type)) return false;
  const isKind = typeof type.kind === 'string' && (type.kind === 'oneOf' || Object.hasOwn(acceptedTypes, type.kind));
  return isKind && typeof type.optional === 'boolean';
}

function describe(type: unknown): string {
  if (typeof type === 'string') return `${quoteText(type)}: import the type of that name, and write it without quotes`;
  if (typeof type === 'function') return describeFunction(type.name);
  if (typeof type === 'object') return type === null ? 'null' : 'another object';
  return typeof type === 'number' ? `the number ${type}` : typeof type;
}

function describeFunction(name: string): string {
  if (!Object.hasOwn(acceptedTypes, name)) return `the function ${quoteText(name)}`;
  return `the function ${name}(), as data.${name} of @spop/builder is: import ${name} from @spop/agent or @spop/codec`;
}
