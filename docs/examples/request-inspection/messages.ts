/**
 * The messages and the variables, for the agent, tests and tools. Importing this starts nothing. Names of messages,
 * arguments and variables are those of coraza-spoa, so that its HAProxy configuration can be kept; added ones are marked.
 */
import { address, binary, bool, defineMessage, defineVariable, integer, oneOf, optional, string } from '@spop/agent';

/** A request, before it goes to a server. Arguments may come in any order, and each may be missing. */
export const corazaReq = defineMessage('coraza-req', {
  app: optional(string),
  /** A name for the request; without one the agent makes it. */
  id: optional(string),
  'src-ip': optional(address),
  method: optional(string),
  path: optional(string),
  query: optional(string),
  /** `req.hdrs`, or `req.hdrs_bin`, which is BINARY. */
  headers: optional(oneOf(string, binary)),
  body: optional(binary),
  exportRuleIDs: optional(bool),
  'detect-only': optional(bool),
  /**
   * Added: says that HAProxy waits for each body until it is whole or the buffer is full, and the buffer's size:
   * tune.bufsize less tune.maxrewrite. Only then is the end of a body without an announced length known.
   */
  'body-limit': optional(integer),
});

/** A response, before it goes to the client; `id` is the variable that the request's answer has set. */
export const corazaRes = defineMessage('coraza-res', {
  app: optional(string),
  id: optional(string),
  status: optional(integer),
  headers: optional(oneOf(string, binary)),
  body: optional(binary),
  exportRuleIDs: optional(bool),
  'detect-only': optional(bool),
});

/** The id that connects a response with its request, and log lines with each other. */
export const id = defineVariable('txn', 'id', string);
/** `deny`, `drop` or `redirect`; not set if the request may pass. */
export const action = defineVariable('txn', 'action', string);
/** The status to deny with: 403, or the rule's. */
export const status = defineVariable('txn', 'status', integer);
/** The address to redirect to. */
export const data = defineVariable('txn', 'data', string);
/** The rule that decided, or that made the score reach the threshold. */
export const ruleid = defineVariable('txn', 'ruleid', integer);
/** The sum of the scores of the request's rules. */
export const anomalyScore = defineVariable('txn', 'anomaly_score', integer);
/** The number of hit rules, of the request and the response together. */
export const rulesHit = defineVariable('txn', 'rules_hit', integer);
/** Their numbers, separated by commas, if `exportRuleIDs` is true; `,+3` at the end stands for three without room. */
export const ruleIds = defineVariable('txn', 'rule_ids', string);

/** Added: the sum of the scores of the response's rules. */
export const responseScore = defineVariable('txn', 'response_score', integer);
/** Added: false if the rules have seen only the beginning of the request's body, or its end is unknown. */
export const bodyComplete = defineVariable('txn', 'body_complete', bool);
/** Added: the same for the response's body. */
export const responseBodyComplete = defineVariable('txn', 'response_body_complete', bool);
/** Added: the value of `action` without detect-only. */
export const detected = defineVariable('txn', 'detected', string);
/** Added: the reason why no rule decided: `handler failed`, or `out of time`. */
export const byDefault = defineVariable('txn', 'by_default', string);
/** Added: whether the response's request was found. */
export const paired = defineVariable('txn', 'paired', bool);
