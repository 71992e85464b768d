import type { Duplex } from 'node:stream';
import { tickMs } from '../clock.ts';
import { Connection } from './connection.ts';
import type { Shared } from '../shared.ts';
import { ReadBuffer } from './shared-read.ts';

/** The open connections of an agent, whose timers it checks at ticks of the agent's clock. */
export class Connections {
  readonly #shared: Shared;
  readonly #open: Set<Connection> = new Set();
  readonly #readBuffer: ReadBuffer = new ReadBuffer();
  /** How many connections were opened so far. */
  #count: number = 0;
  #onNone: () => void = () => {};

  constructor(shared: Shared) {
    this.#shared = shared;
    shared.clock.every(tickMs(shared.options), (now) => {
      // After the event loop was blocked, the bytes that have come meanwhile are read first.
      setImmediate(() => {
        for (const connection of this.#open) connection.checkTimers(now);
      });
    });
  }

  /** All open connections, in the order they came. */
  get all(): ReadonlySet<Connection> {
    return this.#open;
  }

  /** @param isAccepted Whether `stream` is a new socket of a server with `pauseOnConnect`. */
  open(stream: Duplex, isAccepted: boolean): Connection {
    // The clock stops without connections; start it first, so that a new one's timers do not count that time.
    this.#shared.clock.start();
    const id = ++this.#count;
    const readBuffer = isAccepted ? this.#readBuffer : undefined;
    const connection = new Connection(this.#shared, stream, id, readBuffer, this.#onClosed);
    this.#open.add(connection);
    return connection;
  }

  /** Resolves once no connection is open. */
  whenNone(): Promise<void> {
    if (this.#open.size === 0) return Promise.resolve();
    return new Promise((resolve) => (this.#onNone = resolve));
  }

  readonly #onClosed = (connection: Connection): void => {
    this.#open.delete(connection);
    this.#shared.counters.addTraffic(connection);
    if (this.#open.size > 0) return;
    this.#shared.clock.stop();
    this.#onNone();
  };
}
