/** The steps for a connection or a request: decisions first, then captchas, then inspection. */
import type { Actions, AddressValue, Agent, MessageOf } from '@spop/agent';
import { type AppsecTarget, inspect, targetOf } from './appsec.ts';
import { NO_COOKIE } from './captcha.ts';
import { CaptchaGate, captchaOf } from './captcha-gate.ts';
import type { Challenges } from './challenges.ts';
import type { Countries } from './countries.ts';
import { compareRemediations, type Remediation } from './decision.ts';
import type { Decisions } from './decisions.ts';
import type { Defaults } from './defaults.ts';
import type { CaptchaSettings, Host, Hosts } from './hosts.ts';
import * as messages from './messages.ts';
import type { BouncerMetrics } from './metrics.ts';
import { readRequest } from './request.ts';
import { isBlocked, possible, type Verdict, type Visit } from './visit.ts';

/** The parts of a bouncer. */
export interface BouncerParts {
  readonly decisions: Pick<Decisions, 'find' | 'findCountry' | 'isKnown'>;
  readonly countries: Countries | undefined;
  readonly hosts: { readonly value: Hosts };
  readonly challenges: Challenges | undefined;
  /** HAProxy's name for this agent. */
  readonly agentName: string;
  /** The AppSec component; hosts may have their own. */
  readonly appsec: AppsecTarget | undefined;
  readonly appsecTimeoutMs: number;
  readonly appsecFailureAction: 'allow' | 'ban';
  readonly captchaTimeoutMs: number;
  readonly metrics: BouncerMetrics;
  readonly defaults: Defaults;
}

/** The agent's own time in addition to that of the services. */
const MARGIN_MS = 100;

const ALLOWED: Verdict = { remediation: 'allow', origin: '' };

/** Answers the messages of HAProxy. */
export class Bouncer {
  readonly #parts: BouncerParts;
  readonly #captchas: CaptchaGate;

  constructor(parts: BouncerParts) {
    this.#parts = parts;
    this.#captchas = new CaptchaGate(parts.captchaTimeoutMs, parts.metrics, parts.defaults);
  }

