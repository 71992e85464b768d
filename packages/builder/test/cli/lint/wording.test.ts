/** What the findings say where it depends on the rest of the configuration. */
import { describe, expect, it } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';
import type { Sources } from '../../../src/cli/lint/subject.ts';
import { DEFINITIONS, HAPROXY, SPOE, TCP_HAPROXY, TCP_SPOE } from './configurations.ts';

/** Each finding of the configurations: its rule and line, and its texts. */
function findings(sources: Partial<Sources>): string[] {
  return lint({ haproxyText: HAPROXY, spoeText: SPOE, spoePath: 'spoe.conf', ...sources }).map(
    ({ rule, line, sentence, advice }) => `${rule} ${line}: ${sentence}: ${advice}\n`,
  );
}

const WITHOUT_SCOPE = SPOE.replace('[checks]\n', '');
const [CHECK_IP] = DEFINITIONS.messages;

describe('a finding', () => {
  it.each<[string, Partial<Sources>, string]>([
    [
      'names the engines that there are',
      { haproxyText: HAPROXY.replace('engine checks ', '') },
      'has no engine without a name; it has "checks". HAProxy does not start: a line [NAME] before "spoe-agent", and "filter spoe engine NAME config FILE"',
    ],
    ['knows an engine without a name', { spoeText: WITHOUT_SCOPE }, 'has no engine "checks"; it has no name.'],
    ['says that there is no engine', { spoeText: '' }, 'has no engine "checks"; it has none.'],
    [
      'says that an engine without a name is unused',
      { spoeText: WITHOUT_SCOPE, haproxyText: HAPROXY.replace(/ {2}filter.*\n.*send-spoe-group.*\n/, '') },
      'no "filter spoe" names the engine without a name: HAProxy ignores its sections: filter spoe engine NAME',
    ],
    [
      'says that an engine without a name has no agent',
      {
        spoeText: WITHOUT_SCOPE.replace('spoe-agent checks', ''),
        haproxyText: HAPROXY.replace('engine checks ', ''),
      },
      'the engine without a name has no "spoe-agent" section',
    ],
    [
      'names the file of an engine that the proxy lacks',
      {
        haproxyText: HAPROXY.replace(
          '\nbackend app',
          '\nfrontend other\n  bind :81\n  http-request send-spoe-group checks login if TRUE\nbackend app',
        ),
      },
      'filter spoe engine checks config FILE',
    ],
    [
      'names the rules of TCP for a group in TCP',
      { haproxyText: TCP_HAPROXY.replace(/tcp-request content.*\n/, '\n'), spoeText: TCP_SPOE },
      'tcp-request content send-spoe-group checks first, in the proxy of the filter',
    ],
    [
      'replaces "timeout hello" of old releases',
      { spoeText: SPOE.replace('timeout', 'timeout hello 1s\n  timeout'), release: '3.4' },
      'timeout connect, in the backend of the agents',
    ],
    [
      'replaces "timeout idle" of old releases',
      { spoeText: SPOE.replace('timeout', 'timeout idle 1m\n  timeout'), release: '3.4' },
      'timeout server, in the backend of the agents',
    ],
    [
      'asks for the check and its option if both are missing',
      { haproxyText: HAPROXY.replace('9000 check', '9000').replace('option spop-check', '') },
      'HAProxy does not check the agent "agent1": while it is down, every request waits for a connection, up to "timeout processing": check inter 1s, at the end of the line, and "option spop-check" in the backend',
    ],
    [
      'asks for the check alone if the option is there',
      { haproxyText: HAPROXY.replace('9000 check', '9000') },
      'up to "timeout processing": check inter 1s, at the end of the line\n',
    ],
    [
      'gives a time for a queue from "timeout processing"',
      { haproxyText: HAPROXY.replace('timeout queue 100ms', '') },
      'timeout queue 125ms, in the backend',
    ],
    [
      'gives a time for a queue without "timeout processing"',
      { haproxyText: HAPROXY.replace('timeout queue 100ms', ''), spoeText: SPOE.replace(/timeout processing.*\n/, '') },
      'timeout queue 100ms, in the backend',
    ],
    [
      'is at line 1 if no engine is the agent’s',
      {
        spoeText: `${SPOE.replaceAll(/check-ip|login/g, '$&s')}${SPOE.replaceAll(/check-ip|login|checks/g, '$&z')}`,
        haproxyText: HAPROXY.replaceAll('checks login', 'checks logins'),
        definitions: { messages: [CHECK_IP!], variables: [] },
      },
      ' 1: the agent has a message "check-ip", and the configuration has none of that name',
    ],
  ])('%s', (_, sources, text) => {
    expect(findings(sources).join('')).toContain(text);
  });
});

describe('no finding', () => {
  it.each<[string, Partial<Sources>]>([
    [
      'of a frame in a buffer of a megabyte',
      {
        haproxyText: HAPROXY.replace('log', 'tune.bufsize 1m\n  log'),
        spoeText: SPOE.replace('timeout', 'max-frame-size 1048572\n  timeout'),
      },
    ],
    [
      'of a frame in a buffer whose size the environment has',
      {
        haproxyText: HAPROXY.replace('log', 'tune.bufsize "${SIZE}"\n  log'),
        spoeText: SPOE.replace('timeout', 'max-frame-size 65000\n  timeout'),
      },
    ],
    [
      'of a body that an event admits by its size',
      {
        spoeText: SPOE.replace('timeout', 'max-frame-size 1000\n  timeout').replace(
          'size=req.body_size',
          'size=req.body_size\n  event on-frontend-http-request if { req.body_size le 200 }',
        ),
      },
    ],
    [
      'of a proxy without a mode, which is TCP',
      { haproxyText: TCP_HAPROXY.replaceAll('mode tcp', ''), spoeText: TCP_SPOE },
    ],
    [
      'of a group whose rule has a name of the environment',
      { haproxyText: HAPROXY.replace('checks login if', 'checks "${GROUP}" if') },
    ],
    [
      'of a rule on what a server says in TCP',
      {
        haproxyText: TCP_HAPROXY.replace(
          'default_backend',
          'tcp-response content send-spoe-group checks first\n  default_backend',
        ),
        spoeText: TCP_SPOE,
      },
    ],
    [
      'of a message that the environment may name, for the agent’s',
      {
        spoeText: SPOE.replace('spoe-message login', 'spoe-message "${LOGIN}"').replace(
          '  messages login',
          '  messages "${LOGIN}"',
        ),
        definitions: DEFINITIONS,
      },
    ],
  ])('%s', (_, sources) => {
    expect(findings(sources)).toEqual([]);
  });

  it('of an agent without messages, beside the names that are missing', () => {
    const spoeText = SPOE.slice(0, SPOE.indexOf('spoe-message')).replace('groups login', '');
    const haproxyText = HAPROXY.replace(/.*send-spoe-group.*\n/, '').replace(/.*checks\.score.*\n/, '');
    expect(lint({ haproxyText, spoeText, spoePath: 'spoe.conf' }).map(({ rule }) => rule)).toEqual(['message-missing']);
  });

  it('may be expected of the error’s variable if there is none', () => {
    const haproxyText = HAPROXY.replace('no option abortonclose', '').replace(
      'default_backend',
      'http-request deny if { var(txn.checks.error) -m int 4 }\n  default_backend',
    );
    const spoeText = SPOE.replace('option set-on-error error', '');
    expect(lint({ haproxyText, spoeText, spoePath: 'spoe.conf' }).map(({ rule }) => rule)).toContain('abortonclose');
  });
});
