import { describe, expect, it } from 'vitest';
import type { DeclaredArgument } from '../../../src/cli/definitions.ts';
import { argument, engine, faultsOf, frontend, messagesOf, placesOf } from './faults.ts';

/** An engine that sends the message `m` with these lines, which begin at line 5. */
function sending(...lines: readonly string[]): string {
  return engine('messages m', 'spoe-message m', ...lines);
}

function takes(...args: readonly DeclaredArgument[]) {
  return messagesOf({ m: args });
}

describe('a message that the agent does not declare', () => {
  const found = (spoeText: string, ...names: readonly string[]) =>
    faultsOf('message-undeclared', {
      spoeText,
      definitions: messagesOf(Object.fromEntries(names.map((name) => [name, []]))),
    });

  it('may have the name of a similar one, or of any', () => {
    const fault = {
      file: 'spoe',
      line: 4,
      sentence: 'the agent declares no message "m": no handler is called for it',
    };
    expect(found(sending(), 'check', 'mn')).toEqual([{ ...fault, advice: 'spoe-message mn, as the agent calls it' }]);
    expect(found(sending(), 'check', 'login')).toEqual([
      { ...fault, advice: 'spoe-message check, or login, as the agent calls it' },
    ]);
  });

  it.each([
    ['that a group has', 'groups g\nspoe-group g\nmessages m\nspoe-message m', [6]],
    ['that no line names', 'messages n\nspoe-message m\nspoe-message n', []],
    ['with a name of the environment', 'messages $M\nspoe-message $M', []],
    ['that is declared after all', 'messages n\nspoe-message n', []],
  ])('%s', (_, lines, expected) => {
    expect(found(engine(lines), 'n').map(({ line }) => line)).toEqual(expected);
  });

  it('may belong to another agent in its engine', () => {
    const other = '\n[f]\nspoe-agent f\nmessages other\nspoe-message other';
    expect(found(`${sending()}${other}`, 'm')).toEqual([]);
  });
});

describe('a message that is not sent', () => {
  it('is to have its arguments', () => {
    const definitions = messagesOf({ plain: [], 'with-args': [argument('a'), argument('b')] });
    expect(faultsOf('message-not-sent', { spoeText: `\n${sending()}`, definitions })).toEqual([
      {
        file: 'spoe',
        line: 2,
        sentence:
          'the agent has a message "plain", and the configuration has none of that name: its handler is never called',
        advice: 'spoe-message plain',
      },
      {
        file: 'spoe',
        line: 2,
        sentence:
          'the agent has a message "with-args", and the configuration has none of that name: its handler is never called',
        advice: 'spoe-message with-args, with args a=… b=…',
      },
    ]);
  });

  it('is found at the engine that has another one', () => {
    const spoeText = `[f]\nspoe-agent f\nmessages n\nspoe-message n\n${sending()}`;
    expect(placesOf('message-not-sent', { spoeText, definitions: messagesOf({ m: [], o: [] }) })).toEqual(['spoe 5']);
  });

  it.each([
    ['without an engine', frontend(), ''],
    ['beside one with a name of the environment', frontend(), 'spoe-message $M\nspoe-message n'],
    ['beside another SPOE configuration', frontend('filter spoe config other.conf'), 'spoe-message n'],
  ])('is not found %s', (_, haproxyText, spoeText) => {
    expect(faultsOf('message-not-sent', { haproxyText, spoeText, definitions: takes() })).toEqual([]);
  });
});

describe('an argument that is not sent', () => {
  const found = (spoeText: string, ...args: readonly DeclaredArgument[]) =>
    faultsOf('argument-not-sent', { spoeText, definitions: takes(...args) });
  const sentence = 'the agent needs the argument "a" of "m", and HAProxy does not send it';
  const fails = 'the handler fails with SPOP_MISSING_ARGUMENT';

  it('is found at the message, or its first arguments', () => {
    const fault = { file: 'spoe', sentence: `${sentence}: ${fails}`, advice: 'args a=…' };
    expect(found(sending(), argument('a'))).toEqual([{ ...fault, line: 4 }]);
    expect(found(sending('event x', 'args b=src', 'args c=src'), argument('a'))).toEqual([{ ...fault, line: 6 }]);
    expect(found(sending('args src', 'args dst'), argument('a'))).toEqual([{ ...fault, line: 5 }]);
  });

  it('is probably the only one without a name', () => {
    expect(found(sending('args b=src', 'args dst'), argument('a'))).toEqual([
      {
        file: 'spoe',
        line: 6,
        sentence: `${sentence}; it sends "dst" without a name: ${fails}`,
        advice: 'args a=dst',
      },
    ]);
  });

  it('is a note if the agent does not need it', () => {
    expect(found(sending('args b=src'), argument('a', 'string', true), argument('b'))).toEqual([]);
    const definitions = takes(argument('a', 'string', true), argument('c'), argument('b'));
    expect(faultsOf('optional-argument-not-sent', { spoeText: sending('', 'args b=src'), definitions })).toEqual([
      {
        file: 'spoe',
        line: 6,
        sentence: 'the agent would take an argument "a" of "m", and HAProxy never sends it',
        advice: 'args a=…, if HAProxy is to send it',
      },
    ]);
  });

  it('belongs to the message of that name', () => {
    const definitions = messagesOf({ n: [argument('a')], m: [argument('b')] });
    expect(faultsOf('argument-not-sent', { spoeText: sending('args b=src'), definitions })).toEqual([]);
  });
});

