import type { Connection } from './connection.ts';

/** A connection without pipelining that is asked this often, or more often, is never ended between two NOTIFYs. */
const QUIET_MS = 250;
const LOOK_MS = 2;

/**
 * Ends connections so that few or no NOTIFYs are lost: HAProxy does not repeat one that crosses an AGENT-DISCONNECT.
 *
 * Without pipelining HAProxy sends none before the ACK of the last. A connection therefore stays for one more NOTIFY,
 * whose ACK leaves in one write with the AGENT-DISCONNECT, which meets nothing. It is only ended without one when it has
 * been quiet for a while.
 *
 * With pipelining the next NOTIFY may be under way already when an ACK is written. There each connection waits for a gap:
 * nothing read since the last look, and nothing in flight any more. It leaves with the ACK that makes it so, or else one
 * connection at a look, so that HAProxy moves to others bit by bit. A NOTIFY that is under way at that moment is lost.
 * Where there is no gap for half of the time, the connection leaves with any ACK after which nothing is in flight. Where
 * something always is, nothing more is read in the last quarter, and the connection leaves with the ACK of what was.
 */
export class Drain {
  readonly #connections: ReadonlySet<Connection>;
  readonly #quietMs: number;
  /** When to wait for gaps no longer. */
  readonly #hurryAt: number;
  /** When to read no further from those that were never without one in flight. */
  readonly #stopAt: number;
  /** How many pipelined connections may end at a look, so that all do within half of the grace. */
  readonly #perLook: number;
  /** Bytes read from a connection at the last look, and since when they are no more. */
  readonly #seen: Map<Connection, { bytesRead: number; since: number }> = new Map();
  readonly #timer: NodeJS.Timeout;

  /**
   * Begins to end all of `connections`, which is read as it changes.
   *
   * @param graceMs How much time there is in all; 0 for ending what has nothing in flight at once.
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
      // Some come while the listeners close.
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

/** Ends the connection once what waits in its socket was read, and only if that is nothing. */
function endAfterReading(connection: Connection): void {
  const { bytesRead } = connection;
  setImmediate(() => {
    if (connection.bytesRead === bytesRead) connection.session.leaveTaking.endIfIdle();
  });
}
