/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, defineMessage, defineVariable, integer, optional, string } from '@spop/agent';

/** Who the client is. Declared as haproxy.cfg sends them; the agent takes text or an address of each: see ClientKey. */
export const checkRate = defineMessage('check-rate', {
  ip_fwd: optional(string),
  ip_xff: optional(string),
  ip_src: optional(address),
});

/** 100 where the request is one too many, else 0. */
export const ipScore = defineVariable('sess', 'ip_score', integer);

/** 0 where it may pass, else after how many whole ms the next one may. */
export const retryAfterMs = defineVariable('sess', 'retry_after_ms', integer);

/** How many more may pass at once. */
export const rateRemaining = defineVariable('sess', 'rate_remaining', integer);

/** For the parameter `t` of the RateLimit field, in whole seconds: until all of the burst is free again, or one request is where none is. */
export const rateResetS = defineVariable('sess', 'rate_reset_s', integer);

/** Who decided; `default` is nobody. */
export type RateSource = 'memory' | 'store' | 'local' | 'default';
export const rateSource = defineVariable('sess', 'rate_source', string);

/** When it was decided, in µs of the clock of who decided, so that decisions can be replayed; 0 by default. */
export const rateTimeUs = defineVariable('sess', 'rate_time_us', integer);

/** With SHADOW: what ip_score would be. */
export const shadowScore = defineVariable('sess', 'shadow_score', integer);
