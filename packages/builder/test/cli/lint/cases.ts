/** Configurations with one fault each. */
import { expect } from 'vitest';
import type { Definitions } from '../../../src/cli/definitions.ts';
import type { Sources } from '../../../src/cli/lint/subject.ts';
import { DEFINITIONS, HAPROXY, SPOE, TCP_HAPROXY, TCP_SPOE } from './configurations.ts';

/** A change of configurations without a fault. */
export interface Case {
  readonly rule: string;
  /** The file, and the text of the line. */
  readonly at: readonly ['haproxy' | 'spoe', string];
  readonly isTcp?: boolean;
  readonly haproxy?: readonly [from: string, to: string];
  readonly spoe?: readonly [from: string, to: string];
  readonly definitions?: Definitions;
  readonly release?: string;
  readonly deadlineMs?: number;
}

const [CHECK_IP, LOGIN] = DEFINITIONS.messages;
if (CHECK_IP === undefined || LOGIN === undefined) throw new Error('the definitions have two messages');

/** The lines that use the engine in {@link HAPROXY}. */
const FILTER = `filter spoe engine checks config /etc/haproxy/spoe.conf
  http-request send-spoe-group checks login if { path /login }`;

/** What {@link SPOE} sends, and the rules of {@link HAPROXY} that belong to it. */
const ASKED = SPOE.slice(SPOE.indexOf('  messages check-ip'));
const RULES = HAPROXY.slice(HAPROXY.indexOf('  http-request send-spoe-group'), HAPROXY.indexOf('  default_backend'));

