/** Asks CrowdSec's decisions API (LAPI) for all decisions, then again and again for changes. */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { type Changes, readChanges } from './decision.ts';

/** The decisions API, and this agent's credentials for it. */
export interface StreamSource {
  /** Ends with a slash. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Paths of PEM files: the client's certificate and key, and the certificate of the server's authority. */
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
  readonly caPath: string | undefined;
  /** Whether to ask for decisions about countries, too. */
  readonly hasCountries: boolean;
}

/** Changes, and the time of their arrival. */
export interface Poll extends Changes {
  /** Whether these are all decisions, not only changes. */
  readonly isStartup: boolean;
  /** On the clock of `process.hrtime`, which all threads have in common. */
  readonly receivedAt: bigint;
}

/** Time limits for the beginning of the API's answer, and for all of it, which may be long. */
const ANSWER_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;
const USER_AGENT = 'spop-remediation/1.0';

/** A stream of decisions. */
export class DecisionStream {
  readonly #source: StreamSource;
  readonly #dispatcher: Dispatcher;
  /** The API sends each change once: after a failure some may be lost, so ask for all again. */
  #isStartup = true;

  /** @param answerTimeoutMs until an answer begins. @throws Error if a file cannot be read. */
  constructor(source: StreamSource, answerTimeoutMs: number = ANSWER_TIMEOUT_MS) {
    this.#source = source;
    const [cert, key, ca] = [source.certPath, source.keyPath, source.caPath].map((path) =>
      path === undefined ? undefined : readFileSync(path),
    );
    this.#dispatcher = new Agent({
      headersTimeout: answerTimeoutMs,
      connect: { timeout: answerTimeoutMs, cert, key, ca },
    });
  }

  /** Changes since the last poll; all decisions at first, and after a failure. @throws Error with the reason of a failure. */
  async poll(): Promise<Poll> {
    const isStartup = this.#isStartup;
    this.#isStartup = true;
    const url = new URL('v1/decisions/stream', this.#source.url);
    url.searchParams.set('startup', String(isStartup));
    // Without it, the API leaves countries out.
    url.searchParams.set('scopes', this.#source.hasCountries ? 'ip,range,country' : 'ip,range');
    const { apiKey } = this.#source;
    const answer = await request(url, {
      dispatcher: this.#dispatcher,
      headers: { 'user-agent': USER_AGENT, ...(apiKey === undefined ? {} : { 'x-api-key': apiKey }) },
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    });
    const receivedAt = process.hrtime.bigint();
    if (answer.statusCode !== 200) {
      await answer.body.dump();
      const hint = answer.statusCode === 403 ? ': is the API key, or the certificate, registered as a bouncer?' : '';
      throw new Error(`expected status 200; found ${answer.statusCode}${hint}`);
    }
    const changes = readChanges(await answer.body.json());
    this.#isStartup = false;
    return { ...changes, isStartup, receivedAt };
  }
}
