/** The messages and the variables, for the agent, tests and tools. Importing this starts nothing. */
import { address, binary, bool, defineMessage, defineVariable, int32, integer, optional, string } from '@spop/agent';

/** Whether a visitor's cookie is good enough. `level` is HAProxy's level, 1 to 3; `cookie` is the whole field. */
export const validate = defineMessage('validate', {
  frontend: optional(string),
  level: optional(integer),
  src: optional(address),
  host: optional(string),
  cookie: optional(string),
  'user-agent': optional(string),
});

/** A challenge for a visitor or, if the path is one of {@link Path}, the visitor's solution. */
export const challenge = defineMessage('challenge', {
  frontend: optional(string),
  level: optional(integer),
  src: optional(address),
  host: optional(string),
  method: optional(string),
  path: optional(string),
  query: optional(string),
  ssl: optional(bool),
  'accept-language': optional(string),
  body: optional(binary),
});

/** The paths to which solutions are posted. */
export const Path = {
  /** For the script: a challenge and the number that solves it. */
  solution: '/browser-validation/solution',
  /** For the form without a script: a challenge whose wait is over. */
  form: '/browser-validation/form',
} as const;

/** Whether the visitor passes. */
export const valid = defineVariable('txn', 'valid', bool);

/** The level that applies, 0 to 3: HAProxy's, or that of the agent's own list. 0 needs no cookie. */
export const level = defineVariable('txn', 'level', int32);

/** One of {@link Reason}. */
export const reason = defineVariable('txn', 'reason', string);

/** Fields separated by dots, the language and the support ID first; see haproxy.cfg. */
export const response = defineVariable('txn', 'response', string);

/** The value of a Set-Cookie field, after a right solution. */
export const token = defineVariable('txn', 'token', string);

/** The status of the answer: 200 and 303 after a right solution, 403 for a page. */
export const status = defineVariable('txn', 'status', int32);

/** Set where the agent did not decide: why not. */
export const byDefault = defineVariable('txn', 'by_default', string);

/** The reason why a visitor passes, or does not. */
export type Reason =
  /** The visitor passes: by the cookie, by the list, or by a solution. */
  | 'cookie'
  | 'list'
  | 'solved'
  /** A cookie or a solution: none, more than one, not of its shape, or of a key that is not in the file. */
  | 'missing'
  | 'several'
  | 'malformed'
  | 'unknown key'
  /** Not signed here; or for another address or host. */
  | 'forged'
  | 'expired'
  /** Made in the future; or a form sent too early. */
  | 'early'
  /** A cookie of a lower level. */
  | 'level'
  /** A number that does not solve the challenge. */
  | 'unsolved'
  | 'replayed'
  /** No memory for another solution, or no store to tell whether this one was used. */
  | 'full'
  | 'store failed'
  /** A challenge was made. */
  | 'challenged';
