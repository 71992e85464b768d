import type { inspect as Inspect, InspectOptions } from 'node:util';
import { SpopError } from './errors.ts';

/** The method that `console.log` and `util.inspect` look for. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Adds a field that is not enumerable, since `structuredClone` and `{ ...object }` would copy the whole buffer in it. The
 * constructor has to call this before it mentions the field: V8 makes an object slow when a field changes its kind.
 */
export function defineHidden(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true });
}

/**
 * Sets what `JSON.stringify`, loggers and `console.log` print for the objects of a class. By default they print fields, and
 * with them the whole buffer, which contains other clients' requests.
 */
export function definePrintable<View extends object>(prototype: View, toPlain: (view: View) => unknown): void {
  const methods = {
    toJSON(this: View): unknown {
      return toPlain(this);
    },
    [INSPECT](this: View, _depth: number, options: InspectOptions, inspect: typeof Inspect): unknown {
      try {
        const plain = toPlain(this);
        // Node prints a string unescaped, with the line ends and escape sequences of a client.
        return typeof plain === 'string' ? inspect(plain, options) : plain;
      } catch (error) {
        if (error instanceof SpopError && error.code === 'SPOP_VIEW_CLOSED') return '[view of a closed frame]';
        throw error;
      }
    },
  };
  for (const key of Reflect.ownKeys(methods)) {
    Object.defineProperty(prototype, key, { value: Reflect.get(methods, key), configurable: true, writable: true });
  }
}
