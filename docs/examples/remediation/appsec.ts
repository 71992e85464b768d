/** Asks CrowdSec's AppSec component to inspect requests, by HTTP (https://docs.crowdsec.net/docs/appsec/protocol). */
import { Agent, request as httpRequest } from 'undici';
import { isRecord, type Remediation, toRemediation } from './decision.ts';
import type { Host } from './hosts.ts';
import type { InspectedRequest } from './request.ts';

/** A whole HTTP answer for a visitor. */
export interface Page {
  readonly status: number;
  /** Each name with its values. */
  readonly headers: readonly (readonly [name: string, values: readonly string[]])[];
  readonly body: string | Buffer;
}

/** The component's verdict on a request; `page` is the answer if the verdict is `challenge`. */
export interface Inspection {
  readonly remediation: Remediation;
  readonly page?: Page;
}

/** The component's address and key. */
export interface AppsecTarget {
  readonly url: string;
  readonly apiKey: string;
}

/** The component for a host's requests: its own, or that of all hosts, if there is one. */
export function targetOf(host: Host | undefined, ofAll: AppsecTarget | undefined): AppsecTarget | undefined {
  const url = host?.appsecUrl ?? ofAll?.url;
  return url === undefined ? undefined : { url, apiKey: host?.appsecKey ?? ofAll?.apiKey ?? '' };
}

/** Limit of an answer in bytes: no component sends as much. */
const MAX_ANSWER_BYTES = 4 * 1024 * 1024;
const CONNECTIONS = 64;

/** Headers between two programs (RFC 9110 §7.6.1), or set again. */
const HOP_BY_HOP = new Set(
  'connection content-length expect host keep-alive proxy-connection te trailer transfer-encoding upgrade'.split(' '),
);
/** Headers that only this agent sets. */
const OWN_PREFIX = 'x-crowdsec-appsec-';
/** Characters that a header's value must not have, but HAProxy lets pass. */
const CONTROL_CHARACTERS = /[^\t\u0020-\u007e\u0080-\u00ff]/g;

const dispatcher = new Agent({ connections: CONNECTIONS });

/** Asks about a request. @throws Error if there is no verdict within `timeoutMs`. */
export async function inspect(
  target: AppsecTarget,
  request: InspectedRequest,
  client: string,
  timeoutMs: number,
): Promise<Inspection> {
  const { statusCode, answer } = await ask(target, request, client, timeoutMs);
  if (statusCode === 200) return { remediation: 'allow' };
  if (statusCode === 403) return readRefusal(answer);
  throw new Error(
    `expected status 200 or 403; found ${statusCode}${statusCode === 401 ? ': is the API key right?' : ''}`,
  );
}

/** Asks about a request that is part of a challenge. @returns the visitor's answer. */
export async function relay(
  target: AppsecTarget,
  request: InspectedRequest,
  client: string,
  timeoutMs: number,
): Promise<Page | undefined> {
  const { statusCode, headers, answer } = await ask(target, request, client, timeoutMs);
  if (statusCode === 403) return readRefusal(answer).page;
  const passed = Object.entries(headers).map(([name, value]) => [name, [value ?? []].flat()] as const);
  return statusCode === 200 ? toPage(statusCode, passed, answer) : undefined;
}

async function ask(
  { url, apiKey }: AppsecTarget,
  { method, url: uri, host, userAgent, version, headers, body }: InspectedRequest,
  client: string,
  timeoutMs: number,
): Promise<{ statusCode: number; headers: Readonly<Record<string, string | string[] | undefined>>; answer: Buffer }> {
  const own = { ip: client, uri, host, verb: method, 'api-key': apiKey, 'user-agent': userAgent };
  const asked: string[] = [];
  for (const [name, value] of Object.entries({ ...own, 'http-version': version.replace('.', '').padEnd(2, '0') })) {
    asked.push(OWN_PREFIX + name, value.replaceAll(CONTROL_CHARACTERS, ''));
  }
  for (let at = 0; at < headers.length; at += 2) {
    const name = headers[at]!;
    if (HOP_BY_HOP.has(name) || name.startsWith(OWN_PREFIX)) continue;
    asked.push(name, headers[at + 1]!.replaceAll(CONTROL_CHARACTERS, ''));
  }
  const answered = await httpRequest(url, {
    dispatcher,
    // The component accepts only these two.
    method: body === undefined ? 'GET' : 'POST',
    headers: asked,
    body: body ?? null,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of answered.body as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`expected at most ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return { statusCode: answered.statusCode, headers: answered.headers, answer: Buffer.concat(chunks) };
}

/** Any such answer is a refusal: one that cannot be read, or served, is a ban. */
function readRefusal(answer: Buffer): Inspection {
  const refusal = parseJson(answer);
  const remediation = isRecord(refusal) && typeof refusal['action'] === 'string' ? refusal['action'] : 'ban';
  if (remediation !== 'challenge') {
    const known = toRemediation(remediation);
    return { remediation: known === 'unknown' ? 'ban' : known };
  }
  const {
    user_body_content: body,
    http_status: status,
    user_headers: headers,
    user_cookies: cookies,
  } = refusal as Readonly<Record<string, unknown>>;
  if (typeof body !== 'string' || body === '') return { remediation: 'ban' };
  const pairs = isRecord(headers)
    ? Object.entries(headers).map(([name, values]) => [name, strings(values)] as const)
    : [];
  const page = toPage(Number(status) || 200, [...pairs, ['set-cookie', strings(cookies)]], body);
  return { remediation, page };
}

function toPage(status: number, headers: Page['headers'], body: Page['body']): Page {
  const end = headers.filter(([name, values]) => values.length > 0 && !HOP_BY_HOP.has(name.toLowerCase()));
  return { status: status >= 200 && status <= 599 ? status : 200, headers: end, body };
}

function strings(values: unknown): string[] {
  return [values].flat().filter((value) => typeof value === 'string');
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch {
    return undefined;
  }
}
