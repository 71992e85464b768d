/** What is done with a connection or a request: decisions first, then captchas, then inspection. */
import type { Actions, AddressValue, Agent, MessageOf } from '@spop/agent';
import { messageOf } from '../shared/message-of.ts';
import type { Outcomes } from '../shared/outcomes.ts';
import { type AppsecTarget, inspect, targetOf } from './appsec.ts';
import { makeCookie, NO_COOKIE, readCookie, solutionOf, verify } from './captcha.ts';
import type { Challenges } from './challenges.ts';
import type { Countries } from './countries.ts';
import { compareRemediations, type Remediation } from './decision.ts';
import type { Decisions } from './decisions.ts';
import type { CaptchaSettings, Host, Hosts } from './hosts.ts';
import * as messages from './messages.ts';
import type { BouncerMetrics } from './metrics.ts';
import { type HttpRequest, readRequest } from './request.ts';

/** What can be decided by default. */
export const DEFAULTS = [
  'no address',
  'decisions missing',
  'country failed',
  'captcha unverified',
  'inspection failed',
  'inspection late',
  'body not inspected',
  'handler failed',
] as const;

/** What a bouncer works with. */
export interface BouncerParts {
  readonly decisions: Pick<Decisions, 'find' | 'findCountry' | 'isKnown'>;
  readonly countries: Countries | undefined;
  readonly hosts: { readonly value: Hosts };
  readonly challenges: Challenges | undefined;
  /** The name that HAProxy has for this agent. */
  readonly agentName: string;
  /** Who inspects requests; hosts may have somebody else. */
  readonly appsec: AppsecTarget | undefined;
  readonly appsecTimeoutMs: number;
  readonly appsecFailureAction: 'allow' | 'ban';
  readonly captchaTimeoutMs: number;
  readonly metrics: BouncerMetrics;
  readonly outcomes: Outcomes<(typeof DEFAULTS)[number]>;
}

interface Verdict {
  readonly remediation: Remediation;
  readonly origin: string;
}

const ALLOWED: Verdict = { remediation: 'allow', origin: '' };

/** A request on its way through the bouncer. */
interface Visit {
  readonly ack: Actions;
  readonly client: string;
  readonly ipType: string;
  readonly request: HttpRequest;
  readonly host: Host | undefined;
  readonly decided: Verdict;
  /** What was said of the connection. */
  readonly ofConnection: string | undefined;
}

/** Answers the messages of HAProxy. */
export class Bouncer {
  readonly #parts: BouncerParts;

  constructor(parts: BouncerParts) {
    this.#parts = parts;
  }

  /** Answers an agent's messages. */
  answer(agent: Agent): void {
    const fallback = (message: { readonly 'src-ip': AddressValue | undefined }, ack: Actions): void =>
      this.#answerFailure(message['src-ip'], ack);
    agent
      .onMessage(messages.crowdsecTcp, (message, ack) => this.#answerConnection(message, ack), { fallback })
      .onMessage(messages.crowdsecHttpBody, (message, ack) => this.#answerRequest(message, ack, false), { fallback })
      .onMessage(messages.crowdsecHttpNoBody, (message, ack) => this.#answerRequest(message, ack, true), { fallback });
  }

  /** A client has connected. */
  #answerConnection({ 'src-ip': client }: MessageOf<typeof messages.crowdsecTcp>, ack: Actions): void {
    if (client === undefined) return this.#decideByDefault(ack, 'no address');
    const { metrics } = this.#parts;
    const { remediation, origin } = this.#decide(client, ack);
    metrics.countProcessed(ipTypeOf(client));
    if (isBlocked(remediation)) metrics.countBlocked(origin, ipTypeOf(client), remediation);
    ack.set(messages.remediation, remediation);
  }

  /** A client has sent a request; `isBodyKept` where HAProxy kept the body. */
  #answerRequest(message: messages.RequestMessage, ack: Actions, isBodyKept: boolean): void | Promise<void> {
    const client = message['src-ip'];
    if (client === undefined) return this.#decideByDefault(ack, 'no address');
    const decided = this.#decide(client, ack);
    const request = readRequest(message, isBodyKept);
    const host = this.#parts.hosts.value.find(request.host);
    const ofConnection = message.remediation?.toString();
    const visit = { ack, client: client.toString(), ipType: ipTypeOf(client), request, host, decided, ofConnection };
    const wanted = possible(decided.remediation, host);
    const captcha = captchaOf(visit, wanted);
    // Most requests have neither: they are answered at once.
    if (captcha === undefined && this.#appsecOf(host, wanted) === undefined) {
      if (wanted === 'allow' && host?.captcha !== undefined && request.captchaCookie !== undefined) {
        ack.set(messages.captchaCookie, NO_COOKIE);
      }
      return this.#say(visit, wanted);
    }
    return this.#askOthers(visit, wanted, captcha);
  }

  /** Answers for a handler that failed: a client that is not simply allowed is kept out. */
  #answerFailure(client: AddressValue | undefined, ack: Actions): void {
    const found = client === undefined ? undefined : this.#parts.decisions.find(client);
    ack.set(messages.remediation, isBlocked(found?.remediation ?? 'allow') ? 'ban' : 'allow');
    this.#sayDefault(ack, 'handler failed');
  }

