import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../src/cli/lint/configuration-text.ts';
import { groupRules } from '../../../src/cli/lint/name-rules.ts';
import { engine, faultsOf, frontend, placesOf } from './faults.ts';

describe('groupRules', () => {
  it('reads the engine and the group, wherever the line has them, and both or nothing', () => {
    const lines = linesOf(
      'http-request send-spoe-group e g if x\nsend-spoe-group e h\nsend-spoe-group e\nhttp-request e g',
    );
    expect(groupRules(lines).map(({ line, engine: name, group }) => [line.number, name, group])).toEqual([
      [1, 'e', 'g'],
      [2, 'e', 'h'],
    ]);
  });
});

describe('a rule that sends a group', () => {
  const RULE = 'http-request send-spoe-group e g';
  const spoeText = engine('groups g', 'spoe-group g');

  it('needs a filter with the engine in its proxy', () => {
    const fault = (line: number, name: string, config: string) => ({
      file: 'haproxy',
      line,
      sentence: `"backend b" has no filter with the engine "${name}": HAProxy does not start`,
      advice: `filter spoe engine ${name} config ${config}`,
    });
    const haproxyText = frontend(
      RULE,
      'backend b',
      RULE,
      'send-spoe-group f g',
      'filter spoe engine h config spoe.conf',
    );
    const another = '\n[other]\nspoe-agent other';
    expect(faultsOf('group-without-filter', { haproxyText, spoeText: spoeText + another })).toEqual([
      fault(6, 'e', 'FILE'),
      fault(7, 'f', 'FILE, with that engine in it'),
    ]);
  });

  it.each([
    ['a filter without an engine', ['filter spoe config spoe.conf', RULE]],
    ['a filter with an engine of the environment', ['filter spoe engine $E config spoe.conf', RULE]],
    ['an engine of the environment', ['send-spoe-group $E g']],
  ])('may have the right one with %s', (_, lines) => {
    const haproxyText = ['backend b', ...lines].join('\n');
    expect(faultsOf('group-without-filter', { haproxyText, spoeText })).toEqual([]);
  });
});

describe('a group', () => {
  const RULE = 'http-request send-spoe-group e g';

  it('is missing where the agent names it', () => {
    expect(faultsOf('group-missing', { spoeText: engine('groups g', 'groups $G h', 'spoe-group g') })).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence: 'the engine has no group "h": HAProxy does not start',
        advice: 'spoe-group h, or the name of one that there is',
      },
    ]);
  });

  it('is missing where the agent does not name it, and a rule does', () => {
    const haproxyText = frontend(
      'http-request send-spoe-group e h',
      RULE,
      'send-spoe-group f g',
      'send-spoe-group e $G',
    );
    expect(
      faultsOf('group-missing', { haproxyText, spoeText: engine('groups h', 'spoe-group h', 'spoe-group g') }),
    ).toEqual([
      {
        file: 'haproxy',
        line: 5,
        sentence: 'no line "groups" of the engine "e" names the group "g": HAProxy does not start',
        advice: 'groups g, in the "spoe-agent" section',
      },
    ]);
  });

  it.each([
    ['without a filter', `frontend f\n${RULE}`, engine()],
    ['without an agent', frontend(RULE), '[e]\nspoe-group g'],
    ['beside one of the environment', frontend(RULE), engine('groups h $G', 'spoe-group h')],
    ['beside the engine of another file', frontend(RULE, 'filter spoe engine e config other.conf'), engine()],
  ])('is not missing for a rule %s', (_, haproxyText, spoeText) => {
    expect(faultsOf('group-missing', { haproxyText, spoeText })).toEqual([]);
  });

  it('is missing for a rule beside another engine of another file', () => {
    const haproxyText = frontend(RULE, 'filter spoe engine h config other.conf');
    expect(placesOf('group-missing', { haproxyText, spoeText: engine() })).toEqual(['haproxy 4']);
  });

  it('that no line names cannot be sent', () => {
    const spoeText = engine('groups h', 'spoe-group g', 'spoe-group h');
    expect(faultsOf('group-unnamed', { spoeText })).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence: 'no line "groups" names the group "g": no rule can send it',
        advice: 'groups g, in "spoe-agent e"',
      },
    ]);
    expect(faultsOf('group-unnamed', { spoeText: engine('groups $G', 'spoe-group g') })).toEqual([]);
    expect(faultsOf('group-unnamed', { spoeText: 'spoe-group g' })).toEqual([]);
  });
});

describe('a group that no rule sends', () => {
  const GROUP = ['spoe-group g', 'messages m n'];
  const spoeText = engine('groups g', ...GROUP);
  const fault = {
    file: 'spoe',
    line: 3,
    sentence: 'no rule sends the group "g": HAProxy never asks the agent about it, and says nothing',
  };
  const [http, tcp] = ['http-request', 'tcp-request content'].map((rule) => ({
    ...fault,
    advice: `${rule} send-spoe-group e g, in the proxy of the filter`,
  }));

  it.each([
    ['in HTTP', frontend(), http],
    ['in TCP', frontend().replace('http', 'tcp'), tcp],
    ['in both', `${frontend()}\n${frontend().replace('http', 'tcp')}`, http],
    ['of this engine', frontend('send-spoe-group f g'), http],
    ['of this name', frontend('send-spoe-group e h'), http],
  ])('is found %s', (_, haproxyText, expected) => {
    expect(faultsOf('group-unsent', { haproxyText, spoeText })).toEqual([expected]);
  });

  it.each([
    ['with a rule', frontend('send-spoe-group e g'), spoeText],
    ['beside a rule with an engine of the environment', frontend('send-spoe-group $E g'), spoeText],
    ['beside a rule with a group of the environment', frontend('send-spoe-group e $G'), spoeText],
    ['without a filter', '', spoeText],
    ['without its section', frontend(), engine('groups g')],
  ])('is not found %s', (_, haproxyText, text) => {
    expect(faultsOf('group-unsent', { haproxyText, spoeText: text })).toEqual([]);
  });

  it.each([
    ['all', ['messages m n', ...GROUP, 'spoe-message m', 'event x', 'spoe-message n', 'event x'], []],
    ['one', ['messages m', ...GROUP, 'spoe-message m', 'event x', 'spoe-message n', 'event x'], ['spoe 3']],
    ['none', ['messages m n', ...GROUP, 'spoe-message m', 'spoe-message n'], ['spoe 3']],
  ])('is found unless events send its messages: %s', (_, lines, expected) => {
    expect(placesOf('group-unsent', { haproxyText: frontend(), spoeText: engine('groups g', ...lines) })).toEqual(
      expected,
    );
  });
});
