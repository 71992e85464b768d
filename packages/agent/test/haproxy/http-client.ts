/** HTTP requests from a client address of the test's choice: each connection begins with a PROXY protocol line. */
import { Agent, request, type ClientRequestArgs } from 'node:http';
import { connect, isIPv6, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';

const REQUEST_TIMEOUT_MS = 10_000;

/** A whole HTTP answer. */
export interface Answer {
  readonly status: number;
  /** By lower-case name; each byte of a value is one character. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  readonly body: string;
  /** From the call to the last byte, in milliseconds. */
  readonly durationMs: number;
}

/** What to request; a body makes it a POST. */
export interface RequestOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

class ProxyProtocolAgent extends Agent {
  readonly #line: string;
  connections = 0;

  constructor(from: string, maxSockets: number) {
    super({ keepAlive: true, maxSockets });
    // PROXY protocol version 1: source and destination address, source and destination port.
    this.#line = isIPv6(from)
      ? `PROXY TCP6 ${from} 2001:db8::80 49152 80\r\n`
      : `PROXY TCP4 ${from} 192.0.2.80 49152 80\r\n`;
  }

  override createConnection(options: ClientRequestArgs): Socket {
    this.connections++;
    const socket = connect({ path: String(options.socketPath) });
    socket.write(this.#line, 'latin1');
    return socket;
  }
}

/** A client with connections kept alive, closed when the test ends. */
export class HttpClient {
  readonly #socketPath: string;
  readonly #agent: ProxyProtocolAgent;

  /** @param from the address that HAProxy sees as `src`, of either family. */
  constructor(socketPath: string, from: string = '192.0.2.1', maxSockets: number = 50) {
    this.#socketPath = socketPath;
    this.#agent = new ProxyProtocolAgent(from, maxSockets);
    onTestFinished(() => this.#agent.destroy());
  }

  /** How many connections it has opened so far. */
  get connections(): number {
    return this.#agent.connections;
  }

  /** One request and its whole answer; rejects where there is none within ten seconds. */
  request({ path = '/', headers = {}, body }: RequestOptions = {}): Promise<Answer> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.#agent,
        socketPath: this.#socketPath,
        host: 'example.test',
        method: body === undefined ? 'GET' : 'POST',
        path,
        headers: { ...headers, ...(body === undefined ? {} : { 'content-length': Buffer.byteLength(body) }) },
        signal: AbortSignal.timeout(REQUEST_TIMEOUT_MS),
      });
      outgoing.on('error', reject);
      outgoing.on('response', (incoming) => {
        let text = '';
        incoming.setEncoding('latin1');
        incoming.on('data', (chunk: string) => (text += chunk));
        incoming.on('error', reject);
        incoming.on('end', () =>
          resolve({
            status: incoming.statusCode ?? 0,
            headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
            body: text,
            durationMs: performance.now() - startedAt,
          }),
        );
      });
      outgoing.end(body);
    });
  }
}
