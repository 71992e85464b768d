import { describe, expect, it } from 'vitest';
import { lint } from '../../../src/cli/lint/lint.ts';
import type { Sources } from '../../../src/cli/lint/subject.ts';
import { DEFINITIONS, HAPROXY, SPOE, TCP_HAPROXY, TCP_SPOE } from './configurations.ts';

/** Replaces one text by another in one of the configurations. */
type Change = readonly [file: 'haproxy' | 'spoe', from: string, to: string];

function rulesOf(changes: readonly Change[], more: Partial<Sources> = {}, texts = [HAPROXY, SPOE]): string[] {
  let [haproxyText = '', spoeText = ''] = texts;
  for (const [file, from, to] of changes) {
    expect(file === 'haproxy' ? haproxyText : spoeText).toContain(from);
    if (file === 'haproxy') haproxyText = haproxyText.replace(from, to);
    else spoeText = spoeText.replace(from, to);
  }
  return lint({ haproxyText, spoeText, spoePath: 'spoe.conf', ...more }).map(({ rule }) => rule);
}

const NO_OPTION: Change = ['haproxy', 'no option abortonclose', ''];
const DENIES: Change = [
  'haproxy',
  'default_backend',
  'http-request deny if { var(txn.checks.error) -m int 4 }\n default_backend',
];

describe('abortonclose', () => {
  it.each<[string, readonly Change[], Partial<Sources>, readonly string[]]>([
    ['is wrong by default for any release', [NO_OPTION], {}, ['abortonclose']],
    ['is wrong by default for HAProxy 3.4', [NO_OPTION], { release: '3.4' }, ['abortonclose']],
    ['is off by default for HAProxy 3.2', [NO_OPTION], { release: '3.2' }, []],
    [
      'is wrong for HAProxy 3.2 if it is set',
      [['haproxy', 'no option abort', 'option abort']],
      { release: '3.2' },
      ['abortonclose'],
    ],
    ['does nothing in HAProxy 3.0', [['haproxy', 'no option abort', 'option abort']], { release: '3.0' }, []],
    ['may be on if a rule decides by the error', [NO_OPTION, DENIES], {}, []],
    ['may be switched off in the proxy', [NO_OPTION, ['haproxy', 'bind', 'no option abortonclose\n bind']], {}, []],
    [
      'is read from the proxy before its defaults',
      [['haproxy', 'bind', 'option abortonclose\n bind']],
      {},
      ['abortonclose'],
    ],
  ])('%s', (_, changes, more, expected) => {
    expect(rulesOf(changes, more)).toEqual(expected);
  });
});

describe('nothing is found', () => {
  it.each<[string, readonly Change[]]>([
    [
      'of servers that default-server checks',
      [
        ['haproxy', ':9000 check', ':9000'],
        ['haproxy', 'option spop', 'default-server check\n option spop'],
      ],
    ],
    ['of servers that track others', [['haproxy', ':9000 check', ':9000 track app/app']]],
    [
      'of a queue without maxconn',
      [
        ['haproxy', 'maxconn 100', ''],
        ['haproxy', 'timeout queue 100ms', ''],
      ],
    ],
    [
      'of maxconn 0, which is no limit',
      [
        ['haproxy', 'maxconn 100', 'maxconn 0'],
        ['haproxy', 'timeout queue 100ms', ''],
      ],
    ],
    [
      'of times that the environment has',
      [
        ['haproxy', 'queue 100ms', 'queue "${WAIT}"'],
        ['spoe', '250ms', '"${TIME-1s}"'],
      ],
    ],
    [
      'of a body that a rule waits for',
      [['haproxy', 'option http-buffer-request', 'http-request wait-for-body time 1s']],
    ],
    [
      'of a body whose size an event looks at',
      [
        ['spoe', ' size=req.body_size', ' size=int(1)'],
        ['haproxy', '{ path /login }', '{ req.body_size le 9000 }'],
      ],
    ],
    ['of a frame that holds every body', [['spoe', 'timeout', 'max-frame-size 16380\n timeout']]],
    [
      'of a larger buffer',
      [
        ['spoe', 'timeout', 'max-frame-size 65000\n timeout'],
        ['haproxy', 'log', 'tune.bufsize 64k\n log'],
      ],
    ],
    [
      'of names that the environment has',
      [
        ['spoe', 'messages check-ip', 'messages "${MESSAGE}"'],
        ['spoe', 'groups login', 'groups "${GROUP}" login'],
      ],
    ],
    ['of an engine that the environment names', [['haproxy', 'engine checks', 'engine "${ENGINE}"']]],
    ['of a prefix that the environment has', [['spoe', 'prefix checks', 'prefix "${PREFIX}"']]],
    ['of a variable that a converter reads', [['haproxy', '%[var(txn.who)]', '%[str(a),concat(txn.who)]']]],
    [
      'of one that the configuration registers for the agent',
      [
        ['spoe', 'timeout', 'register-var-names score\n timeout'],
        ['haproxy', 'var(sess.checks.score)', 'src'],
      ],
    ],
    ['of a variable of HAProxy itself', [['haproxy', 'bind', 'log-format %[var(txn.checks.error)]\n bind']]],
    [
      'of one that is taken away',
      [['haproxy', 'default_backend', 'http-request unset-var(txn.who)\n default_backend']],
    ],
    ['of one that the process has', [['haproxy', 'log', 'set-var proc.key str(a)\n log']]],
    [
      'of a group that no rule sends, with messages that events send',
      [
        ['spoe', 'groups login', 'groups login more'],
        ['spoe', 'spoe-group', 'spoe-group more\n messages check-ip\nspoe-group'],
      ],
    ],
    ['of a message without an event that a group has', [['spoe', 'messages check-ip', 'messages check-ip login']]],
    [
      'of comments',
      [
        ['spoe', 'args ip', '# args src\n args ip'],
        ['haproxy', 'bind', '#filter spoe engine x config spoe.conf\n bind'],
      ],
    ],
  ])('%s', (_, changes) => {
    expect(rulesOf(changes, { definitions: DEFINITIONS, deadlineMs: 100 })).toEqual([]);
  });

  it('of a TCP group whose messages have no data, and that waits', () => {
    const changes: Change[] = [
      ['haproxy', ' if { req.len gt 0 }', ''],
      ['spoe', 'head=req.payload(0,4)', 'ip=src'],
    ];
    expect(rulesOf(changes, {}, [TCP_HAPROXY, TCP_SPOE])).toEqual([]);
  });

  it('of messages in another SPOE configuration', () => {
    const other: Change = ['haproxy', 'bind', 'filter spoe engine more config other.conf\n bind'];
    const more = { name: 'more', args: [] };
    const definitions = { ...DEFINITIONS, messages: [...DEFINITIONS.messages, more] };
    expect(rulesOf([], { definitions })).toEqual(['message-not-sent']);
    expect(rulesOf([other], { definitions })).toEqual([]);
  });
});
