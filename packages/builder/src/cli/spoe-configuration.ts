import type { ScopeName } from '@spop/codec';
import type { DeclaredMessage, DeclaredVariable, Definitions } from './definitions.ts';
import { isOnResponse, sampleFor } from './sample-fetches.ts';

/** The input for the configurations. */
export interface ConfigurationPlan {
  readonly definitions: Definitions;
  /** The name of the engine and of the `spoe-agent` section. */
  readonly name: string;
  readonly variablePrefix: string;
  /** The agent's address in the form of HAProxy's `server` line. */
  readonly agentAddress: string;
  /** The release, such as `3.2`. */
  readonly release: string;
  /** Whether this release has the applet of 3.0 and older, which has timeouts of its own. */
  readonly isApplet: boolean;
  /** The path of the SPOE configuration. */
  readonly spoeFile: string;
}

/** The rule that shows a variable of each scope. */
const SHOWN: Readonly<Record<ScopeName, string>> = {
  proc: 'http-after-response',
  sess: 'http-after-response',
  txn: 'http-after-response',
  req: 'http-request',
  res: 'http-response',
};

/** HAProxy's name of a variable. */
export function fullName({ scope, name }: DeclaredVariable, prefix: string): string {
  return `${scope}.${prefix}.${name}`;
}

/** Arguments whose samples were chosen only by their type, as `message: name=expression`. */
export function guesses({ messages }: Definitions): string[] {
  return messages.flatMap((message) =>
    message.args
      .map((argument) => ({ argument, sample: sampleFor(message, argument) }))
      .filter(({ sample }) => !sample.isNamed)
      .map(({ argument, sample }) => `${message.name}: ${argument.name}=${sample.expression}`),
  );
}

/** The SPOE configuration: what HAProxy asks the agent, and when. */
export function spoeConfiguration({ definitions, name, variablePrefix, release, isApplet }: ConfigurationPlan): string {
  const { messages } = definitions;
  return `# What HAProxy ${release} asks the agent, and when. Named by "filter spoe" in haproxy.cfg.

[${name}]

spoe-agent ${name}
  messages ${messages.map((message) => message.name).join(' ')}
  use-backend ${name}-agents
  log global

  # The agent's variables are ${definitions.variables.length === 0 ? `SCOPE.${variablePrefix}.NAME` : definitions.variables.map((variable) => fullName(variable, variablePrefix)).join(', ')} in haproxy.cfg.
  option var-prefix ${variablePrefix}

  # Fail open: no answer in time, or an answer with an error, sets txn.${variablePrefix}.error and the request goes on.
  option set-on-error error

  # The longest that a visitor ever waits for the agent.
  timeout processing 250ms
${isApplet ? APPLET_TIMEOUTS : ''}
${messages.map(messageSection).join('\n\n')}
`;
}

const APPLET_TIMEOUTS = `  # The longest that the agent may take to answer a new connection's HAPROXY-HELLO.
  timeout hello 500ms
  # How long an idle connection to the agent is kept.
  timeout idle 2m
`;

function messageSection(message: DeclaredMessage): string {
  const args = message.args.map((argument) => `${argument.name}=${sampleFor(message, argument).expression}`);
  return [
    `spoe-message ${message.name}`,
    ...(args.length === 0 ? [] : [`  args ${args.join(' ')}`]),
    `  event ${isOnResponse(message) ? 'on-http-response' : 'on-frontend-http-request'}`,
  ].join('\n');
}

/** HAProxy's own configuration: a site, the filter, and the agents. */
export function haproxyConfiguration(plan: ConfigurationPlan): string {
  const { definitions, name, variablePrefix, agentAddress, release, spoeFile } = plan;
  const expressions = definitions.messages.flatMap((message) =>
    message.args.map((argument) => sampleFor(message, argument).expression),
  );
  const buffers = expressions.some((expression) => expression.startsWith('req.body'))
    ? '  # The agent is sent bodies, as far as the buffer holds them.\n  option http-buffer-request\n'
    : '';
  const ids = expressions.includes('unique-id') ? '  unique-id-format %[uuid()]\n' : '';
  return `# HAProxy ${release} in front of a site, asking the agent about every request.
#
#   haproxy -c -f haproxy.cfg     checks this file
#   haproxy -db -f haproxy.cfg    runs it in the foreground

global
  log stdout format raw local0
  # HAProxy looks for the files named below in this file's folder.
  default-path config

defaults
  mode http
  log global
  # A client that closes early must not get past the rules on the agent's variables.
  no option abortonclose
  timeout connect 2s
  timeout client 30s
  timeout server 30s

frontend www
  bind "\${HTTP_ADDR-127.0.0.1:8080}"
${buffers}${ids}
  filter spoe engine ${name} config ${spoeFile}

  # What the agent said, for trying it out. HAProxy sets a variable only if its configuration has the name somewhere.
${definitions.variables.map((variable) => `  ${shownLine(variable, variablePrefix)}`).join('\n')}
  http-after-response set-header x-spoe-error %[var(txn.${variablePrefix}.error)] if { var(txn.${variablePrefix}.error) -m found }
${ruleExample(definitions, variablePrefix)}
  default_backend app

backend app
  server app "\${APP_ADDR-127.0.0.1:8000}"

# More than one server line spreads the connections over several agents.
backend ${name}-agents
  mode tcp
  timeout connect 500ms
  # How long a connection to the agent may be idle before HAProxy closes it.
  timeout server 5m
  option spop-check
  server agent1 ${agentAddress} check inter 1s
`;
}

function shownLine(variable: DeclaredVariable, prefix: string): string {
  const name = fullName(variable, prefix);
  const header = `x-${variable.name.replaceAll(/[_.]/g, '-').toLowerCase()}`;
  return `${SHOWN[variable.scope]} set-header ${header} %[var(${name})] if { var(${name}) -m found }`;
}

function ruleExample({ variables }: Definitions, prefix: string): string {
  const variable = variables.find(({ scope }) => scope !== 'res');
  if (variable === undefined) return '';
  return `  # And what it is for:\n  # http-request deny if { var(${fullName(variable, prefix)}) -m found }\n`;
}
