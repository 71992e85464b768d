/** What HAProxy asks and what it gets: importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** A client on a unix socket has no address: HAProxy sends NULL. */
export const checkAdmin = defineMessage('check-admin', { ip: optional(address), path: string });

/** Whether the client may see the page. */
export const isAllowed = defineVariable('txn', 'is_allowed', bool);
