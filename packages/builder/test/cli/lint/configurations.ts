/** Configurations without a fault, and an agent's declarations for them. */
import type { Definitions } from '../../../src/cli/definitions.ts';
import { argument } from './faults.ts';

/** HTTP: a message with an event, and a group with a rule. */
export const HAPROXY = `global
  log stdout format raw local0

defaults
  mode http
  # A client that closes early must not get past the agent.
  no option abortonclose
  timeout connect 2s
  timeout queue 100ms

frontend www
  bind :80
  option http-buffer-request
  filter spoe engine checks config /etc/haproxy/spoe.conf
  http-request send-spoe-group checks login if { path /login }
  http-request set-var(txn.who) src
  http-request set-header x-who %[var(txn.who)]
  http-request deny if { var(sess.checks.score) -m int ge 80 }
  default_backend app

backend app
  server app 127.0.0.1:8000

backend agents
  mode tcp
  option spop-check
  server agent1 127.0.0.1:9000 check maxconn 100
`;

/** The SPOE configuration for {@link HAPROXY}. */
export const SPOE = `[checks]
spoe-agent checks
  messages check-ip
  groups login
  option var-prefix checks
  option set-on-error error
  timeout processing 250ms
  use-backend agents

spoe-message check-ip
  args ip=src port=src_port
  event on-frontend-http-request if { path_beg / }

spoe-message login
  args user=req.hdr(x-user) body=req.body size=req.body_size

spoe-group login
  messages login
`;

/** TCP: a group that waits for data. */
export const TCP_HAPROXY = `frontend mail
  mode tcp
  bind :25
  filter spoe engine checks config spoe.conf
  tcp-request inspect-delay 5s
  tcp-request content send-spoe-group checks first if { req.len gt 0 }
  default_backend agents

backend agents
  mode tcp
  option spop-check
  server agent1 127.0.0.1:9000 check
`;

/** The SPOE configuration for {@link TCP_HAPROXY}. */
export const TCP_SPOE = `[checks]
spoe-agent checks
  groups first
  timeout processing 250ms
  use-backend agents
spoe-message first
  args head=req.payload(0,4)
spoe-group first
  messages first
`;

/** The declarations of the agent of {@link SPOE}. */
export const DEFINITIONS: Definitions = {
  messages: [
    { name: 'check-ip', args: [argument('ip', 'address'), argument('port', 'integer', true)] },
    { name: 'login', args: [argument('user', 'string', true), argument('body', 'binary'), argument('size', 'int32')] },
  ],
  variables: [{ scope: 'sess', name: 'score' }],
};
