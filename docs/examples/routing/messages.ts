/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** Who wants what; HAProxy sends NULL for a header or a cookie that is not there. */
export const chooseBackend = defineMessage('choose-backend', {
  host: optional(string),
  tenant: optional(string),
  user: optional(string),
  ip: optional(address),
});

/** The name of the backend; unset where no route says one. */
export const backend = defineVariable('txn', 'backend', string);

/** Whether that is the canary. */
export const isCanary = defineVariable('txn', 'is_canary', bool);

/** Why there is no backend: `no route`, or `handler failed`. */
export const byDefault = defineVariable('txn', 'by_default', string);
