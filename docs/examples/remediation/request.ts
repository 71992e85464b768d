/** An HTTP request, read from a message. */
import { CookieReader, HeaderReader } from '@spop/agent';
import type { RequestMessage } from './messages.ts';

/** The cookie of clients that have to solve a captcha, or have solved one. */
export const CAPTCHA_COOKIE = 'crowdsec_captcha_cookie';

const FORM = 'application/x-www-form-urlencoded';

/** The inspected parts of an HTTP request. */
export interface InspectedRequest {
  readonly method: string;
  readonly url: string;
  /** `1.1`. */
  readonly version: string;
  /** The Host header in lower case, without its port. */
  readonly host: string;
  readonly userAgent: string;
  /** All names, in lower case, and values in turn; each byte is one character. */
  readonly headers: readonly string[];
  /** Undefined if it has none, or HAProxy kept it. */
  readonly body: Buffer | undefined;
}

/** An HTTP request. */
export interface HttpRequest extends InspectedRequest {
  readonly isSecure: boolean;
  readonly captchaCookie: string | undefined;
  /** False if HAProxy kept the body, or a part of it. */
  readonly isBodyComplete: boolean;
  /** Whether the body is a posted form. */
  readonly isForm: boolean;
}

// Requests are read at once, before anything is awaited: one reader serves all.
const reader = new HeaderReader();
const cookies = new CookieReader(CAPTCHA_COOKIE);

/**
 * Reads it.
 *
 * @param isBodyKept whether HAProxy keeps the body, if there is one.
 */
export function readRequest(message: RequestMessage, isBodyKept: boolean): HttpRequest {
  const headers: string[] = [];
  const found = new Map<string, string>();
  let captchaCookie: string | undefined;
  if (message.headers !== undefined) {
    for (reader.read(message.headers); reader.next();) {
      const name = reader.name.toString().toLowerCase();
      const value = reader.value.toBytes().toString('latin1');
      headers.push(name, value);
      found.set(name, value);
      if (name !== 'cookie') continue;
      cookies.read(reader.value);
      // Several cookies come from other paths or from an attacker: none is valid.
      captchaCookie = cookies.count === 1 ? cookies.value?.toString() : undefined;
    }
  }
  const method = message.method?.toString() ?? 'GET';
  const body = message.body === undefined || message.body.byteLength === 0 ? undefined : message.body.toBytes();
  const isForm =
    method === 'POST' && body !== undefined && found.get('content-type')?.toLowerCase().startsWith(FORM) === true;
  return {
    method,
    url: message.url?.toBytes().toString('latin1') ?? '/',
    version: message.version?.toString() ?? '1.1',
    isSecure: message.ssl ?? false,
    host: toHostName(found.get('host') ?? ''),
    userAgent: found.get('user-agent') ?? '',
    captchaCookie,
    headers,
    body,
    isBodyComplete: !isBodyKept && Number(found.get('content-length') ?? '0') <= (body?.length ?? 0),
    isForm,
  };
}

/** The name in a Host header. */
export function toHostName(header: string): string {
  return header.toLowerCase().replace(/\.?(?::\d+)?$/, '');
}
