/** Asks CrowdSec's decisions API (LAPI) for all decisions, then again and again for what has changed. */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { type Changes, readChanges } from './decision.ts';

/** Where decisions come from, and how this agent proves who it is. */
export interface StreamSource {
  /** Ends with a slash. */
  readonly url: string;
  readonly apiKey: string | undefined;
  /** Paths of PEM files: the client's certificate and key, and the certificate of who signed the server's. */
  readonly certPath: string | undefined;
  readonly keyPath: string | undefined;
  readonly caPath: string | undefined;
  /** Whether decisions about countries are wanted, too. */
  readonly hasCountries: boolean;
}

/** Changes, and when they came. */
export interface Poll extends Changes {
  /** Whether they are all decisions there are. */
  readonly isStartup: boolean;
  /** On the clock of `process.hrtime`, which all threads have in common. */
  readonly receivedAt: bigint;
}

/** How long the API may take until its answer begins; all decisions together may be many. */
const ANSWER_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 60_000;
const USER_AGENT = 'spop-remediation/1.0';

/** A stream of decisions. */
export class DecisionStream {
  readonly #source: StreamSource;
  readonly #dispatcher: Dispatcher;
  /** The API remembers what it has said: after a failure nobody knows what of that was lost. */
  #isStartup = true;

  /** @param answerTimeoutMs until an answer begins. @throws Error where a file cannot be read. */
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

  /** What has changed since the last poll; all there is at first, and after a failure. @throws Error that says why not. */
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
