/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const checkClientIp = defineMessage('check-client-ip', { ip: optional(address) });

/** Whether the client's address is on a list. */
export const blocked = defineVariable('sess', 'blocked', bool);

/** Why the lists did not decide alone: {@link ByDefault}. Unset where they did. */
export const byDefault = defineVariable('txn', 'by_default', string);

/** A handler failed; or the address is on no list, but one source has had none yet. */
export type ByDefault = 'handler failed' | 'list missing';
