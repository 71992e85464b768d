import { describe, expect, it } from 'vitest';
import type { DeclaredMessage, DeclaredVariable } from '../../src/cli/definitions.ts';
import {
  fullName,
  guesses,
  haproxyConfiguration,
  spoeConfiguration,
  type ConfigurationPlan,
} from '../../src/cli/spoe-configuration.ts';
import { argument } from './lint/faults.ts';

function plan(
  messages: readonly DeclaredMessage[],
  variables: readonly DeclaredVariable[] = [],
  isApplet = false,
): ConfigurationPlan {
  return {
    definitions: { messages, variables },
    name: 'checks',
    variablePrefix: 'my_checks',
    agentAddress: '127.0.0.1:9000',
    release: '3.2',
    isApplet,
    spoeFile: 'spoe-checks.conf',
  };
}

/** The lines without comments and empty ones, between two that begin with these words. */
function between(text: string, first: string, last: string): string[] {
  const lines = text.split('\n').map((line) => line.trim());
  const [from, to] = [first, last].map((word) => lines.findIndex((line) => line.startsWith(word)));
  return lines.slice(from, to).filter((line) => line !== '' && !line.startsWith('# '));
}

const SEEN: DeclaredMessage = { name: 'seen', args: [] };
const CHECK: DeclaredMessage = { name: 'check', args: [argument('ip', 'address'), argument('user')] };
const RESPONSE: DeclaredMessage = { name: 'check-response', args: [argument('status', 'int32'), argument('server')] };

describe('spoeConfiguration', () => {
  it('has each message with its samples and its event', () => {
    const variables = [
      { scope: 'txn', name: 'score' },
      { scope: 'sess', name: 'user' },
    ] as const;
    expect(spoeConfiguration(plan([CHECK, SEEN, RESPONSE], variables)))
      .toBe(`# What HAProxy 3.2 asks the agent, and when. Named by "filter spoe" in haproxy.cfg.

[checks]

spoe-agent checks
  messages check seen check-response
  use-backend checks-agents
  log global

  # The agent's variables are txn.my_checks.score, sess.my_checks.user in haproxy.cfg.
  option var-prefix my_checks

  # Fail open: no answer in time, or an answer with an error, sets txn.my_checks.error and the request goes on.
  option set-on-error error

  # The longest that a visitor ever waits for the agent.
  timeout processing 250ms

spoe-message check
  args ip=src user=req.hdr(user)
  event on-frontend-http-request

spoe-message seen
  event on-frontend-http-request

spoe-message check-response
  args status=status server=res.hdr(server)
  event on-http-response
`);
  });

  it('has the timeouts of the applet in old releases', () => {
    expect(between(spoeConfiguration(plan([SEEN], [], true)), 'timeout', 'spoe-message')).toEqual([
      'timeout processing 250ms',
      'timeout hello 500ms',
      'timeout idle 2m',
    ]);
  });

  it('says how the agent’s variables are called if none is declared', () => {
    expect(spoeConfiguration(plan([SEEN]))).toContain(
      "\n  # The agent's variables are SCOPE.my_checks.NAME in haproxy.cfg.\n",
    );
  });
});

describe('haproxyConfiguration', () => {
  const site = (messages: readonly DeclaredMessage[], ...variables: readonly DeclaredVariable[]): string[] =>
    between(haproxyConfiguration(plan(messages, variables)), 'frontend', 'backend app');
  const bind = ['frontend www', 'bind "${HTTP_ADDR-127.0.0.1:8080}"'];
  const rest = [
    'filter spoe engine checks config spoe-checks.conf',
    'http-after-response set-header x-spoe-error %[var(txn.my_checks.error)] if { var(txn.my_checks.error) -m found }',
    'default_backend app',
  ];
  const taking = (name: string, kind: string): DeclaredMessage => ({ name: 'check', args: [argument(name, kind)] });

  it.each([
    ['the body', taking('body', 'binary'), ['option http-buffer-request']],
    ['the size of the body', taking('size', 'int32'), ['option http-buffer-request']],
    ['the id', taking('id', 'string'), ['unique-id-format %[uuid()]']],
    ['an address', taking('ip', 'address'), []],
    ['nothing', SEEN, []],
  ])('has the lines for %s', (_, message, lines) => {
    expect(site([message])).toEqual([...bind, ...lines, ...rest]);
  });

  it('has no line for bodies of responses', () => {
    expect(site([{ name: 'check-response', args: [argument('body', 'binary')] }])).toEqual([...bind, ...rest]);
  });

  it('shows the variables of each scope where they are', () => {
    const variables = (['proc', 'sess', 'txn', 'req', 'res'] as const).map((scope) => ({ scope, name: 'Its_A.b' }));
    const shown = (scope: string) =>
      `set-header x-its-a-b %[var(${scope}.my_checks.Its_A.b)] if { var(${scope}.my_checks.Its_A.b) -m found }`;
    const lines = site([SEEN], ...variables);
    expect(lines.slice(3, -2)).toEqual([
      `http-after-response ${shown('proc')}`,
      `http-after-response ${shown('sess')}`,
      `http-after-response ${shown('txn')}`,
      `http-request ${shown('req')}`,
      `http-response ${shown('res')}`,
    ]);
  });

  it.each<[string, readonly DeclaredVariable[], string]>([
    [
      'the first variable that a request can read',
      [
        { scope: 'res', name: 'a' },
        { scope: 'sess', name: 'b' },
        { scope: 'txn', name: 'c' },
      ],
      '\n  # And what it is for:\n  # http-request deny if { var(sess.my_checks.b) -m found }\n\n  default_backend',
    ],
    ['no variable of the response', [{ scope: 'res', name: 'a' }], 'my_checks.error) -m found }\n\n  default_backend'],
    ['no variable', [], 'my_checks.error) -m found }\n\n  default_backend'],
  ])('has a rule as an example for %s', (_, variables, text) => {
    expect(haproxyConfiguration(plan([SEEN], variables))).toContain(text);
  });

  it('has the backend of the agents', () => {
    const text = haproxyConfiguration(plan([SEEN]));
    expect(text.slice(text.indexOf('backend checks-agents'))).toBe(`backend checks-agents
  mode tcp
  timeout connect 500ms
  # How long a connection to the agent may be idle before HAProxy closes it.
  timeout server 5m
  option spop-check
  server agent1 127.0.0.1:9000 check inter 1s
`);
  });
});

describe('guesses', () => {
  it('are the samples that no name tells', () => {
    expect(guesses({ messages: [CHECK, SEEN, RESPONSE], variables: [] })).toEqual([
      'check: user=req.hdr(user)',
      'check-response: server=res.hdr(server)',
    ]);
  });
});

describe('fullName', () => {
  it('is the name in HAProxy’s configuration', () => {
    expect(fullName({ scope: 'txn', name: 'a.b' }, 'p')).toBe('txn.p.a.b');
  });
});