/** One or more for every rule. */
export const CASES: readonly Case[] = [
  {
    rule: 'engine-missing',
    at: ['haproxy', 'engine chek config'],
    haproxy: [FILTER, FILTER.replaceAll('checks', 'chek')],
  },
  { rule: 'engine-unused', at: ['spoe', '[checks]'], haproxy: [FILTER, ''] },
  {
    rule: 'engine-unused',
    at: ['spoe', '[more]'],
    spoe: ['[checks]', '[more]\nspoe-agent more\ntimeout processing 1s\n[checks]'],
  },
  {
    rule: 'group-without-filter',
    at: ['haproxy', 'send-spoe-group check '],
    haproxy: ['default_backend', 'http-request send-spoe-group check login if TRUE\n  default_backend'],
  },
  {
    rule: 'agent-asked-nothing',
    at: ['spoe', 'spoe-agent checks'],
    haproxy: [RULES, ''],
    spoe: [ASKED, ASKED.slice(ASKED.indexOf('  option var-prefix'), ASKED.indexOf('spoe-message'))],
  },
  { rule: 'agent-missing', at: ['spoe', '[checks]'], spoe: ['spoe-agent checks', ''] },
  {
    rule: 'message-missing',
    at: ['spoe', 'messages chek-ip'],
    spoe: ['messages check-ip', 'messages chek-ip check-ip'],
  },
  { rule: 'message-unnamed', at: ['spoe', 'spoe-message check-ip'], spoe: ['messages check-ip', ''] },
  { rule: 'message-without-event', at: ['spoe', 'spoe-message check-ip'], spoe: ['event on', '# event on'] },
  { rule: 'event-unknown', at: ['spoe', 'on-frontend-http'], spoe: ['on-frontend-http-request', 'on-frontend-http'] },
  {
    rule: 'event-of-frontend',
    at: ['spoe', 'event on-frontend'],
    haproxy: ['frontend www\n', 'listen l\nbackend www\n'],
  },
  { rule: 'group-missing', at: ['spoe', 'groups login log'], spoe: ['groups login', 'groups login log'] },
  {
    rule: 'group-missing',
    at: ['haproxy', 'checks log '],
    haproxy: ['default_backend', 'http-request send-spoe-group checks log if TRUE\n  default_backend'],
  },
  {
    rule: 'group-unnamed',
    at: ['spoe', 'spoe-group more'],
    spoe: ['spoe-group login', 'spoe-group more\nspoe-group login'],
  },
  { rule: 'group-unsent', at: ['spoe', 'groups login'], haproxy: ['http-request send', '# http-request send'] },
  { rule: 'prefix', at: ['spoe', 'var-prefix my-checks'], spoe: ['var-prefix checks', 'var-prefix my-checks'] },
  { rule: 'prefix', at: ['spoe', 'spoe-agent'], isTcp: true, spoe: ['spoe-agent checks', 'spoe-agent my-checks'] },
  { rule: 'keyword-ignored', at: ['spoe', 'async'], release: '3.2', spoe: ['timeout', 'option async\n  timeout'] },
  { rule: 'keyword-ignored', at: ['spoe', 'maxerrrate'], release: '3.4', spoe: ['timeout', 'maxerrrate 9\n  timeout'] },
  { rule: 'keyword-of-old-releases', at: ['spoe', 'no option async'], spoe: ['timeout', 'no option async\n  timeout'] },
  {
    rule: 'keyword-of-old-releases',
    at: ['spoe', 'hello'],
    release: '3.1',
    spoe: ['timeout', 'timeout hello 2s\n  timeout'],
  },
  {
    rule: 'processing-timeout',
    at: ['spoe', 'spoe-agent'],
    haproxy: ['maxconn', 'weight'],
    spoe: ['timeout processing', '# timeout'],
  },
  { rule: 'deadline', at: ['spoe', 'timeout processing'], deadlineMs: 250 },
  { rule: 'frame-size', at: ['spoe', 'max-frame'], isTcp: true, spoe: ['timeout', 'max-frame-size 16381\n  timeout'] },
  { rule: 'frame-size', at: ['spoe', 'max-frame'], isTcp: true, spoe: ['timeout', 'max-frame-size 255\n  timeout'] },
  {
    rule: 'message-undeclared',
    at: ['spoe', 'spoe-message login'],
    definitions: { ...DEFINITIONS, messages: [CHECK_IP] },
  },
  {
    rule: 'message-not-sent',
    at: ['spoe', '[checks]'],
    definitions: { ...DEFINITIONS, messages: [CHECK_IP, LOGIN, { name: 'm', args: [] }] },
  },
  { rule: 'argument-not-sent', at: ['spoe', 'args port'], definitions: DEFINITIONS, spoe: ['ip=src ', ''] },
  {
    rule: 'optional-argument-not-sent',
    at: ['spoe', 'args ip'],
    definitions: DEFINITIONS,
    spoe: [' port=src_port', ''],
  },
  { rule: 'argument-undeclared', at: ['spoe', 'args ip'], definitions: DEFINITIONS, spoe: ['ip=src', 'ip=src to=dst'] },
  { rule: 'argument-type', at: ['spoe', 'ip=path'], definitions: DEFINITIONS, spoe: ['ip=src', 'ip=path'] },
  {
    rule: 'argument-type',
    at: ['spoe', 'ip=src,'],
    definitions: DEFINITIONS,
    spoe: ['ip=src', 'ip=src,ipmask(24),length'],
  },
  {
    rule: 'argument-may-be-null',
    at: ['spoe', 'ip=req.hdr_ip'],
    definitions: DEFINITIONS,
    spoe: ['ip=src', 'ip=req.hdr_ip(x-real-ip,-1)'],
  },
  { rule: 'argument-without-name', at: ['spoe', 'dst'], definitions: DEFINITIONS, spoe: ['ip=src', 'ip=src dst'] },
  {
    rule: 'argument-not-sent',
    at: ['spoe', 'args src'],
    definitions: DEFINITIONS,
    spoe: ['ip=src', 'src'],
  },
  {
    rule: 'variable-unset',
    at: ['haproxy', 'checks.scor)'],
    definitions: DEFINITIONS,
    haproxy: ['sess.checks.score)', 'sess.checks.scor)'],
  },
  {
    rule: 'variable-scope',
    at: ['haproxy', 'http-response'],
    haproxy: [
      'default_backend',
      'http-request set-var(req.a) src\n  http-response set-header a %[var(req.a)]\n  default_backend',
    ],
  },
  {
    rule: 'variable-scope',
    at: ['spoe', 'var(res.checks.a)'],
    spoe: ['ip=src', 'ip=src a=var(res.checks.a)'],
  },
  {
    rule: 'too-many-arguments',
    at: ['spoe', 'spoe-message check'],
    spoe: ['ip=src', `ip=src${'\n  args a=src b=src c=src d=src e=src'.repeat(51)}`],
  },
  {
    rule: 'variable-unset',
    at: ['haproxy', 'txn.whom'],
    haproxy: ['x-who %[var(txn.who)]', 'x-who %[var(txn.who)]%[var(txn.whom)]'],
  },
  {
    rule: 'variable-unset',
    at: ['haproxy', 'txn.checks.scor'],
    definitions: DEFINITIONS,
    haproxy: ['x-who', 'x-%[var(txn.checks.scor)]-who'],
  },
  { rule: 'variable-unset', at: ['spoe', 'var(txn.no)'], spoe: ['ip=src', 'ip=var(txn.no)'] },
  { rule: 'variable-unread', at: ['haproxy', 'set-var(txn.who)'], haproxy: ['%[var(txn.who)]', 'me'] },
  {
    rule: 'agent-variable-unread',
    at: ['spoe', 'var-prefix'],
    definitions: { ...DEFINITIONS, variables: [...DEFINITIONS.variables, { scope: 'txn', name: 'v' }] },
  },
  { rule: 'spop-check', at: ['haproxy', 'backend agents'], haproxy: ['option spop-check', ''] },
  { rule: 'spop-check', at: ['haproxy', 'server agent1'], haproxy: [' check ', ' '] },
  { rule: 'agent-mode', at: ['haproxy', 'backend agents'], haproxy: ['mode tcp', ''] },
  { rule: 'queue', at: ['haproxy', 'server agent1'], haproxy: ['timeout queue 100ms', ''] },
  { rule: 'queue', at: ['haproxy', 'server agent1'], haproxy: ['timeout queue 100ms', 'timeout queue 1s'] },
  { rule: 'abortonclose', at: ['haproxy', 'filter spoe'], haproxy: ['no option abortonclose', ''] },
  { rule: 'abortonclose', at: ['haproxy', 'filter spoe'], release: '3.2', haproxy: ['no option', 'option'] },
  { rule: 'body-not-buffered', at: ['spoe', 'args user'], haproxy: ['option http-buffer-request', ''] },
  { rule: 'body-size', at: ['spoe', 'args user'], spoe: [' size=req.body_size', ''] },
  { rule: 'body-above-frame', at: ['spoe', 'max-frame-size'], spoe: ['timeout', 'max-frame-size 4096\n  timeout'] },
  {
    rule: 'tcp-before-data',
    at: ['haproxy', 'send-spoe-group'],
    isTcp: true,
    haproxy: ['tcp-request inspect-delay 5s', ''],
  },
  { rule: 'tcp-before-data', at: ['haproxy', 'send-spoe-group'], isTcp: true, haproxy: [' if { req.len gt 0 }', ''] },
];

/** The configurations before the change of a case. */
export function mendedSources({ isTcp = false, definitions, release, deadlineMs }: Case): Sources {
  const [haproxyText, spoeText] = isTcp ? [TCP_HAPROXY, TCP_SPOE] : [HAPROXY, SPOE];
  return { haproxyText, spoeText, spoePath: 'here/spoe.conf', definitions, release, deadlineMs };
}

/** The configurations after it. */
export function brokenSources(each: Case): Sources {
  const mended = mendedSources(each);
  return {
    ...mended,
    haproxyText: changed(mended.haproxyText, each.haproxy),
    spoeText: changed(mended.spoeText, each.spoe),
  };
}

function changed(text: string, change: readonly [string, string] | undefined): string {
  if (change !== undefined) expect(text).toContain(change[0]);
  return change === undefined ? text : text.replace(...change);
}
