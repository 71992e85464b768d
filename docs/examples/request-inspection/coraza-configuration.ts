/** A configuration of coraza-spoa, for tests. */

/** haproxy.cfg with the constructs of coraza-spoa 0.7.2's example/haproxy. */
export function corazaConfig(spoeAddress: string, site: string): string {
  return `
global
  log stdout format raw local0

defaults
  log global
  option httplog
  # Added: an attack whose client closes early would pass.
  no option abortonclose
  timeout client 1m
  timeout server 1m
  timeout connect 10s

frontend default
  mode http
  bind "unix@\${RUN_DIR}/http.sock" accept-proxy
  log-format "%ci:%cp\\ [%t]\\ %{+Q}r\\ %[var(txn.coraza.id)]\\ spoa-error:\\ %[var(txn.coraza.error)]\\ waf-hit:\\ %[var(txn.coraza.status)]\\ ruleid:\\ %[var(txn.coraza.ruleid)]\\ rules-hit:\\ %[var(txn.coraza.rules_hit)]"
  http-request set-var(txn.coraza.app) str(sample_app)
  filter spoe engine coraza config "\${RUN_DIR}/coraza.cfg"
  http-request send-spoe-group coraza coraza-req
  http-request redirect code 302 location %[var(txn.coraza.data)] if { var(txn.coraza.action) -m str redirect }
  http-response redirect code 302 location %[var(txn.coraza.data)] if { var(txn.coraza.action) -m str redirect }
  http-request deny deny_status 403 hdr waf-block "request"  if { var(txn.coraza.action) -m str deny }
  http-response deny deny_status 403 hdr waf-block "response" if { var(txn.coraza.action) -m str deny }
  http-request silent-drop if { var(txn.coraza.action) -m str drop }
  http-response silent-drop if { var(txn.coraza.action) -m str drop }
  http-request deny deny_status 500 if { var(txn.coraza.error) -m int gt 0 }
  http-response deny deny_status 500 if { var(txn.coraza.error) -m int gt 0 }
  use_backend site

backend site
  mode http
  server site ${site}

backend coraza-spoa
  option spop-check
  mode tcp
  server coraza_spoa ${spoeAddress} check
`;
}

/** What it names. */
export const CORAZA_FILES: Readonly<Record<string, string>> = {
  'coraza.cfg': `
[coraza]
spoe-agent coraza-agent
  messages   coraza-res
  groups     coraza-req
  option     var-prefix      coraza
  option     set-on-error    error
  timeout    hello           2s
  timeout    idle            2m
  timeout    processing      500ms
  use-backend coraza-spoa
  log        global

spoe-message coraza-req
  args app=var(txn.coraza.app) src-ip=src src-port=src_port dst-ip=dst dst-port=dst_port method=method path=path query=query version=req.ver headers=req.hdrs body=req.body exportRuleIDs=bool(false)

spoe-message coraza-res
  args app=var(txn.coraza.app) id=var(txn.coraza.id) version=res.ver status=status headers=res.hdrs body=res.body exportRuleIDs=bool(false) detect-only=bool(false)
  event on-http-response

spoe-group coraza-req
  messages coraza-req
`,
};
