import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A web site that answers every request with status 200 and the same text. */
export class Origin {
  /** Host and port: `127.0.0.1:49152`. */
  readonly address: string;
  readonly #server: Server;

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
  }

  /** Starts one on a free port of 127.0.0.1. `onRequest` is told of every request: `GET /`. */
  static async start(text: string, onRequest?: (request: string) => void): Promise<Origin> {
    const server = createServer(({ method, url }, response) => {
      onRequest?.(`${method} ${url}`);
      response.end(text);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error(`expected a port; found ${bound}`);
    return new Origin(`127.0.0.1:${bound.port}`, server);
  }

  /** Closes it, open connections included. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
