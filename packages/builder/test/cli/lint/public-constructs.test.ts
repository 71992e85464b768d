/** Constructs of public agents' configurations, in configurations of our own. */
import { describe, expect, it } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';
import type { Sources } from '../../../src/cli/lint/subject.ts';

/** The rules that are broken, without notes. */
function alarms(haproxyText: string, spoeText: string, more: Partial<Sources> = {}): string[] {
  const findings = lint({ haproxyText, spoeText, spoePath: 'spoe.cfg', ...more });
  return findings.filter(({ severity }) => severity !== 'note').map(({ rule, line }) => `${rule} ${line}`);
}

const AGENTS = `backend agents
  mode tcp
  option spop-check
  server a 127.0.0.1:9000 check`;

describe('no alarm', () => {
  it('for groups sent by an ACL on the body size, an ACL on the error, and error pages in files', () => {
    const haproxy = `global
    tune.bufsize 64k
defaults
    mode http
    option http-buffer-request
	timeout queue 15s
frontend in
    unique-id-format %[uuid()]
    filter spoe engine bouncer config /etc/haproxy/spoe.cfg
    acl small req.body_size -m int le 51200
    acl failed var(txn.bouncer.error) -m found
    http-request send-spoe-group bouncer with-body if small || !{ req.body_size -m found }
    http-request send-spoe-group bouncer no-body if !small { req.body_size -m found }
    http-request set-var(txn.title) str("Go away")
    http-request return status 403 content-type "text/html; charset=utf-8" lf-file /var/lib/ban.html if { var(txn.bouncer.verdict) -m str "ban" }
    http-request set-header X-Verdict %[var(txn.bouncer.verdict)] if { var(txn.bouncer.verdict) -m found }
    http-request deny if failed
    use_backend %[var(txn.bouncer.backend)] if { var(txn.bouncer.backend) -m found }
${AGENTS}`;
    const spoe = `[bouncer]
spoe-agent bouncer-agent
    messages    on-connect
    groups      with-body no-body
    option      var-prefix      bouncer
    option      set-on-error    error
    timeout     processing      500ms
    timeout     hello           200ms
    use-backend agents
    log         global
## when a client connects
spoe-message on-connect
    args id=unique-id src-ip=src src-port=src_port
    event on-client-session
spoe-message with-body
    args verdict=var(txn.bouncer.verdict) id=unique-id method=method headers=req.hdrs body=req.body
spoe-message no-body
    args verdict=var(txn.bouncer.verdict) id=unique-id method=method headers=req.hdrs
spoe-group with-body
    messages with-body
spoe-group no-body
    messages no-body`;
    expect(alarms(haproxy, spoe)).toEqual([]);
    expect(lint({ haproxyText: haproxy, spoeText: spoe, spoePath: 'spoe.cfg' })).toEqual([]);
  });

  it('for a log format with escapes, a denial by the error, and ids of the request in the response', () => {
    const haproxy = `frontend default
    mode http
    option http-buffer-request
    log-format "%ci:%cp\\ [%t]\\ %{+Q}r\\ %[var(txn.waf.id)]\\ error:\\ %[var(txn.waf.error)]"
    http-request set-var(txn.waf.app) str(sample)
    filter spoe engine waf config "\${CONFIGS}/spoe.cfg"
    http-request send-spoe-group waf request
    http-response redirect code 302 location %[var(txn.waf.data)] if { var(txn.waf.action) -m str redirect }
    http-request deny deny_status 500 if { var(txn.waf.error) -m int gt 0 }
    use_backend site
backend site
    mode http
    server backend $SITE
${AGENTS}`;
    const spoe = `[waf]
spoe-agent waf-agent
    messages response
    groups request
    option var-prefix waf
    option set-on-error error
    timeout processing 500ms
    use-backend agents
spoe-message request
    args app=var(txn.waf.app) src-ip=src headers=req.hdrs body=req.body rules=bool(false)
spoe-message response
    args app=var(txn.waf.app) id=var(txn.waf.id) status=status body=res.body
    event on-http-response
spoe-group request
    messages request`;
    expect(alarms(haproxy, spoe)).toEqual([]);
  });

  it('for two engines in one file with one prefix, filters in a frontend and a backend, and variables for the agent', () => {
    const haproxy = `global
    set-var proc.key str("\${KEY-none}")
defaults
    mode http
    no option abortonclose
listen stats
    stats enable
frontend in
    http-request set-var(txn.hash) src,concat(,proc.key,),sha2(256),hex
    log-format "%[var(txn.hash)]"
    http-request set-var(req.door.level) int(1) if { sc1_http_req_rate(t) gt 5 }
    filter spoe engine door config conf/spoe.cfg
    acl busy var(req.door.level) -m found
    http-request send-spoe-group door validate if busy
    http-request wait-for-body time 5s if METH_POST
    acl valid var(txn.door.valid) -m bool
    http-request return status 403 if busy !valid
    use_backend challenge if { path /challenge }
    default_backend site
backend site
    http-request return status 200
backend challenge
    filter spoe engine challenges config conf/spoe.cfg
    http-request send-spoe-group challenges challenge
    http-request return status 200 content-type text/plain lf-string "%[var(txn.door.response)]"
${AGENTS}`;
    const engine = (name: string, group: string, args: string) => `[${name}]
spoe-agent ${name}
    option var-prefix door
    timeout processing 100ms
    use-backend agents
    groups ${group}
spoe-message ${group}
    args level=var(req.door.level) ${args}
spoe-group ${group}
    messages ${group}
`;
    const spoe = `${engine('door', 'validate', 'src=src')}${engine('challenges', 'challenge', 'body=req.body')}`;
    expect(alarms(haproxy, spoe)).toEqual([]);
  });

  it('for several agents of one name, messages with conditions, and other files that were not given', () => {
    const haproxy = `frontend node
    mode http
    no option abortonclose
    filter spoe engine ldap config /usr/local/etc/haproxy/spoe.cfg
    filter spoe engine other config /usr/local/etc/haproxy/other.cfg
    acl known var(sess.auth.is_known) -m bool
    http-request set-header x-user %[var(sess.auth.user)]
    http-request set-header x-role %[var(sess.elsewhere.role)]
    use_backend app if known
${AGENTS}`;
    const engine = (name: string) => `[${name}]
spoe-agent agents
    messages try
    option var-prefix auth
    timeout processing 1s
    use-backend agents
spoe-message try
    args authorization=req.hdr(Authorization) ssl=ssl_fc pathq=pathq
    event on-frontend-http-request if { hdr_beg(host) -i "${name}.example.com" }
`;
    expect(alarms(haproxy, `${engine('ldap')}\n${engine('oidc')}`)).toEqual([]);
  });

  it('for variables that Lua or another filter may set, and named defaults', () => {
    const spoe =
      'spoe-agent one\n messages m\n timeout processing 1s\n use-backend agents\nspoe-message m\n args a=var(txn.a)\n event on-frontend-http-request';
    const haproxy = (lines: string) => `defaults base
  mode http
  no option abortonclose
defaults other
  mode tcp
frontend f from base
  filter spoe config spoe.cfg
  ${lines}
${AGENTS.replace('backend agents', 'backend agents from other')}`;
    expect(alarms(haproxy(''), spoe)).toEqual(['variable-unset 6']);
    expect(alarms(haproxy('http-request lua.set_a'), spoe)).toEqual([]);
    expect(alarms(haproxy('filter opentelemetry config otel.cfg'), spoe)).toEqual([]);
    expect(alarms(haproxy('http-request do-resolve(txn.a,dns) hdr(host)'), spoe)).toEqual([]);
    expect(alarms(haproxy('default_backend elsewhere'), spoe)).toEqual([]);
    expect(alarms(haproxy('http-request set-var-fmt(txn.a) %[src]'), spoe)).toEqual([]);
  });
});
