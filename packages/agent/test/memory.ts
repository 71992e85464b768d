/** The living objects of an agent, and the memory in use, after a garbage collection. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Connections } from '../src/connection/connections.ts';
import { Exchanges } from '../src/notify/exchanges.ts';

// As `node --expose-gc`, for this process alone and without an option on the command line.
setFlagsFromString('--expose-gc');
const gc: unknown = runInNewContext('gc');

/** Collects all garbage, except objects that the current turn of the event loop has dereferenced. */
export function collectGarbage(): void {
  if (typeof gc !== 'function') throw new Error('expected V8 to have gc() with --expose-gc');
  Reflect.apply(gc, undefined, []);
}

/** The bytes of objects and buffers. */
export function usedBytes(): number {
  // Buffers found by the first collection are freed and counted concurrently; the second collection waits for that.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The living objects of one kind, of those that were seen. */
class Living {
  readonly #known: WeakSet<object> = new WeakSet();
  #refs: WeakRef<object>[] = [];

  see(object: object): void {
    if (this.#known.has(object)) return;
    this.#known.add(object);
    this.#refs.push(new WeakRef(object));
  }

  /** The object waits to be used again, and is not counted until then. */
  pass(object: object): void {
    this.#known.delete(object);
    this.#refs = this.#refs.filter((ref) => ref.deref() !== object);
  }

  get count(): number {
    this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
    return this.#refs.length;
  }

  /** Forgets the objects that are alive now: they belong to an earlier test. */
  forget(): void {
    this.#refs = [];
  }
}

const connections = new Living();
const sessions = new Living();
const exchanges = new Living();

/** Calls `see` with the first argument and the result of each call of a method. */
function watch(prototype: object, name: string, see: (argument: unknown, result: unknown) => void): void {
  const method: unknown = Reflect.get(prototype, name);
  if (typeof method !== 'function') throw new Error(`expected ${name} to be a method`);
  Reflect.set(prototype, name, function (this: object, ...args: unknown[]): unknown {
    const result: unknown = Reflect.apply(method, this, args);
    see(args[0], result);
    return result;
  });
}

watch(Connections.prototype, 'open', (_, connection) => {
  if (typeof connection !== 'object' || connection === null) throw new Error('expected open() to return a connection');
  connections.see(connection);
  const session: unknown = Reflect.get(connection, 'session');
  if (typeof session !== 'object' || session === null) throw new Error('expected a connection to have a session');
  sessions.see(session);
});
watch(Exchanges.prototype, 'next', (_, exchange) => {
  if (typeof exchange !== 'object' || exchange === null) throw new Error('expected next() to return an exchange');
  exchanges.see(exchange);
});
watch(Exchanges.prototype, 'giveBack', (exchange) => {
  if (typeof exchange === 'object' && exchange !== null) exchanges.pass(exchange);
});

/** The number of living objects of each kind, of those made since {@link forgetLiving}. */
export interface LivingCounts {
  readonly connections: number;
  readonly sessions: number;
  /** Exchanges that were used, and do not wait to be used again. */
  readonly exchanges: number;
}

/** Counts the living objects; those that the current turn of the event loop has dereferenced are alive. */
export function countLiving(): LivingCounts {
  return { connections: connections.count, sessions: sessions.count, exchanges: exchanges.count };
}

/** Counts from zero again: objects that are alive now are an earlier test's. */
export function forgetLiving(): void {
  for (const living of [connections, sessions, exchanges]) living.forget();
}
