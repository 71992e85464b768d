/** The message and the variable, for the agent and for tests. Importing this starts nothing. */
import { address, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** `args ip=src` in spoe-network.conf. A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** The family of the client's address: `IPv4` or `IPv6`. */
export const network = defineVariable('txn', 'network', string);
