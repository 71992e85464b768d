/** What HAProxy asks and what it is answered, for the agent and for its tests: importing this starts nothing. */
import { address, defineMessage, defineVariable, int32, optional } from '@spop/agent';

/** `args ip=src` in spoe-ip-reputation.conf. A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** How bad the client's address is, 0 to 100 (worst); unset where that is not known. */
export const ipScore = defineVariable('sess', 'ip_score', int32);
