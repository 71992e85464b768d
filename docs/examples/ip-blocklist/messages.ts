/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** Whether the client's address is on a list. */
export const blocked = defineVariable('sess', 'blocked', bool);

/**
 * Set where the lists did not decide alone: `handler failed`; or `list missing`, where the address is on no list and one source
 * has had none yet.
 */
export const byDefault = defineVariable('txn', 'by_default', string);
