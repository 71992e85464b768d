/** Shows captchas, and lets clients pass that have solved one. */
import type { Actions } from '@spop/agent';
import { makeCookie, readCookie, solutionOf, verify } from './captcha.ts';
import { compareRemediations, type Remediation } from './decision.ts';
import type { Defaults } from './defaults.ts';
import type { CaptchaSettings } from './hosts.ts';
import {
  captchaCookie,
  captchaFrontendJs,
  captchaFrontendKey,
  captchaSiteKey,
  captchaStatus,
  redirect,
} from './messages.ts';
import type { BouncerMetrics } from './metrics.ts';
import type { Visit } from './visit.ts';

/** The captcha that a visit needs or answers, if any; a captcha does not lift a ban. */
export function captchaOf({ host, request }: Visit, wanted: Remediation): CaptchaSettings | undefined {
  const captcha = host?.captcha;
  if (captcha === undefined || wanted === 'captcha') return captcha;
  if (compareRemediations(wanted, 'captcha') > 0 || request.captchaCookie === undefined) return undefined;
  return solutionOf(captcha, request) === undefined ? undefined : captcha;
}

/** Decides about visits that need or answer a captcha. */
export class CaptchaGate {
  readonly #timeoutMs: number;
  readonly #metrics: BouncerMetrics;
  readonly #defaults: Defaults;

  /** @param timeoutMs time limit for a provider's answer. */
  constructor(timeoutMs: number, metrics: BouncerMetrics, defaults: Defaults) {
    this.#timeoutMs = timeoutMs;
    this.#metrics = metrics;
    this.#defaults = defaults;
  }

  /** The result for a visitor who must solve a captcha, or just has; `wanted` if this is another form. */
  async decide(
    { ack, client, request }: Visit,
    captcha: CaptchaSettings,
    wanted: Remediation,
  ): Promise<Remediation | 'solved'> {
    const known = await readCookie(captcha, request.captchaCookie, client);
    if (known === 'valid') {
      ack.set(captchaStatus, known);
      return 'allow';
    }
    const setStatus = async (status: 'pending' | 'valid'): Promise<void> => {
      ack.set(captchaStatus, status);
      if (status === known) return;
      ack.set(captchaCookie, await makeCookie(captcha, status, client, request.isSecure));
    };
    const solution = known === 'pending' ? solutionOf(captcha, request) : undefined;
    if (wanted !== 'captcha' && solution === undefined) return wanted;
    if (solution !== undefined && (await this.#isSolved(ack, captcha, solution, client))) {
      await setStatus('valid');
      ack.set(redirect, '1');
      return 'solved';
    }
    await setStatus('pending');
    ack.set(captchaSiteKey, captcha.siteKey);
    ack.set(captchaFrontendKey, captcha.frontendKey).set(captchaFrontendJs, captcha.frontendJs);
    return 'captcha';
  }

  async #isSolved(ack: Actions, captcha: CaptchaSettings, solution: string, client: string): Promise<boolean> {
    const startedAt = performance.now();
    try {
      return await verify(captcha, solution, client, this.#timeoutMs);
    } catch (error) {
      this.#defaults.report(ack, 'captcha unverified', error);
      return false;
    } finally {
      this.#metrics.captchaValidations.addSince(startedAt);
    }
  }
}
