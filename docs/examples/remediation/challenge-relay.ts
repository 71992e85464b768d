/** Passes requests of a challenge's page on to AppSec: for scripts, and with the results of the visitor's browser. */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { type AppsecTarget, type Page, relay, targetOf } from './appsec.ts';
import type { Decisions } from './decisions.ts';
import type { Hosts } from './hosts.ts';
import { toHostName } from './request.ts';

/** Set by haproxy.cfg, which overwrites the client's. */
const CLIENT_HEADER = 'x-crowdsec-real-src';
const MAX_BODY_BYTES = 1024 * 1024;
/** Longer than for a message: no ACK waits here. */
const TIMEOUT_MS = 5_000;

/** Answers requests below `/crowdsec-internal/`. */
export class ChallengeRelay {
  readonly #decisions: Pick<Decisions, 'findText'>;
  readonly #hosts: { readonly value: Hosts };
  readonly #appsec: AppsecTarget | undefined;

  constructor(
    decisions: Pick<Decisions, 'findText'>,
    hosts: { readonly value: Hosts },
    appsec: AppsecTarget | undefined,
  ) {
    this.#decisions = decisions;
    this.#hosts = hosts;
    this.#appsec = appsec;
  }

  /** The answer; undefined for a banned client, or one that HAProxy does not name. */
  async answer(incoming: IncomingMessage): Promise<Page | undefined> {
    const client = incoming.headers[CLIENT_HEADER];
    if (typeof client !== 'string' || isIP(client) === 0) return undefined;
    if (this.#decisions.findText(client)?.remediation === 'ban') return undefined;
    const host = toHostName(incoming.headers.host ?? '');
    const appsec = targetOf(this.#hosts.value.find(host), this.#appsec);
    if (appsec === undefined) return undefined;
    const chunks: Buffer[] = [];
    let length = 0;
    for await (const chunk of incoming as AsyncIterable<Buffer>) {
      length += chunk.length;
      if (length > MAX_BODY_BYTES) throw new Error(`expected at most ${MAX_BODY_BYTES} bytes`);
      chunks.push(chunk);
    }
    const request = {
      method: incoming.method ?? 'GET',
      url: incoming.url ?? '/',
      version: incoming.httpVersion,
      host,
      userAgent: incoming.headers['user-agent'] ?? '',
      headers: incoming.rawHeaders.map((text, index) => (index % 2 === 0 ? text.toLowerCase() : text)),
      body: length === 0 ? undefined : Buffer.concat(chunks),
    };
    return relay(appsec, request, client, TIMEOUT_MS);
  }
}
