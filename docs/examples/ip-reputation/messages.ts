/** The message and the variable, for the agent and its tests. Importing this starts nothing. */
import { address, defineMessage, defineVariable, int32, optional } from '@spop/agent';

/** `args ip=src` in spoe-ip-reputation.conf. A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** The score of the client's address, 0 to 100 (worst); unset if it is unknown. */
export const ipScore = defineVariable('sess', 'ip_score', int32);
