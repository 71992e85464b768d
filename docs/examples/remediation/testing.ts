/** Doubles of the bouncer's services: the decisions API, AppSec, and a provider of captchas. All are real HTTP servers. */
import { buffer } from 'node:stream/consumers';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Origin } from '@spop-internal/testbed/origin';
import { createAgent, toPrometheusText } from '@spop/agent';
import type { ArgumentsInput, ScriptedHaproxy } from '@spop/builder';
import { onTestFinished } from 'vitest';
import type { AddressWords } from '../shared/entry.ts';
import { connectTo, type Variables, variablesOf } from '../shared/testing.ts';
import { Bouncer, type BouncerParts } from './bouncer.ts';
import { Defaults } from './defaults.ts';
import { ChangeReader, type Changes } from './decision.ts';
import { DecisionTable } from './decision-table.ts';
import type { Held } from './held-slots.ts';
import { Hosts } from './hosts.ts';
import { BouncerMetrics } from './metrics.ts';

/** Path of the agent's program. */
export const AGENT: URL = new URL('agent.ts', import.meta.url);

/** The key that the API accepts. */
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

/** What a reader makes of a whole answer. */
export function readChanges(answer: unknown): Changes & Pick<ChangeReader, 'bad' | 'firstProblem'> {
  const reader = new ChangeReader();
  reader.write(Buffer.from(JSON.stringify(answer)));
  reader.end();
  return { ...reader.take(), bad: reader.bad, firstProblem: reader.firstProblem };
}

/** A decision with defaults for the fields that a test omits. */
export function decide(value: string, more: Partial<RawDecision> = {}): RawDecision {
  const scope = /^[A-Z]{2}$/.test(value) ? 'Country' : value.includes('/') ? 'Range' : 'Ip';
  return { scope, value, type: 'ban', origin: 'crowdsec', duration: '3h59m59.5s', scenario: 'test', ...more };
}

/** The wrong behaviour of a double: `hang` is no answer at all, `stall` the beginning of one. */
export type Trouble = 'hang' | 'stall' | 'malformed' | 500 | 403 | undefined;

/** A double of an HTTP service. */
export abstract class Double {
  trouble: Trouble;
  /** Paths and queries that it was asked for, the latest last. */
  readonly asked: string[] = [];
  #origin: Origin | undefined;
  readonly #onFinished: (end: () => void) => void;

  /** @param onFinished that of a concurrent test. */
  constructor(onFinished: (end: () => void) => void = onTestFinished) {
    this.#onFinished = onFinished;
  }

  /** Its URL; it ends with a slash. */
  get url(): string {
    return `http://${this.#origin?.address}/`;
  }

  /** Starts it; after a stop again at the same address. */
  async start(): Promise<this> {
    const port = Number(this.#origin?.address.split(':')[1] ?? 0);
    const origin = await Origin.serve((...both) => void this.#answer(...both), port);
    this.#onFinished(() => origin.stop());
    this.#origin = origin;
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
    if (trouble === 'stall') {
      response.write('{"new":[{"scope":');
      return;
    }
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

/** The decisions API: it sends the changes since the last question, as the real one does. */
export class Lapi extends Double {
  readonly #now: RawDecision[] = [];
  #added: RawDecision[] = [];
  #deleted: RawDecision[] = [];
  /** User agent of the last request. */
  userAgent = '';

  add(...decisions: readonly RawDecision[]): this {
    this.#now.push(...decisions);
    this.#added.push(...decisions);
    return this;
  }

  remove(decision: RawDecision): void {
    const at = this.#now.findIndex(({ value, type }) => value === decision.value && type === decision.type);
    this.#now.splice(at, 1);
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

/** The inspection service: it answers with the result of `decide`. */
export class Appsec extends Double {
  decide: (request: IncomingMessage, body: Buffer) => { status: number; body?: unknown; cookie?: string } = () => ({
    status: 200,
    body: { action: 'allow' },
  });
  /** Headers of the last request. */
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

/** An agent's answer to a message: its variables by name. */
export async function ask(peer: ScriptedHaproxy, message: string, args: ArgumentsInput): Promise<Variables> {
  return variablesOf(await peer.notify(message, args), 'txn');
}

/** A bouncer in this process, and a HAProxy in front of it. */
export interface Pair {
  readonly peer: ScriptedHaproxy;
  /** The decisions it knows. */
  readonly table: DecisionTable;
  /** The lines of its log about defaults. */
  readonly log: string[];
  /** Its own metrics, by name and labels. */
  metrics(): Record<string, number>;
}

/** Starts one that knows these decisions, until the test ends. */
export async function startPair(
  known: readonly RawDecision[],
  hosts: readonly unknown[],
  parts: Partial<BouncerParts> = {},
): Promise<Pair> {
  const table = new DecisionTable();
  for (const decision of readChanges({ new: known }).added) table.add(decision, performance.now());
  const decisions = {
    isKnown: true,
    polls: { asked: 0, failed: 0, ageMs: 0 },
    find: (address: AddressWords) => table.find(address, performance.now()),
    findCountry: (code: string) => table.findCountry(code, performance.now()),
    forEach: (visit: (held: Held) => void) => table.forEach(performance.now(), visit),
  };
  const log: string[] = [];
  const metrics = new BouncerMetrics();
  const defaults = new Defaults((line) => void log.push(line));
  const bouncer = new Bouncer({
    decisions,
    countries: undefined,
    hosts: { value: new Hosts(JSON.stringify({ hosts })) },
    challenges: undefined,
    agentName: 'agent1',
    appsec: undefined,
    appsecTimeoutMs: 5_000,
    appsecFailureAction: 'allow',
    captchaTimeoutMs: 5_000,
    metrics,
    defaults,
    ...parts,
  });
  const agent = createAgent();
  bouncer.answer(agent);
  const { port } = await agent.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => agent.close({ graceMs: 0 }));
  const peer = await connectTo(`127.0.0.1:${port}`);
  const text = (): string =>
    toPrometheusText(agent.toMetrics(), [...defaults.toMetrics(), ...metrics.toMetrics(decisions)]);
  const samples = (): [string, number][] =>
    [...text().matchAll(/^(\w+)(?:\{(.*)\})? (\S+)$/gm)].map(([, name = '', labels = '', value]) => [
      [name, ...[...labels.matchAll(/"([^"]*)"/g)].map(([, label = '']) => label)].join(' '),
      Number(value),
    ]);
  return { peer, table, log, metrics: () => Object.fromEntries(samples()) };
}