  /** Answers an agent's messages, each within the time limits of the services that it asks. */
  answer(agent: Agent): void {
    const { appsecTimeoutMs, captchaTimeoutMs } = this.#parts;
    const fallback = (message: { readonly 'src-ip': AddressValue | undefined }, ack: Actions): void =>
      this.#answerFailure(message['src-ip'], ack);
    agent.onMessage(messages.crowdsecTcp, (message, ack) => this.#answerConnection(message, ack), { fallback });
    agent.onMessage(messages.crowdsecHttpNoBody, (message, ack) => this.#answerRequest(message, ack, true), {
      timeoutMs: appsecTimeoutMs + MARGIN_MS,
      fallback,
    });
    // The solution of a captcha is in a body.
    agent.onMessage(messages.crowdsecHttpBody, (message, ack) => this.#answerRequest(message, ack, false), {
      timeoutMs: appsecTimeoutMs + captchaTimeoutMs + MARGIN_MS,
      fallback,
    });
  }

  /** A client has connected. */
  #answerConnection({ 'src-ip': client }: MessageOf<typeof messages.crowdsecTcp>, ack: Actions): void {
    if (client === undefined) return this.#letPass(ack);
    const { metrics } = this.#parts;
    const { remediation, origin } = this.#decide(client, ack);
    metrics.countProcessed(ipTypeOf(client));
    if (isBlocked(remediation)) metrics.countBlocked(origin, ipTypeOf(client), remediation);
    ack.set(messages.remediation, remediation);
  }

  /** A client has sent a request; `isBodyKept` if HAProxy kept the body. */
  #answerRequest(message: messages.RequestMessage, ack: Actions, isBodyKept: boolean): void | Promise<void> {
    const client = message['src-ip'];
    if (client === undefined) return this.#letPass(ack);
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
      return this.#conclude(visit, wanted);
    }
    return this.#askOthers(visit, wanted, captcha);
  }

  /** Answers for a failed handler: a client with a decision against it is banned. */
  #answerFailure(client: AddressValue | undefined, ack: Actions): void {
    const found = client === undefined ? undefined : this.#parts.decisions.find(client);
    ack.set(messages.remediation, isBlocked(found?.remediation ?? 'allow') ? 'ban' : 'allow');
    this.#parts.defaults.report(ack, 'handler failed');
  }

  #decide(client: AddressValue, ack: Actions): Verdict {
    const { decisions, countries, metrics } = this.#parts;
    const startedAt = performance.now();
    const found = decisions.find(client);
    metrics.ipChecks.addSince(startedAt);
    if (found === undefined && !decisions.isKnown) this.#parts.defaults.report(ack, 'decisions missing');
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
      this.#parts.defaults.report(ack, 'country failed', error);
      return undefined;
    } finally {
      this.#parts.metrics.geoLookups.addSince(startedAt);
    }
  }

  /** The component for a host's requests; none for refused ones, unless the host asks for it. */
  #appsecOf(host: Host | undefined, remediation: Remediation): AppsecTarget | undefined {
    return isBlocked(remediation) && host?.alwaysSend !== true ? undefined : targetOf(host, this.#parts.appsec);
  }

  async #askOthers(visit: Visit, wanted: Remediation, captcha: CaptchaSettings | undefined): Promise<void> {
    const shown = captcha === undefined ? wanted : await this.#captchas.decide(visit, captcha, wanted);
    // The site will not see this request.
    if (shown === 'solved') return this.#conclude(visit, 'allow');
    const appsec = this.#appsecOf(visit.host, shown);
    const found = appsec === undefined ? shown : await this.#inspect(visit, appsec);
    if (compareRemediations(found, shown) <= 0) return this.#conclude(visit, shown);
    const own = visit.host?.captcha;
    const last = found === 'captcha' && own !== undefined ? await this.#captchas.decide(visit, own, found) : found;
    this.#conclude(visit, last === 'solved' ? 'allow' : last);
  }

  async #inspect(visit: Visit, target: AppsecTarget): Promise<Remediation> {
    const { appsecTimeoutMs, appsecFailureAction, metrics } = this.#parts;
    const { ack, client, ipType, request, host } = visit;
    ack.set(messages.bodyComplete, request.isBodyComplete);
    if (!request.isBodyComplete) this.#parts.defaults.report(ack, 'body not inspected');
    try {
      const { remediation, page } = await inspect(target, request, client, appsecTimeoutMs);
      if (isBlocked(remediation)) metrics.countBlocked('appsec', ipType, remediation);
      if (page === undefined) return possible(remediation, host);
      const { challenges, agentName } = this.#parts;
      if (challenges === undefined) return 'ban';
      ack.set(messages.challengeUrl, challenges.keep(page)).set(messages.challengeAgent, agentName);
      return remediation;
    } catch (error) {
      const isLate = error instanceof Error && error.name === 'TimeoutError';
      this.#parts.defaults.report(ack, isLate ? 'inspection late' : 'inspection failed', error);
      return appsecFailureAction;
    }
  }

  /** Sets the remediation, and counts as CrowdSec does: a request counted with its connection is not counted again. */
  #conclude({ ack, host, ipType, decided, ofConnection }: Visit, remediation: Remediation): void {
    const { metrics } = this.#parts;
    if (ofConnection === undefined) metrics.countProcessed(ipType);
    const isNew = ofConnection === undefined || ofConnection === 'allow';
    if (isNew && isBlocked(decided.remediation) && isBlocked(remediation)) {
      metrics.countBlocked(decided.origin, ipType, decided.remediation);
    }
    ack.set(messages.remediation, remediation);
    if (remediation === 'ban' && host?.contactUsUrl !== undefined) ack.set(messages.contactUsUrl, host.contactUsUrl);
  }

  #letPass(ack: Actions): void {
    ack.set(messages.remediation, 'allow');
    this.#parts.defaults.report(ack, 'no address');
  }
}

function ipTypeOf({ family }: AddressValue): 'ipv4' | 'ipv6' {
  return family === 4 ? 'ipv4' : 'ipv6';
}
