/** The message and the variables, for the agent, tests and tools. Importing this starts nothing. */
import { address, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const describeClient = defineMessage('describe-client', { ip: optional(address) });

/** The name of the client's network, for a header of the request; unset for a client in no network. */
export const network = defineVariable('txn', 'network', string);

/** The region of that network, for a header of the response; unset for a client in no network. */
export const region = defineVariable('txn', 'region', string);

/** Set if the handler failed, so that the network is unknown. */
export const byDefault = defineVariable('txn', 'by_default', string);
