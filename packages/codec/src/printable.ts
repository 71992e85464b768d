import type { inspect as Inspect, InspectOptions } from 'node:util';
import { SpopError } from './errors.ts';

/** What `console.log` and `util.inspect` look for. */
const INSPECT = Symbol.for('nodejs.util.inspect.custom');

/**
 * Adds a field that is not enumerable: `structuredClone` and whoever spreads the object would copy the whole buffer behind
 * it. To be the field's first mention in the constructor: V8 makes objects slow whose fields change their kind.
 */
export function defineHidden(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, writable: true });
}

/**
 * Says what `JSON.stringify`, loggers and `console.log` make of the objects of a class. Left to themselves, they write out
 * fields, and with them the whole buffer, in which other clients' requests stand.
 */
export function definePrintable<View extends object>(prototype: View, toPlain: (view: View) => unknown): void {
  const methods = {
    toJSON(this: View): unknown {
      return toPlain(this);
    },
    [INSPECT](this: View, _depth: number, options: InspectOptions, inspect: typeof Inspect): unknown {
      try {
        const plain = toPlain(this);
        // Node prints text as it stands, with the line ends and escape sequences that a client put into it.
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
