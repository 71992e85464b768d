/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const describeClient = defineMessage('describe-client', { ip: optional(address) });

/** The name of the client's network, for a header of the request; unset where it is in none. */
export const network = defineVariable('txn', 'network', string);

/** The region of that network, for a header of the response; unset where it is in none. */
export const region = defineVariable('txn', 'region', string);

/** Set where the handler failed, so that nothing is known. */
export const byDefault = defineVariable('txn', 'by_default', string);
