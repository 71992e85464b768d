/** What of an agent is alive, and how much memory is in use, once the garbage is collected. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { Connections } from '../src/connection/connections.ts';
import { Exchanges } from '../src/notify/exchanges.ts';

// As `node --expose-gc`, for this process alone and without an option for whoever runs the tests.
setFlagsFromString('--expose-gc');
const gc: unknown = runInNewContext('gc');

/** Collects all garbage but what the current turn of the event loop has looked at. */
export function collectGarbage(): void {
  if (typeof gc !== 'function') throw new Error('expected V8 to have gc() with --expose-gc');
  Reflect.apply(gc, undefined, []);
}

/** Bytes that objects and buffers take. */
export function usedBytes(): number {
  // The second collection waits until the buffers that the first has found are freed and counted, which is done beside it.
  collectGarbage();
  collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

/** The objects of one kind that are alive, as far as they were seen. */
class Living {
  readonly #known: WeakSet<object> = new WeakSet();
  #refs: WeakRef<object>[] = [];

  see(object: object): void {
    if (this.#known.has(object)) return;
    this.#known.add(object);
    this.#refs.push(new WeakRef(object));
  }

  /** It waits to be used again, and counts no more until then. */
  pass(object: object): void {
    this.#known.delete(object);
    this.#refs = this.#refs.filter((ref) => ref.deref() !== object);
  }

  get count(): number {
    this.#refs = this.#refs.filter((ref) => ref.deref() !== undefined);
    return this.#refs.length;
  }

  /** Those that are alive now belong to somebody else. */
  forget(): void {
    this.#refs = [];
  }
}

const connections = new Living();
const sessions = new Living();
const exchanges = new Living();

/** Shows `see` what each call of a method was given first, and what it returned. */
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

/** How many objects of each kind are alive, of all that were made since {@link forgetLiving}. */
export interface LivingCounts {
  readonly connections: number;
  readonly sessions: number;
  /** Of those that were used, and do not wait to be used again. */
  readonly exchanges: number;
}

/** Counts what is alive; whatever was looked at in the current turn of the event loop is. */
export function countLiving(): LivingCounts {
  return { connections: connections.count, sessions: sessions.count, exchanges: exchanges.count };
}

/** Counts from zero again: what is alive by now is an earlier test's. */
export function forgetLiving(): void {
  for (const living of [connections, sessions, exchanges]) living.forget();
}