  #decide(client: AddressValue, ack: Actions): Verdict {
    const { decisions, countries, metrics } = this.#parts;
    const startedAt = performance.now();
    const found = decisions.find(client);
    metrics.ipChecks.addSince(startedAt);
    if (found === undefined && !decisions.isKnown) this.#sayDefault(ack, 'decisions missing');
    if (countries === undefined) return found ?? ALLOWED;
    const code = this.#countryOf(client, countries, ack);
    if (code === undefined) return found ?? ALLOWED;
    ack.set(messages.isocode, code);
    return found ?? decisions.findCountry(code) ?? ALLOWED;
  }

  #countryOf(client: AddressValue, countries: Countries, ack: Actions): string | undefined {
    const startedAt = performance.now();
    try {
      return countries.find(client.toString());
    } catch (error) {
      this.#sayDefault(ack, 'country failed', error);
      return undefined;
    } finally {
      this.#parts.metrics.geoLookups.addSince(startedAt);
    }
  }

  /** Who inspects a host's requests; nobody those that are refused already, unless the host wants that. */
  #appsecOf(host: Host | undefined, remediation: Remediation): AppsecTarget | undefined {
    return isBlocked(remediation) && host?.alwaysSend !== true ? undefined : targetOf(host, this.#parts.appsec);
  }

  async #askOthers(visit: Visit, wanted: Remediation, captcha: CaptchaSettings | undefined): Promise<void> {
    const shown = captcha === undefined ? wanted : await this.#showCaptcha(visit, captcha, wanted);
    // It is not this request that the site will see.
    if (shown === 'solved') return this.#say(visit, 'allow');
    const appsec = this.#appsecOf(visit.host, shown);
    const found = appsec === undefined ? shown : await this.#inspect(visit, appsec);
    this.#say(visit, compareRemediations(found, shown) > 0 ? found : shown);
  }

  /** What becomes of one who is to solve a captcha, or just has. */
  async #showCaptcha(
    { ack, client, request }: Visit,
    captcha: CaptchaSettings,
    decided: Remediation,
  ): Promise<Remediation | 'solved'> {
    const known = await readCookie(captcha, request.captchaCookie, client);
    const say = async (status: 'pending' | 'valid'): Promise<void> => {
      ack.set(messages.captchaStatus, status);
      if (status === known) return;
      ack.set(messages.captchaCookie, await makeCookie(captcha, status, client, request.isSecure));
    };
    if (known === 'valid') {
      await say('valid');
      return 'allow';
    }
    const solution = known === 'pending' ? solutionOf(captcha, request) : undefined;
    // Without a decision about a captcha, this is some other form.
    if (decided !== 'captcha' && solution === undefined) return decided;
    if (solution !== undefined && (await this.#isSolved(ack, captcha, solution, client))) {
      await say('valid');
      ack.set(messages.redirect, '1');
      return 'solved';
    }
    await say('pending');
    ack.set(messages.captchaSiteKey, captcha.siteKey);
    ack.set(messages.captchaFrontendKey, captcha.frontendKey);
    ack.set(messages.captchaFrontendJs, captcha.frontendJs);
    return 'captcha';
  }

  async #isSolved(ack: Actions, captcha: CaptchaSettings, solution: string, client: string): Promise<boolean> {
    const startedAt = performance.now();
    try {
      return await verify(captcha, solution, client, this.#parts.captchaTimeoutMs);
    } catch (error) {
      this.#sayDefault(ack, 'captcha unverified', error);
      return false;
    } finally {
      this.#parts.metrics.captchaValidations.addSince(startedAt);
    }
  }

  async #inspect(visit: Visit, target: AppsecTarget): Promise<Remediation> {
    const { appsecTimeoutMs, appsecFailureAction, metrics } = this.#parts;
    const { ack, client, ipType, request, host } = visit;
    ack.set(messages.bodyComplete, request.isBodyComplete);
    if (!request.isBodyComplete) this.#sayDefault(ack, 'body not inspected');
    try {
      const { remediation, page } = await inspect(target, request, client, appsecTimeoutMs);
      if (isBlocked(remediation)) metrics.countBlocked('appsec', ipType, remediation);
      if (remediation === 'captcha' && host?.captcha !== undefined) {
        const shown = await this.#showCaptcha(visit, host.captcha, remediation);
        return shown === 'solved' ? 'allow' : shown;
      }
      if (page === undefined) return possible(remediation, host);
      const { challenges, agentName } = this.#parts;
      if (challenges === undefined) return 'ban';
      ack.set(messages.challengeUrl, challenges.keep(page)).set(messages.challengeAgent, agentName);
      return remediation;
    } catch (error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      this.#sayDefault(ack, isLate ? 'inspection late' : 'inspection failed', error);
      return appsecFailureAction;
    }
  }

  /** Sets the remediation, and counts as CrowdSec does: what was counted for the connection is not counted again. */
  #say({ ack, host, ipType, decided, ofConnection }: Visit, remediation: Remediation): void {
    const { metrics } = this.#parts;
    if (ofConnection === undefined) metrics.countProcessed(ipType);
    const isNew = ofConnection === undefined || ofConnection === 'allow';
    if (isNew && isBlocked(decided.remediation) && isBlocked(remediation)) {
      metrics.countBlocked(decided.origin, ipType, decided.remediation);
    }
    ack.set(messages.remediation, remediation);
    if (remediation === 'ban' && host?.contactUsUrl !== undefined) ack.set(messages.contactUsUrl, host.contactUsUrl);
  }

  #decideByDefault(ack: Actions, reason: (typeof DEFAULTS)[number]): void {
    ack.set(messages.remediation, 'allow');
    this.#sayDefault(ack, reason);
  }

  #sayDefault(ack: Actions, reason: (typeof DEFAULTS)[number], error?: unknown): void {
    ack.set(messages.byDefault, reason);
    this.#parts.outcomes.countDefault(reason, error === undefined ? undefined : messageOf(error));
  }
}

/** What a captcha is shown or verified with, where a visit has to do with one. */
function captchaOf({ host, request }: Visit, wanted: Remediation): CaptchaSettings | undefined {
  const captcha = host?.captcha;
  if (captcha === undefined || wanted === 'captcha') return captcha;
  return request.captchaCookie !== undefined && solutionOf(captcha, request) !== undefined ? captcha : undefined;
}

/** The remediation, or what stands in for a captcha where there is none. */
function possible(remediation: Remediation, host: Host | undefined): Remediation {
  return remediation === 'captcha' && host?.captcha === undefined ? (host?.fallbackRemediation ?? 'ban') : remediation;
}

function isBlocked(remediation: Remediation): boolean {
  return compareRemediations(remediation, 'unknown') > 0;
}

function ipTypeOf({ family }: AddressValue): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6';
}
