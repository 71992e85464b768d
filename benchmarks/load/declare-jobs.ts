import { address, bool, defineMessage, defineVariable, int64, integer, optional, string } from '@spop/codec';

/**
 * Declares what both jobs of traffic.ts ask and answer. A function, so that a program has constants of its own, as it
 * would in real life: V8 compiles those in, and loads imported ones at each use.
 */
export function declareJobs() {
  return {
    checkClientIp: defineMessage('check-client-ip', { ip: optional(address) }),
    checkRequest: defineMessage('check-request', {
      method: string,
      path: string,
      query: string,
      src: address,
      src_port: integer,
      headers: string,
      host: string,
      ssl: bool,
    }),
    ipScore: defineVariable('sess', 'ip_score', int64),
  };
}
