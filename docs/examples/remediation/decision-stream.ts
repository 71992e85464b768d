/** Asks CrowdSec's decisions API (LAPI) for all decisions, then again and again for changes. */
import { readFileSync } from 'node:fs';
import { Agent, type Dispatcher, request } from 'undici';
import { ChangeReader, type Changes, effectOf } from './decision.ts';

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

/** What one answer of the API says, piece by piece. */
export type PollMessage =
  /** Whether these are all decisions, not only changes; and the time of arrival, on the clock of `process.hrtime`, which all threads have in common. */
  | { readonly type: 'begin'; readonly isStartup: boolean; readonly receivedAt: bigint }
  | ({ readonly type: 'part' } & Changes)
  | { readonly type: 'end'; readonly bad: number; readonly firstProblem: string | undefined };

/** Time limits for the beginning of the API's answer and each next piece of it, and for all of it, which may be long. */
const ANSWER_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 300_000;
/** A part has so many decisions at most, which block the agent for about a millisecond. */
const PART = 1_000;
const USER_AGENT = 'spop-remediation/1.0';

/** A stream of decisions. */
export class DecisionStream {
  readonly #source: StreamSource;
  readonly #dispatcher: Dispatcher;
  /** The API sends each change once: after a failure some may be lost, so ask for all again. */
  #isStartup = true;

  /** @param answerTimeoutMs until an answer begins, and goes on. @throws Error if a file cannot be read. */
  constructor(source: StreamSource, answerTimeoutMs: number = ANSWER_TIMEOUT_MS) {
    this.#source = source;
    const [cert, key, ca] = [source.certPath, source.keyPath, source.caPath].map((path) =>
      path === undefined ? undefined : readFileSync(path),
    );
    this.#dispatcher = new Agent({
      headersTimeout: answerTimeoutMs,
      bodyTimeout: answerTimeoutMs,
      connect: { timeout: answerTimeoutMs, cert, key, ca },
    });
  }

  /**
   * Changes since the last poll, deletions first; all decisions at first, and after a failure. Few changes are one part, so that
   * they come into force at one moment.
   *
   * @throws Error with the reason of a failure.
   */
  async *poll(): AsyncGenerator<PollMessage, void> {
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
    yield { type: 'begin', isStartup, receivedAt };
    const reader = new ChangeReader();
    const chunks: AsyncIterable<Uint8Array> = answer.body;
    for await (const chunk of chunks) {
      reader.write(chunk);
      if (isStartup && reader.size >= PART) yield* partsOf(atStartup(reader.take()));
    }
    reader.end();
    const rest = reader.take();
    yield* partsOf(isStartup ? atStartup(rest) : effectOf(rest));
    this.#isStartup = false;
    yield { type: 'end', bad: reader.bad, firstProblem: reader.firstProblem };
  }
}

/** Nothing is in force before all of them are: what is deleted has no effect. */
function atStartup({ added }: Changes): Changes {
  return { deleted: [], added };
}

function* partsOf({ deleted, added }: Changes): Generator<PollMessage, void> {
  const count = deleted.length + added.length;
  if (count <= PART) {
    if (count > 0) yield { type: 'part', deleted, added };
    return;
  }
  for (let at = 0; at < deleted.length; at += PART)
    yield { type: 'part', deleted: deleted.slice(at, at + PART), added: [] };
  for (let at = 0; at < added.length; at += PART)
    yield { type: 'part', deleted: [], added: added.slice(at, at + PART) };
}
