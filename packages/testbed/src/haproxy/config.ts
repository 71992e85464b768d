/**
 * Configurations that HAProxy 2.6 to 3.4 all accept. `${RUN_DIR}` is HAProxy's own folder for this run. All sockets except
 * the agent's are in it, so that no port is used.
 */

/** Prefix of every variable that the agent sets: `sess.score` is `var(sess.e2e.score)`. */
const PREFIX = 'e2e';

/** One `spoe-message` section. Without an event the message belongs to a group. */
export interface SpoeMessage {
  readonly args?: string;
  /** For instance `on-frontend-http-request`, with an optional ACL after it. */
  readonly event?: string;
}

/** The messages of HAProxy, their events, and the variables that it shows. */
export interface Configuration {
  /** Messages by name, in their order in a NOTIFY. */
  readonly messages: Readonly<Record<string, SpoeMessage>>;
  /** Names of messages by the name of their group, for `send-spoe-group`. */
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  /** More lines of the `spoe-agent` section. */
  readonly agentLines?: readonly string[];
  /** More lines of the `global` section. */
  readonly globalLines?: readonly string[];
  /** More lines of the frontend, after the filter. */
  readonly frontendLines?: readonly string[];
  /** More lines of the agent's backend, before its server. */
  readonly agentBackendLines?: readonly string[];
  /** Options after the address on the server line. */
  readonly serverOptions?: string;
  /** Variables, scope included, shown as response headers by name; a header is missing if its variable is. */
  readonly shown?: Readonly<Record<string, string>>;
  /** `timeout processing`; so long that only a lost answer reaches it. */
  readonly processingTimeout?: string;
  /** The mode of the frontend and the site; `http` by default. In `tcp` no variable is shown, and the `site` is required. */
  readonly mode?: 'http' | 'tcp';
  /** Host and port of the site, and options of its server line; by default HAProxy itself answers, with status 200. */
  readonly site?: string;
  /**
   * The line on `abortonclose` in `defaults`: `no option abortonclose` by default, none if it is `''`. With that option HAProxy
   * 3.2 aborts the NOTIFY of a client that closes, and goes on with the rules without the agent's variables;
   * 3.4 and later do so by default.
   */
  readonly abortOnClose?: string;
}

/** HAProxy's name of a variable of the agent: `sess.score` is `sess.e2e.score`. */
export function prefixed(variable: string): string {
  return variable.replace('.', `.${PREFIX}.`);
}

function show(header: string, variable: string): string {
  const name = prefixed(variable);
  return `http-after-response set-header ${header} %[var(${name})] if { var(${name}) -m found }`;
}

function section(title: string, lines: readonly string[]): string {
  return [title, ...lines.map((line) => `  ${line}`)].join('\n');
}

function defaults({ mode = 'http', abortOnClose = 'no option abortonclose' }: Configuration): string {
  const timeouts = ['timeout connect 2s', 'timeout client 10s', 'timeout server 10s'];
  // A client that closes before the agent answers must not evade the answer: see Configuration.
  return section('defaults', [
    `mode ${mode}`,
    'log global',
    ...(abortOnClose === '' ? [] : [abortOnClose]),
    ...timeouts,
  ]);
}

function frontend({ frontendLines = [], shown = {}, mode = 'http' }: Configuration): string {
  const variables = mode === 'http' ? Object.entries({ 'x-error': 'txn.error', ...shown }) : [];
  return section('frontend entry', [
    'bind "unix@${RUN_DIR}/http.sock" accept-proxy',
    'filter spoe engine e2e config "${RUN_DIR}/spoe.conf"',
    ...frontendLines,
    ...variables.map(([header, variable]) => show(header, variable)),
    'default_backend site',
  ]);
}

/** The backend of the site, and the default site. */
function siteSections({ site }: Configuration): string[] {
  if (site !== undefined) return [section('backend site', [`server site ${site}`])];
  return [
    section('backend site', ['server site "unix@${RUN_DIR}/site.sock"']),
    section('frontend site-itself', [
      'bind "unix@${RUN_DIR}/site.sock"',
      'http-request return status 200 content-type text/plain string ok',
    ]),
  ];
}

/** The main configuration, with the agent at `agentAddress`. The error of a NOTIFY is in the response header `x-error`. */
export function haproxyConfig(configuration: Configuration, agentAddress: string): string {
  const { globalLines = [], agentBackendLines = [], serverOptions = '' } = configuration;
  return [
    section('global', [
      'log stdout format raw local0',
      'maxconn 500',
      'stats socket "${RUN_DIR}/stats.sock"',
      ...globalLines,
    ]),
    defaults(configuration),
    frontend(configuration),
    ...siteSections(configuration),
    section('backend agents', [
      'mode tcp',
      'timeout server 30s',
      ...agentBackendLines,
      `server agent ${agentAddress} ${serverOptions}`,
    ]),
    '',
  ].join('\n\n');
}

/** The SPOE configuration for it. */
export function spoeConfig(configuration: Configuration): string {
  const { messages, groups = {}, agentLines = [], processingTimeout = '5s' } = configuration;
  const byEvent = Object.keys(messages).filter((name) => messages[name]?.event !== undefined);
  return [
    '[e2e]',
    section('spoe-agent e2e', [
      `option var-prefix ${PREFIX}`,
      'option set-on-error error',
      'timeout hello 2s',
      'timeout idle 30s',
      `timeout processing ${processingTimeout}`,
      'use-backend agents',
      'log global',
      'option dontlog-normal',
      ...(byEvent.length === 0 ? [] : [`messages ${byEvent.join(' ')}`]),
      ...Object.keys(groups).map((name) => `groups ${name}`),
      ...agentLines,
    ]),
    ...Object.entries(messages).map(([name, { args, event }]) =>
      section(`spoe-message ${name}`, [
        ...(args === undefined ? [] : [`args ${args}`]),
        ...(event === undefined ? [] : [`event ${event}`]),
      ]),
    ),
    ...Object.entries(groups).map(([name, members]) =>
      section(`spoe-group ${name}`, [`messages ${members.join(' ')}`]),
    ),
    '',
  ].join('\n\n');
}
