import { inspect } from 'node:util';

/** The longest time that a timer of Node takes. */
export const MAX_TIMER_MS: number = 0x7fff_ffff;

/**
 * Refuses what a caller without types, or with a typing error, gave: every complaint about a configuration is made here.
 *
 * @throws {TypeError} "expected …; found …" where something does not hold, or another error that is asked for.
 */
export function check(
  holds: boolean,
  expected: string,
  found: unknown,
  ErrorType: typeof TypeError | typeof RangeError = TypeError,
): asserts holds {
  if (holds) return;
  // '9' is not to be taken for 9, and of an object nobody wants to read more than what it is.
  const shown = typeof found === 'string' ? JSON.stringify(found) : inspect(found, { depth: -1 });
  throw new ErrorType(`expected ${expected}; found ${shown}`);
}

/** @throws {TypeError} where the options of a function are no object, or one of them is not among `names`. */
export function checkOptions(of: string, options: unknown, names: readonly string[]): void {
  check(isObject(options), `the options of ${of} to be an object`, options);
  checkNames(`one of the options ${names.join(', ')} of ${of}`, options, names);
}

/** @throws {TypeError} where an object has a name that is not among `names`. */
export function checkNames(expected: string, value: object, names: readonly string[]): void {
  for (const name of Object.keys(value)) {
    if (!names.includes(name)) throw new TypeError(`expected ${expected}; found '${name}'`);
  }
}

/** @throws {RangeError} where a value is no integer in its range; `note` says more about that. */
export function checkInteger(name: string, value: unknown, minimum: number, maximum: number, note: string = ''): void {
  const isInRange = typeof value === 'number' && Number.isInteger(value) && value >= minimum && value <= maximum;
  check(isInRange, `${name} to be an integer from ${minimum} to ${maximum}${note}`, value, RangeError);
}

/** @throws {TypeError} where a value is no function. */
export function checkFunction(name: string, value: unknown): void {
  check(typeof value === 'function', `${name} to be a function`, value);
}

/** Whether a value is an object, and no array. */
export function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
