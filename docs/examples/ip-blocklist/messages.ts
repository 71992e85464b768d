/** The message and the variables, for the agent, tests and tools. Importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** Whether the client's address is on a list. */
export const blocked = defineVariable('sess', 'blocked', bool);

/**
 * Set if the lists did not decide alone: `handler failed`; or `list missing`, if the address is on no list and a source has
 * not had one yet.
 */
export const byDefault = defineVariable('txn', 'by_default', string);
