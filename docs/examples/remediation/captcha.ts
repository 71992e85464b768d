/** Captchas: the cookie of visitors who have solved one, and the HTTP API that all providers have in common. */
import { randomUUID } from 'node:crypto';
import { jwtVerify, SignJWT } from 'jose';
import { request } from 'undici';
import { isRecord } from './decision.ts';
import type { CaptchaSettings } from './hosts.ts';
import { CAPTCHA_COOKIE, type HttpRequest } from './request.ts';

const ALGORITHM = 'HS256';

/** The state of a visitor. */
export type CaptchaStatus = 'pending' | 'valid';

/** The state in a visitor's cookie; cookies of other keys or addresses are not valid. */
export async function readCookie(
  { signingKey }: CaptchaSettings,
  cookie: string | undefined,
  client: string,
): Promise<CaptchaStatus | undefined> {
  if (cookie === undefined) return undefined;
  try {
    const { payload } = await jwtVerify(cookie, signingKey, {
      algorithms: [ALGORITHM],
      subject: client,
      requiredClaims: ['exp'],
    });
    const { st } = payload;
    return st === 'pending' || st === 'valid' ? st : undefined;
  } catch {
    // A cookie that is forged, expired, or of another key or address counts as none.
    return undefined;
  }
}

/** The Set-Cookie header of a visitor in this state. Strict would show captchas again to visitors who follow a link. */
export async function makeCookie(
  { signingKey, pendingS, passedS }: CaptchaSettings,
  st: CaptchaStatus,
  client: string,
  isSecure: boolean,
): Promise<string> {
  const token = await new SignJWT({ st, uuid: randomUUID() })
    .setProtectedHeader({ alg: ALGORITHM })
    .setSubject(client)
    .setIssuedAt()
    .setExpirationTime(Math.floor(Date.now() / 1_000) + (st === 'valid' ? passedS : pendingS))
    .sign(signingKey);
  return `${CAPTCHA_COOKIE}=${token}; Path=/; HttpOnly; SameSite=Lax${isSecure ? '; Secure' : ''}`;
}

/** The Set-Cookie header that removes the cookie. */
export const NO_COOKIE: string = `${CAPTCHA_COOKIE}=; Path=/; Max-Age=0; HttpOnly; SameSite=Lax`;

/** The solution that a visitor has posted; undefined for any other request. */
export function solutionOf({ frontendKey }: CaptchaSettings, { isForm, body }: HttpRequest): string | undefined {
  const fields = isForm ? new URLSearchParams(body?.toString('latin1')) : undefined;
  return fields?.get(`${frontendKey}-response`) || undefined;
}

/** Asks the provider. @throws Error if it does not say whether the solution is right. */
export async function verify(
  { verifyUrl, secretKey }: CaptchaSettings,
  solution: string,
  client: string,
  timeoutMs: number,
): Promise<boolean> {
  const { statusCode, body } = await request(verifyUrl, {
    method: 'POST',
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: new URLSearchParams({ secret: secretKey, response: solution, remoteip: client }).toString(),
    signal: AbortSignal.timeout(timeoutMs),
  });
  const answer = await body.json();
  if (!isRecord(answer) || typeof answer['success'] !== 'boolean') {
    throw new Error(`expected success to be true or false; found status ${statusCode}`);
  }
  return answer['success'];
}