describe('an argument that the agent does not declare', () => {
  it('is another one, or none', () => {
    const spoeText = sending('args addr=src', 'args zone=src src addres=src address=src');
    const definitions = takes(argument('address'));
    const sentence = (name: string) => `HAProxy sends the argument "${name}" of "m", and the agent does not declare it`;
    expect(faultsOf('argument-undeclared', { spoeText, definitions })).toEqual([
      { file: 'spoe', line: 5, sentence: sentence('addr'), advice: 'args address=…' },
      {
        file: 'spoe',
        line: 6,
        sentence: sentence('zone'),
        advice: 'args without zone, or its declaration in the agent',
      },
      { file: 'spoe', line: 6, sentence: sentence('addres'), advice: 'args address=…' },
    ]);
  });
});

describe('the value of an argument', () => {
  it('has another type', () => {
    const either = { ...argument('a', 'string'), kinds: ['string', 'integer'] };
    const definitions = takes(argument('b', 'address'), either);
    expect(
      faultsOf('argument-type', { spoeText: sending('args b=src', 'args a=src c=path b=$B'), definitions }),
    ).toEqual([
      {
        file: 'spoe',
        line: 6,
        sentence:
          '"src" gives address, and the agent declares the argument "a" of "m" as string or integer: the handler fails',
        advice: 'a: address in the agent, or a sample that gives string or integer',
      },
    ]);
  });

  it('may be NULL, which only an optional argument takes', () => {
    const spoeText = sending('args a=src', 'args b=query c=query undeclared=query query');
    const definitions = takes(argument('a'), argument('b'), argument('c', 'string', true));
    expect(faultsOf('argument-may-be-null', { spoeText, definitions })).toEqual([
      {
        file: 'spoe',
        line: 6,
        sentence:
          '"query" gives nothing for some requests, which HAProxy sends as NULL, and the agent needs the argument "b" of "m": the handler fails with SPOP_MISSING_ARGUMENT',
        advice: 'b: optional(…) in the agent',
      },
    ]);
  });

  it('may be NULL for the optional argument before one that is needed', () => {
    const definitions = takes(argument('a', 'string', true), argument('b'));
    expect(faultsOf('argument-may-be-null', { spoeText: sending('args a=query b=src'), definitions })).toEqual([]);
  });
});

describe('an argument without a name', () => {
  const found = (line: string, ...args: readonly DeclaredArgument[]) =>
    faultsOf('argument-without-name', { spoeText: sending(line), definitions: takes(...args) });
  const fault = (expression: string, name: string) => ({
    file: 'spoe',
    line: 5,
    sentence: `"${expression}" has no name: HAProxy sends it under the name ''`,
    advice: `args ${name}=${expression}`,
  });

  it('is the first one that is not sent, or a new one', () => {
    const [a, b] = [argument('a', 'string', true), argument('b', 'string', true)];
    expect(found('args a=src dst', a, b)).toEqual([fault('dst', 'b')]);
    expect(found('args b=src dst', a, b)).toEqual([fault('dst', 'a')]);
    expect(found('args a=src dst', a)).toEqual([fault('dst', 'NAME')]);
  });

  it('is found in each place, if several may be the one that the agent needs', () => {
    expect(found('args src dst', argument('a'))).toEqual([fault('src', 'a'), fault('dst', 'a')]);
  });

  it.each([
    ['alone, while the agent needs one that is not sent', 'args dst', [argument('a')]],
    ['of a message that takes none', 'args dst', []],
  ])('is not found %s', (_, line, args) => {
    expect(found(line, ...args)).toEqual([]);
  });
});

describe('the number of arguments', () => {
  const found = (count: number) =>
    faultsOf('too-many-arguments', { spoeText: sending(`args ${'a=src '.repeat(count)}`) });

  it('is 255 at most', () => {
    expect(found(255)).toEqual([]);
    expect(found(256)).toEqual([
      {
        file: 'spoe',
        line: 4,
        sentence: 'the message "m" has 256 arguments: HAProxy sends their number modulo 256, and no agent can read it',
        advice: 'two messages, with 255 arguments each at most',
      },
    ]);
  });
});
