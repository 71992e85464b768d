import { Agent, request, type ClientRequestArgs } from 'node:http';
import { connect, isIPv6, type NetConnectOpts, type Socket } from 'node:net';

const REQUEST_TIMEOUT_MS = 10_000;

/** A whole HTTP answer. */
export interface Answer {
  readonly status: number;
  /** The words after it: `Forbidden`. */
  readonly statusText: string;
  /** Values by lower-case name; each byte of a value is one character. */
  readonly headers: Readonly<Record<string, string | undefined>>;
  /** Each byte is one character. */
  readonly body: string;
  /** From the call to the last byte, in milliseconds. */
  readonly durationMs: number;
}

/** Options of a request; a body makes it a POST. */
export interface RequestOptions {
  readonly path?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Uint8Array;
}

/** Options of a client's connections. */
export interface HttpClientOptions {
  /**
   * The client's address, of either family: each connection begins with a PROXY protocol line that names it. Without one
   * there is no such line.
   */
  readonly from?: string;
  /** Connections at once; 50 by default. */
  readonly maxSockets?: number;
}

/** The line of PROXY protocol, version 1, for a client with this address: source and destination address and port. */
export function proxyLine(from: string): string {
  const addresses = isIPv6(from) ? `TCP6 ${from} 2001:db8::80` : `TCP4 ${from} 192.0.2.80`;
  return `PROXY ${addresses} 49152 80\r\n`;
}

class ConnectingAgent extends Agent {
  readonly #target: NetConnectOpts;
  readonly #from: string | undefined;
  connections = 0;

  constructor(target: NetConnectOpts, from: string | undefined, maxSockets: number) {
    super({ keepAlive: true, maxSockets });
    this.#target = target;
    this.#from = from;
  }

  override createConnection(_: ClientRequestArgs): Socket {
    this.connections++;
    const socket = connect(this.#target);
    if (this.#from !== undefined) socket.write(proxyLine(this.#from), 'latin1');
    return socket;
  }
}

/** An HTTP client whose connections are kept alive until it is stopped. */
export class HttpClient {
  readonly #agent: ConnectingAgent;

  /** @param target the path of a unix socket, or a host and port. */
  constructor(target: string | NetConnectOpts, { from, maxSockets = 50 }: HttpClientOptions = {}) {
    this.#agent = new ConnectingAgent(typeof target === 'string' ? { path: target } : target, from, maxSockets);
  }

  /** The number of connections opened so far. */
  get connections(): number {
    return this.#agent.connections;
  }

  /** One request and its whole answer; rejects if there is none within ten seconds. */
  request({ path = '/', headers = {}, body }: RequestOptions = {}): Promise<Answer> {
    const startedAt = performance.now();
    return new Promise((resolve, reject) => {
      const outgoing = request({
        agent: this.#agent,
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
            statusText: incoming.statusMessage ?? '',
            headers: Object.fromEntries(Object.entries(incoming.headers).map(([name, value]) => [name, String(value)])),
            body: text,
            durationMs: performance.now() - startedAt,
          }),
        );
      });
      outgoing.end(body);
    });
  }

  /** Closes its connections. */
  stop(): void {
    this.#agent.destroy();
  }
}

/**
 * One request through an example of this repository, which reports the error of SPOE in `x-spoe-error`. A busy machine may
 * miss the example's `timeout processing`, a fraction of a second: error 1. The request is then repeated.
 */
export async function requestInTime(client: HttpClient): Promise<Answer> {
  let answer = await client.request();
  for (let retries = 5; retries > 0 && answer.headers['x-spoe-error'] === '1'; retries--)
    answer = await client.request();
  return answer;
}
