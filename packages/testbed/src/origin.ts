import { once } from 'node:events';
import { createServer, type RequestListener, type Server } from 'node:http';

/** A web site on a free port of 127.0.0.1. */
export class Origin {
  /** Host and port: `127.0.0.1:49152`. */
  readonly address: string;
  readonly #server: Server;

  private constructor(address: string, server: Server) {
    this.address = address;
    this.#server = server;
  }

  /** Starts a site that answers every request with status 200 and the same text. `onRequest` is called for each: `GET /`. */
  static start(text: string, onRequest?: (request: string) => void): Promise<Origin> {
    return Origin.serve(({ method, url }, response) => {
      onRequest?.(`${method} ${url}`);
      response.end(text);
    });
  }

  /** Starts a site that answers with `listener`; on any free port if `port` is 0. */
  static async serve(listener: RequestListener, port: number = 0): Promise<Origin> {
    const server = createServer(listener).listen(port, '127.0.0.1');
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
