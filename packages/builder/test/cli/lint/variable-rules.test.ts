import { describe, expect, it } from 'vitest';
import type { Definitions } from '../../../src/cli/definitions.ts';
import { engine, faultsOf, frontend, placesOf, variablesOf } from './faults.ts';

const SPOE = engine('option set-on-error error', 'messages m', 'spoe-message m');
const OTHER_FILTER = 'filter spoe engine other config other.conf';

describe('a variable that is read, and never set', () => {
  const found = (lines: readonly string[], definitions?: Definitions) =>
    placesOf('variable-unset', { haproxyText: frontend(...lines), spoeText: SPOE, definitions });

  it('has the name of one that is set in the advice, if there is a similar one', () => {
    const haproxyText = frontend(
      'set-header a %[var(txn.ab)]',
      'set-header a %[var(txn.x.y.z)]',
      'set-var(txn.abc) src',
    );
    expect(faultsOf('variable-unset', { haproxyText, spoeText: SPOE })).toEqual([
      {
        file: 'haproxy',
        line: 4,
        sentence: 'the variable "txn.ab" is read, and nothing in the configuration sets it',
        advice: 'var(txn.abc)',
      },
      {
        file: 'haproxy',
        line: 5,
        sentence: 'the variable "txn.x.y.z" is read, and nothing in the configuration sets it',
        advice: 'the name of one that is set: SCOPE.PREFIX.NAME',
      },
    ]);
  });

  it('may be the agent’s, whose variables are in the advice', () => {
    const haproxyText = frontend('set-header a %[var(sess.e.scor)]');
    const definitions = variablesOf('sess.score');
    expect(faultsOf('variable-unset', { haproxyText, spoeText: SPOE, definitions })).toEqual([
      {
        file: 'haproxy',
        line: 4,
        sentence: 'the variable "sess.e.scor" is read, and neither the agent nor a rule sets it',
        advice: 'var(sess.e.score)',
      },
    ]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['is found where it is read first, and only there', ['a var(txn.a)', 'b var(txn.a)'], ['haproxy 4']],
    ['is found although a rule takes it away', ['unset-var(txn.a)', 'a var(txn.a)'], ['haproxy 5']],
    ['is found although a converter takes it away', ['a %[src,unset-var(txn.a)]', 'a var(txn.a)'], ['haproxy 5']],
    ['is not found where it is only taken away', ['unset-var(txn.a)'], []],
    ['may be set by a default', ['set-var-dflt(txn.a) src', 'a var(txn.a)'], []],
    ['is not one whose use is not known, after another', ['set-var(txn.a) src', 'var(txn.a),concat(txn.b)'], []],
    ['may be the agent’s, of which nothing is known', ['a var(txn.e.b)'], []],
    ['is not the one of an error of the agent', ['a var(txn.e.error)'], []],
    ['may be set by an agent of another file', [OTHER_FILTER, 'a var(txn.other.b)'], []],
    ['is not found beside Lua', ['http-request lua.set', 'a var(txn.a)'], []],
    ['is not found without the file that has the backend', ['use_backend elsewhere', 'a var(txn.a)'], []],
  ])('%s', (_, lines, expected) => {
    expect(found(lines)).toEqual(expected);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    [
      'is found if the agent declares others, beside the agent of another file',
      [OTHER_FILTER, 'a var(txn.e.b)'],
      ['haproxy 5'],
    ],
    ['is not one that the agent declares', ['a var(txn.e.declared)'], []],
    ['is found in another scope', ['a var(sess.e.declared)'], ['haproxy 4']],
  ])('%s', (_, lines, expected) => {
    expect(found(lines, variablesOf('txn.declared'))).toEqual(expected);
  });
});

describe('a variable that is set, and never read', () => {
  const found = (...lines: readonly string[]) =>
    placesOf('variable-unread', { haproxyText: frontend(...lines), spoeText: SPOE });

  it('is to be read, or not to be set', () => {
    expect(faultsOf('variable-unread', { haproxyText: frontend('set-var(txn.a) src'), spoeText: SPOE })).toEqual([
      {
        file: 'haproxy',
        line: 4,
        sentence: 'the variable "txn.a" is set, and never read',
        advice: 'var(txn.a) in the rule that is to use it, or no line that sets it',
      },
    ]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['is found where it is set first, and only there', ['set-var(txn.a) src', 'set-var(txn.a) dst'], ['haproxy 4']],
    ['is found if a format sets it', ['set-var-fmt(txn.a) x'], ['haproxy 4']],
    [
      'is found if a line has its name as a word',
      ['set-var txn.a x', 'set-var-fmt txn.b x'],
      ['haproxy 4', 'haproxy 5'],
    ],
    ['is not found if a rule only takes it away', ['unset-var(txn.a)'], []],
    ['is not found if a converter only takes it away', ['a %[src,unset-var(txn.a)]'], []],
    ['is not found as a word of another line', ['unset-var txn.a', 'set-var var(txn.b)', 'txn.c'], []],
    ['is not one whose use is not known, after another', ['set-var(txn.a),add(txn.b)'], ['haproxy 4']],
    ['is not found beside Lua', ['http-request lua.get', 'set-var(txn.a) src'], []],
    ['is not found beside a file with a log format', ['http-request return lf-file a', 'set-var(txn.a) src'], []],
    ['is not found without the file that has the backend', ['use_backend elsewhere', 'set-var(txn.a) src'], []],
    ['is not found beside an agent of another file', [OTHER_FILTER, 'set-var(txn.a) src'], []],
    ['is not one of the process, which the command line shows', ['set-var(proc.a) src'], []],
  ])('%s', (_, lines, expected) => {
    expect(found(...lines)).toEqual(expected);
  });
});

describe('the scope of a variable', () => {
  it('ends with the request, or begins with the response', () => {
    const haproxyText = frontend('http-request deny if { var(res.a) }', 'http-response set-header a %[var(req.bc)]');
    expect(faultsOf('variable-scope', { haproxyText })).toEqual([
      {
        file: 'haproxy',
        line: 4,
        sentence: 'the variable "res.a" is read with the request, and exists only with the response',
        advice: 'txn.a, where it is set and where it is read',
      },
      {
        file: 'haproxy',
        line: 5,
        sentence: 'the variable "req.bc" is read with the response, and no longer exists by then',
        advice: 'txn.bc, where it is set and where it is read',
      },
    ]);
  });

  it.each<[string, readonly string[]]>([
    ['a request reads its own', ['http-request deny if { var(req.a) }']],
    ['a response reads its own', ['http-response deny if { var(res.a) }']],
    ['a variable is set', ['http-request set-var(res.a) src']],
    ['the line is no rule of either', ['log-format %[var(req.a)]%[var(res.a)]']],
  ])('is right where %s', (_, lines) => {
    expect(faultsOf('variable-scope', { haproxyText: frontend(...lines) })).toEqual([]);
  });

  it.each([
    ['on-frontend-http-request', ['spoe 3']],
    ['on-backend-http-request', ['spoe 3']],
    ['on-http-response', ['spoe 4']],
    ['on-frontend-http-requests', []],
    ['on-tcp-response', []],
    ['', []],
  ])('in a message with the event %j is wrong at %j', (event, expected) => {
    const spoeText = ['[e]', 'spoe-message m', 'args a=var(res.a)', 'args b=var(req.a)', `event ${event}`].join('\n');
    expect(placesOf('variable-scope', { spoeText })).toEqual(expected);
  });

  it('in a message without an event is not known', () => {
    expect(placesOf('variable-scope', { spoeText: 'spoe-message m\nargs a=var(res.a) b=var(req.a)' })).toEqual([]);
  });
});

describe('a variable of the agent that nothing reads', () => {
  const found = (haproxyText: string, spoeText: string, ...variables: readonly string[]) =>
    placesOf('agent-variable-unread', { haproxyText, spoeText, definitions: variablesOf(...variables) });

  it('is found at the prefix, or at the head of the agent', () => {
    const fault = {
      file: 'spoe',
      sentence: 'the agent sets "txn.p.a", and no line reads it',
      advice: 'var(txn.p.a), in a rule',
    };
    const sources = { haproxyText: frontend(), definitions: variablesOf('txn.a') };
    const withPrefix = engine('messages m', 'option var-prefix p', 'spoe-message m');
    expect(faultsOf('agent-variable-unread', { ...sources, spoeText: withPrefix })).toEqual([{ ...fault, line: 4 }]);
    const withName = 'spoe-agent p\nmessages m\nspoe-message m';
    expect(faultsOf('agent-variable-unread', { ...sources, spoeText: withName })).toEqual([{ ...fault, line: 1 }]);
  });

  it.each<[string, readonly string[], readonly string[]]>([
    ['is found if a rule sets it too', ['set-var(txn.e.a) src'], ['spoe 2']],
    ['is found if a rule takes it away', ['unset-var(txn.e.a)'], ['spoe 2']],
    ['is found if a rule reads that of another prefix', ['a var(txn.f.a)'], ['spoe 2']],
    ['is not found if a rule reads it', ['a var(txn.e.a)'], []],
    ['is not found if a converter has its name', ['a src,concat(txn.e.a)'], []],
    ['is not found if a rule reads a similar one, which another rule finds', ['a var(txn.e.ab)'], []],
    ['is not found beside Lua', ['http-request lua.a'], []],
    ['is not found beside a file with a log format', ['return lf-file a'], []],
    ['is not found without the file that has the backend', ['default_backend elsewhere'], []],
  ])('%s', (_, lines, expected) => {
    expect(found(frontend(...lines), SPOE, 'txn.a')).toEqual(expected);
  });

  it('is found beside a similar one that is declared and read', () => {
    expect(found(frontend('a var(txn.e.a)'), SPOE, 'txn.a', 'txn.b')).toEqual(['spoe 2']);
  });

  it('is not found with a prefix of the environment', () => {
    expect(found(frontend(), engine('option var-prefix $P', 'messages m', 'spoe-message m'), 'txn.a')).toEqual([]);
  });

  it('is not found if the agent has two engines, and is found if one of them has another agent', () => {
    const another = (message: string) => `${SPOE}\n[g]\nspoe-agent g\nmessages ${message}\nspoe-message ${message}`;
    expect(found(frontend(), another('m'), 'txn.a')).toEqual([]);
    expect(found(frontend(), another('n'), 'txn.a')).toEqual(['spoe 2']);
  });

  it('is not found without an agent or its definitions', () => {
    expect(found(frontend(), '[e]\nspoe-message m', 'txn.a')).toEqual([]);
    expect(placesOf('agent-variable-unread', { haproxyText: frontend(), spoeText: SPOE })).toEqual([]);
  });
});
