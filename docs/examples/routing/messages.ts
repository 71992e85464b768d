/** The message and the variables, for the agent, tests and tools. Importing this starts nothing. */
import { address, bool, defineMessage, defineVariable, optional, string } from '@spop/agent';

/** The user and the request; HAProxy sends NULL for a missing header or cookie. */
export const chooseBackend = defineMessage('choose-backend', {
  host: optional(string),
  tenant: optional(string),
  user: optional(string),
  ip: optional(address),
});

/** The name of the backend; unset without a route. */
export const backend = defineVariable('txn', 'backend', string);

/** Whether this backend is the canary. */
export const isCanary = defineVariable('txn', 'is_canary', bool);

/** The reason for no backend: `no route`, or `handler failed`. */
export const byDefault = defineVariable('txn', 'by_default', string);
