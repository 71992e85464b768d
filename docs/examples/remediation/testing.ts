/** Doubles of what the bouncer asks: the decisions API, AppSec, and a provider of captchas. All are real HTTP servers. */
import { buffer } from 'node:stream/consumers';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { ExampleAgent } from '@spop-internal/testbed/example';
import { Origin } from '@spop-internal/testbed/origin';
import { stopAfterTest } from '@spop-internal/testbed/vitest';

/** Where the agent's program is. */
export const AGENT: URL = new URL('agent.ts', import.meta.url);

/** The key that the API takes. */
export const LAPI_KEY = 'the-key-of-the-bouncer';

/** A decision as the API sends it. */
export interface RawDecision {
  readonly scope: string;
  readonly value: string;
  readonly type: string;
  readonly origin: string;
  readonly duration: string;
  readonly scenario: string;
}

/** A decision with what a test does not say. */
export function decide(value: string, more: Partial<RawDecision> = {}): RawDecision {
  const scope = /^[A-Z]{2}$/.test(value) ? 'Country' : value.includes('/') ? 'Range' : 'Ip';
  return { scope, value, type: 'ban', origin: 'crowdsec', duration: '3h59m59.5s', scenario: 'test', ...more };
}

/** How a double answers instead of as it should: `hang` not at all. */
export type Trouble = 'hang' | 'malformed' | 500 | 403 | undefined;

/** A double of an HTTP service. */
export abstract class Double {
  trouble: Trouble;
  /** Paths and queries that it was asked for, the latest last. */
  readonly asked: string[] = [];
  #origin: Origin | undefined;

  /** Where it is; it ends with a slash. */
  get url(): string {
    return `http://${this.#origin?.address}/`;
  }

  /** Starts it, again at the same address where it was stopped. */
  async start(): Promise<this> {
    const port = Number(this.#origin?.address.split(':')[1] ?? 0);
    this.#origin = stopAfterTest(await Origin.serve((...both) => void this.#answer(...both), port));
    return this;
  }

  /** Ends it, with all connections. */
  stop(): void {
    this.#origin?.stop();
  }

  /** Answers a request whose body is `body`. */
  protected abstract answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void;

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.asked.push(request.url ?? '');
    const { trouble } = this;
    if (trouble === 'hang') return;
    if (trouble === 'malformed') {
      response.end('{"new":[{"scope":');
      return;
    }
    if (trouble !== undefined) {
      response.writeHead(trouble).end();
      return;
    }
    this.answer(request, await buffer(request), response);
  }
}

/** The decisions API: it says what is new since it was asked last, as the real one does. */
export class Lapi extends Double {
  readonly #now: RawDecision[] = [];
  #added: RawDecision[] = [];
  #deleted: RawDecision[] = [];
  /** Of the last request. */
  userAgent = '';

  add(...decisions: readonly RawDecision[]): this {
    this.#now.push(...decisions);
    this.#added.push(...decisions);
    return this;
  }

  remove(decision: RawDecision): void {
    this.#now.splice(this.#now.indexOf(decision), 1);
    this.#deleted.push(decision);
  }

  protected answer(request: IncomingMessage, _: Buffer, response: ServerResponse): void {
    this.userAgent = request.headers['user-agent'] ?? '';
    if (request.headers['x-api-key'] !== LAPI_KEY) {
      response.writeHead(403).end();
      return;
    }
    const isStartup = request.url?.includes('startup=true');
    const added = isStartup ? this.#now : this.#added;
    const deleted = isStartup ? [] : this.#deleted;
    response.end(JSON.stringify({ new: added.length === 0 ? null : added, deleted }));
    this.#added = [];
    this.#deleted = [];
  }
}

/** The inspection service: it answers what `decide` says of a request. */
export class Appsec extends Double {
  decide: (request: IncomingMessage, body: Buffer) => { status: number; body?: unknown; cookie?: string } = () => ({
    status: 200,
    body: { action: 'allow' },
  });
  /** What it was asked with last. */
  lastHeaders: IncomingMessage['headers'] = {};

  protected answer(request: IncomingMessage, body: Buffer, response: ServerResponse): void {
    this.lastHeaders = request.headers;
    const { status, body: answer, cookie } = this.decide(request, body);
    if (cookie !== undefined) response.setHeader('set-cookie', cookie);
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(typeof answer === 'string' ? answer : JSON.stringify(answer));
  }
}

/** A provider of captchas: the solution is `right`. */
export class Verifier extends Double {
  protected answer(_: IncomingMessage, body: Buffer, response: ServerResponse): void {
    const form = new URLSearchParams(body.toString());
    const success = form.get('secret') === 'the-secret' && form.get('response') === 'right';
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ success }));
  }
}

/** The metrics of an agent with METRICS_ADDR, as text. */
export async function metricsOf({ agent }: ExampleAgent): Promise<string> {
  const address = await agent.says(/^metrics on\s+(\S+)$/m);
  return (await fetch(`http://${address}/metrics`)).text();
}
