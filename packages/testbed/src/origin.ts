import { once } from 'node:events';
import { createServer, type Server } from 'node:http';

/** A web site that answers every request with status 200 and the same text. */
export class Origin {
  /** Host and port: `127.0.0.1:49152`. */
  readonly address: string;
  /** Methods and paths of the requests that have come, in order: `GET /`. */
  readonly requests: string[] = [];
  readonly #server: Server;

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
  }

  /** Starts one on a free port of 127.0.0.1. */
  static async start(text: string): Promise<Origin> {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const bound = server.address();
    if (bound === null || typeof bound === 'string') throw new Error(`expected a port; found ${bound}`);
    const origin = new Origin(`127.0.0.1:${bound.port}`, server);
    server.on('request', ({ method, url }, response) => {
      origin.requests.push(`${method} ${url}`);
      response.end(text);
    });
    return origin;
  }

  /** Closes it, open connections included. */
  stop(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
