/** A request on its way through the bouncer. */
import type { Actions } from '@spop/agent';
import { compareRemediations, type Remediation } from './decision.ts';
import type { Host } from './hosts.ts';
import type { HttpRequest } from './request.ts';

/** A remediation and its source. */
export interface Verdict {
  readonly remediation: Remediation;
  readonly origin: string;
}

/** A request, and the facts known about it. */
export interface Visit {
  readonly ack: Actions;
  readonly client: string;
  readonly ipType: string;
  readonly request: HttpRequest;
  readonly host: Host | undefined;
  readonly decided: Verdict;
  /** The remediation of the connection. */
  readonly ofConnection: string | undefined;
}

/** Whether a request with this remediation is kept from the site. */
export function isBlocked(remediation: Remediation): boolean {
  return compareRemediations(remediation, 'unknown') > 0;
}

/** The remediation, or the fallback for a captcha if the host has none. */
export function possible(remediation: Remediation, host: Host | undefined): Remediation {
  return remediation === 'captcha' && host?.captcha === undefined ? (host?.fallbackRemediation ?? 'ban') : remediation;
}
