/** The message and the variables, for the agent, tests and tools. Importing this starts nothing. */
import { address, defineMessage, defineVariable, integer, optional, string } from '@spop/agent';

/** The client's addresses. Declared as haproxy.cfg sends them; each may be text or an address: see ClientKey. */
export const checkRate = defineMessage('check-rate', {
  ip_fwd: optional(string),
  ip_xff: optional(string),
  ip_src: optional(address),
});

/** 100 for a request above the rate, else 0. */
export const ipScore = defineVariable('sess', 'ip_score', integer);

/** 0 if the request may pass, else the whole ms until the next one may. */
export const retryAfterMs = defineVariable('sess', 'retry_after_ms', integer);

/** The number of requests that may still pass at once. */
export const rateRemaining = defineVariable('sess', 'rate_remaining', integer);

/** Whole seconds until the whole burst is free again, or after a refusal one request: the parameter `t` of the RateLimit field. */
export const rateResetS = defineVariable('sess', 'rate_reset_s', integer);

/** What decided: its memory, the store, or neither (`default`). */
export type RateSource = 'memory' | 'store' | 'local' | 'default';
export const rateSource = defineVariable('sess', 'rate_source', string);

/** Time of the decision, in µs of the deciding machine's clock, so that decisions can be replayed; 0 by default. */
export const rateTimeUs = defineVariable('sess', 'rate_time_us', integer);

/** With SHADOW: the value that ip_score would have. */
export const shadowScore = defineVariable('sess', 'shadow_score', integer);
