/** Code shared by the tests of the browser validation: a visitor without a browser, who does the work of the page's script. */
import { connectAs, type Environment, startAgent, startHaproxy } from '@spop-internal/testbed/example';
import type { Haproxy } from '@spop-internal/testbed/haproxy/haproxy';
import type { HaproxyRelease } from '@spop-internal/testbed/haproxy/releases';
import type { Answer, HttpClient, RequestOptions } from '@spop-internal/testbed/http-client';
import type { Origin } from '@spop-internal/testbed/origin';
import type { Program } from '@spop-internal/testbed/program';
import { Path } from './messages.ts';
import { type Page, readPage, solve } from './solving.ts';

/** Path of the agent's program. */
export const AGENT: URL = new URL('agent.ts', import.meta.url);
/** HAProxy's configuration. */
export const CONFIG: URL = new URL('haproxy.cfg', import.meta.url);

/** Little work, so that tests do not wait. */
export const EASY = { WORK_BITS: '4,5,6', WAIT_S: '6,20,off', METRICS_ADDR: '127.0.0.1:0' } as const;

/** HAProxy's environment: long timeouts, for a busy machine, and visible reasons. */
const PATIENT = { SPOE_TIMEOUT: '5s', SHOW_REASONS: '1' } as const;

/** The agent, and HAProxy in front of a site, until the test ends. */
export async function startPair(
  release: Pick<HaproxyRelease, 'program'>,
  env: Environment = {},
  haproxyEnv: Environment = {},
  site?: Origin,
): Promise<{ agent: Program; haproxy: Haproxy }> {
  const { agent, spoeAddress } = await startAgent(AGENT, { ...EASY, ...env });
  const haproxy = await startHaproxy(release, CONFIG, spoeAddress, { ...PATIENT, ...haproxyEnv }, site);
  return { agent, haproxy };
}

/** A visitor who keeps cookies. */
export class Browserless {
  cookie: string = '';
  readonly #client: HttpClient;
  readonly #headers: Environment;

  constructor(from: string, haproxy: Haproxy, headers: Environment = {}) {
    this.#client = connectAs(from, haproxy);
    this.#headers = headers;
  }

  /** Requests something with the visitor's cookie and headers. */
  request(options: RequestOptions = {}): Promise<Answer> {
    const cookies = this.cookie === '' ? {} : { cookie: this.cookie };
    return this.#client.request({ ...options, headers: { ...this.#headers, ...cookies, ...options.headers } });
  }

  /** Posts the solution of a page. */
  hand({ challenge, bits }: Page): Promise<Answer> {
    return this.post(Path.solution, `challenge=${challenge}&number=${solve(challenge, bits)}`);
  }

  post(path: string, body: string): Promise<Answer> {
    return this.request({ path, body });
  }

  /** Takes the visitor through the page, and keeps the cookie. */
  async pass(path: string = '/'): Promise<void> {
    const answer = await this.hand(readPage(await this.request({ path })));
    if (answer.status !== 200) throw new Error(`expected 200; found ${answer.status}`);
    this.cookie = cookieOf(answer);
  }
}

/** Name and value of the last cookie that an answer sets; empty without one. */
export function cookieOf({ headers }: Answer): string {
  return /(?:^|,)(bv=[^;,]*)/.exec(headers['set-cookie'] ?? '')?.[1] ?? '';
}
