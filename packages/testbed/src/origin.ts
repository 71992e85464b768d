import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A web site that answers every request with status 200 and the same text. */
export class Origin {
  /** As HAProxy spells it: `127.0.0.1:49152` or `unix@/run/site.sock`. */
  readonly address: string;
  readonly #server: Server;
  readonly #count: () => number;

  private constructor(address: string, server: Server, count: () => number) {
    this.address = address;
    this.#server = server;
    this.#count = count;
  }

  /** Starts one on a unix socket, or on a free port of 127.0.0.1. */
  static async start(text: string, socketPath?: string): Promise<Origin> {
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.end(text);
    });
    await once(socketPath === undefined ? server.listen(0, '127.0.0.1') : server.listen(socketPath), 'listening');
    const bound = server.address();
    const address = bound === null || typeof bound === 'string' ? `unix@${bound}` : `127.0.0.1:${bound.port}`;
    return new Origin(address, server, () => requests);
  }

  /** How many requests it has had so far. */
  get requests(): number {
    return this.#count();
  }

  /** Closes it, open connections included. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
