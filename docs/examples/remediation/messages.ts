/** The messages and variables of CrowdSec's own bouncer. Importing this starts nothing. */
import { address, binary, bool, defineMessage, defineVariable, type MessageOf, optional, string } from '@spop/agent';

/** A client has connected. */
export const crowdsecTcp = defineMessage('crowdsec-tcp', { 'src-ip': optional(address) });

const requestArguments = {
  /** The remediation that crowdsec-tcp has set. */
  remediation: optional(string),
  'src-ip': optional(address),
  method: optional(string),
  url: optional(string),
  version: optional(string),
  headers: optional(string),
  ssl: optional(bool),
};

/** A request whose body, if any, is within the limit of haproxy.cfg. */
export const crowdsecHttpBody = defineMessage('crowdsec-http-body', { ...requestArguments, body: optional(binary) });

/** A request whose body is larger, and stays with HAProxy. */
export const crowdsecHttpNoBody = defineMessage('crowdsec-http-no-body', requestArguments);

/** The arguments of a request's message. */
export type RequestMessage = MessageOf<typeof crowdsecHttpNoBody> & {
  readonly body?: MessageOf<typeof crowdsecHttpBody>['body'];
};

/** `allow`, `captcha`, `challenge`, `ban`, or `unknown` for a decision of another type. */
export const remediation = defineVariable('txn', 'remediation', string);

/** The client's country, if it is known. */
export const isocode = defineVariable('txn', 'isocode', string);

/** The address to contact on the page of a ban. */
export const contactUsUrl = defineVariable('txn', 'contact_us_url', string);

/** Values for the page of a captcha. */
export const captchaSiteKey = defineVariable('txn', 'captcha_site_key', string);
export const captchaFrontendKey = defineVariable('txn', 'captcha_frontend_key', string);
export const captchaFrontendJs = defineVariable('txn', 'captcha_frontend_js', string);

/** `pending` or `valid`. */
export const captchaStatus = defineVariable('txn', 'captcha_status', string);

/** A Set-Cookie header for the answer. */
export const captchaCookie = defineVariable('txn', 'captcha_cookie', string);

/** `1` if a captcha was solved with this request: the visitor must send the first request again. */
export const redirect = defineVariable('txn', 'redirect', string);

/** The path of a challenge, which an agent keeps; and the agent, by the name of its `server` line. */
export const challengeUrl = defineVariable('txn', 'challenge_url', string);
export const challengeAgent = defineVariable('txn', 'challenge_agent', string);

/** For an inspected request: whether all of its body was inspected. */
export const bodyComplete = defineVariable('txn', 'body_complete', bool);

/** The reason for a decision by default. */
export const byDefault = defineVariable('txn', 'by_default', string);
