/** What HAProxy asks and what it gets, for the agent, tests and tools. Importing this starts nothing. */
import { address, binary, bool, defineMessage, defineVariable, int32, integer, optional, string } from '@spop/agent';

/** Whether a visitor's cookie is good enough. `level` is what HAProxy asks for, 1 to 3; `cookie` is the whole field. */
export const validate = defineMessage('validate', {
  frontend: optional(string),
  level: optional(integer),
  src: optional(address),
  host: optional(string),
  cookie: optional(string),
  'user-agent': optional(string),
});

/** A challenge for a visitor or, where the path is one of {@link Path}, what the visitor answers to one. */
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

/** Where answers to challenges are posted to. */
export const Path = {
  /** By the script: a challenge and the number that solves it. */
  solution: '/browser-validation/solution',
  /** By the form that needs no script: a challenge whose time is over. */
  form: '/browser-validation/form',
} as const;

/** Whether the visitor passes. */
export const valid = defineVariable('txn', 'valid', bool);

/** The level that counts, 0 to 3: HAProxy's, or that of the agent's own list. 0 needs no cookie. */
export const level = defineVariable('txn', 'level', int32);

/** Why: one of {@link Reason}. */
export const reason = defineVariable('txn', 'reason', string);

/** Fields with dots between them, the language and the support ID first; see haproxy.cfg. */
export const response = defineVariable('txn', 'response', string);

/** The value of a Set-Cookie field, for who has passed. */
export const token = defineVariable('txn', 'token', string);

/** The status of the answer: 200 and 303 for who has passed, 403 for a page. */
export const status = defineVariable('txn', 'status', int32);

/** Why somebody passes, or does not. */
export type Reason =
  /** Those that pass: by the cookie, by the list, or by the answer to a challenge. */
  | 'cookie'
  | 'list'
  | 'solved'
  /** A cookie or an answer: none, more than one, not of this shape, or of a key that is not in the file. */
  | 'missing'
  | 'several'
  | 'malformed'
  | 'unknown key'
  /** Not made here; or for another address or host. */
  | 'forged'
  | 'expired'
  /** Made later than it is now; or a form that came too early. */
  | 'early'
  /** A cookie of a lower level. */
  | 'level'
  /** A number that does not solve the challenge. */
  | 'unsolved'
  | 'replayed'
  /** No memory for another solution, or no store that could say whether this one is used. */
  | 'full'
  | 'store failed'
  /** A challenge was made. */
  | 'challenged';
