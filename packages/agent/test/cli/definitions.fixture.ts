/** The messages and variables that an agent declares, for `spop init`. */
import {
  address,
  binary,
  bool,
  defineMessage,
  defineVariable,
  int32,
  integer,
  oneOf,
  optional,
  string,
} from '@spop/codec';

export const request = defineMessage('check-request', {
  ip: address,
  port: integer,
  method: string,
  path: string,
  'user-agent': optional(string),
  id: optional(string),
  tls: bool,
  body: binary,
  depth: integer,
  client: oneOf(address, string),
});
const response = defineMessage('check-response', { status: integer, method: string });
export const messages: readonly unknown[] = [response];
export const variables = {
  score: defineVariable('sess', 'ip_score', int32),
  seen: defineVariable('txn', 'seen', string),
  status: defineVariable('res', 'status', int32),
};
