import { inspect } from 'node:util';

/** The longest time that a timer of Node takes. */
export const MAX_TIMER_MS: number = 0x7fff_ffff;

/**
 * Checks a value that a caller gave, for callers without types. Every error about a configuration is made here.
 *
 * @throws {TypeError} "expected …; found …" when `holds` is false; or an `ErrorType`.
 */
export function check(
  holds: boolean,
  expected: string,
  found: unknown,
  ErrorType: typeof TypeError | typeof RangeError = TypeError,
): asserts holds {
  if (holds) return;
  // Quotes tell '9' from 9; an object is shown without its fields.
  const shown = typeof found === 'string' ? JSON.stringify(found) : inspect(found, { depth: -1 });
  throw new ErrorType(`expected ${expected}; found ${shown}`);
}

/** @throws {TypeError} when the options of a function are not an object, or one of them is not among `names`. */
export function checkOptions(of: string, options: unknown, names: readonly string[]): void {
  check(isObject(options), `the options of ${of} to be an object`, options);
  checkNames(`one of the options ${names.join(', ')} of ${of}`, options, names);
}

/** @throws {TypeError} when an object has a property that is not among `names`. */
export function checkNames(expected: string, value: object, names: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw new TypeError(`expected ${expected}; found '${name}'`);
  }
}

/** @throws {RangeError} when a value is not an integer in its range; `note` explains the range. */
export function checkInteger(name: string, value: unknown, minimum: number, maximum: number, note: string = ''): void {
  const isInRange = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
  check(isInRange, `${name} to be an integer from ${minimum} to ${maximum}${note}`, value, RangeError);
}

/** @throws {TypeError} when a value is not a function. */
export function checkFunction(name: string, value: unknown): void {
  check(typeof value === 'function', `${name} to be a function`, value);
}

/** Whether a value is an object and not an array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
