/** Pages too large for an ACK: the agent keeps them, and serves them by HTTP to HAProxy, which fetches them at once. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { listenHttp } from '../shared/application.ts';
import { messageOf } from '../shared/message-of.ts';
import type { Page } from './appsec.ts';

const PATH = '/crowdsec-challenge/';
const MAX_PAGES = 1_000;
const KEPT_MS = 30_000;

interface KeptPage {
  readonly page: Page;
  readonly until: number;
}

/** Answers requests of a challenge's page; undefined for a refused one. */
export type Relay = (request: IncomingMessage) => Promise<Page | undefined>;

/** The pages, and the HTTP listener. */
export class Challenges {
  readonly #pages = new Map<string, KeptPage>();
  readonly #server: Server;

  constructor(relay: Relay) {
    this.#server = createServer((request, response) => void this.#answer(request, response, relay));
  }

  /** Pages that have not been fetched yet. */
  get size(): number {
    return this.#pages.size;
  }

  /** Keeps a page for half a minute, until it is fetched. @returns its path. */
  keep(page: Page): string {
    const now = performance.now();
    // The oldest come first.
    for (const [token, { until }] of this.#pages) {
      if (until > now && this.#pages.size < MAX_PAGES) break;
      this.#pages.delete(token);
    }
    const token = randomUUID();
    this.#pages.set(token, { page, until: now + KEPT_MS });
    return PATH + token;
  }

  /** Listens, and logs it. */
  async listen(address: string): Promise<void> {
    console.log(`challenges on ${await listenHttp(this.#server, address)}`);
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#server.close();
    this.#server.closeAllConnections();
    await once(this.#server, 'close');
  }

  async #answer(request: IncomingMessage, response: ServerResponse, relay: Relay): Promise<void> {
    try {
      // HAProxy has changed the path; the query is the visitor's.
      const [path = ''] = (request.url ?? '').split('?', 1);
      const page = path.startsWith(PATH) ? this.#take(path.slice(PATH.length)) : await relay(request);
      if (page === undefined) {
        response.writeHead(403, { 'content-type': 'text/plain' }).end('Forbidden\n');
        return;
      }
      for (const [name, values] of page.headers) response.setHeader(name, values);
      response.writeHead(page.status).end(page.body);
    } catch (error) {
      console.error(`a challenge has failed: ${messageOf(error)}`);
      for (const name of response.getHeaderNames()) response.removeHeader(name);
      if (!response.headersSent) response.writeHead(502, { 'content-type': 'text/plain' });
      response.end();
    }
  }

  /** Each page once. */
  #take(token: string): Page | undefined {
    const kept = this.#pages.get(token);
    this.#pages.delete(token);
    return kept !== undefined && kept.until > performance.now() ? kept.page : undefined;
  }
}
