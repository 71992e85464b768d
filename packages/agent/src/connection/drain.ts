import type { Connection } from './connection.ts';

/** A connection without pipelining that gets a NOTIFY at least every 250 ms is never ended between two of them. */
const QUIET_MS = 250;
const LOOK_MS = 2;

/**
 * Ends connections so that few or no NOTIFYs are lost: HAProxy does not repeat one that crosses an AGENT-DISCONNECT.
 *
 * Without pipelining HAProxy sends no NOTIFY before the ACK of the last. A connection therefore stays for one more NOTIFY,
 * whose ACK shares one write with the AGENT-DISCONNECT, so that no NOTIFY crosses it. A connection that has been quiet for
 * 250 ms ends without another NOTIFY.
 *
 * With pipelining the next NOTIFY may be under way when an ACK is written. Each connection waits for a gap: nothing was
 * read since the last look, and nothing is in flight. A connection ends with the ACK that opens the gap. Of those that are
 * idle already, a few end at each look, so that HAProxy moves to other connections bit by bit. A NOTIFY that is under way
 * at that moment is lost. After half of the grace time a connection without a gap ends with any ACK after which nothing is
 * in flight. In the last quarter a connection that always has NOTIFYs in flight reads no more, and ends with its last ACK.
 */
export class Drain {
  readonly #connections: ReadonlySet<Connection>;
  readonly #quietMs: number;
  /** When to stop waiting for gaps. */
  readonly #hurryAt: number;
  /** When to stop reading connections that were never without a NOTIFY in flight. */
  readonly #stopAt: number;
  /** How many idle pipelined connections may end at each look, so that all do within half of the grace time. */
  readonly #perLook: number;
  /** Bytes read from a connection up to the last look, and since when that number has not changed. */
  readonly #seen: Map<Connection, { bytesRead: number; since: number }> = new Map();
  readonly #timer: NodeJS.Timeout;

  /**
   * Begins to end all of `connections`, those that are added later included.
   *
   * @param graceMs The grace time in ms; 0 ends connections with nothing in flight at once.
   */
  constructor(connections: ReadonlySet<Connection>, graceMs: number) {
    this.#connections = connections;
    this.#hurryAt = performance.now() + graceMs / 2;
    this.#stopAt = performance.now() + (graceMs * 3) / 4;
    this.#quietMs = Math.min(QUIET_MS, Math.floor(graceMs / 2));
    this.#perLook = Math.max(1, Math.ceil((connections.size * 2 * LOOK_MS) / Math.max(1, graceMs)));
    this.#look();
    this.#timer = setInterval(() => this.#look(), LOOK_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    let left = this.#perLook;
    for (const connection of this.#connections) {
      const { session, bytesRead } = connection;
      const { leaveTaking } = session;
      const seen = this.#seen.get(connection);
      // A connection may come while the listeners close.
      if (seen === undefined) session.drain();
      if (now >= this.#hurryAt) leaveTaking.hurry();
      if (now >= this.#stopAt) leaveTaking.stopReading();
      if (seen === undefined || seen.bytesRead !== bytesRead) {
        this.#seen.set(connection, { bytesRead, since: now });
        if (this.#quietMs === 0) leaveTaking.endIfIdle();
      } else if (now - seen.since >= this.#quietMs) {
        endAfterReading(connection);
      } else if (session.isPipelined) {
        leaveTaking.noteGap();
        if (left > 0 && leaveTaking.isIdle) {
          left--;
          endAfterReading(connection);
        }
      }
    }
  }
}

/** Ends the connection in the next turn of the event loop, unless that read more bytes. */
function endAfterReading(connection: Connection): void {
  const { bytesRead } = connection;
  setImmediate(() => {
    if (connection.bytesRead === bytesRead) connection.session.leaveTaking.endIfIdle();
  });
}
