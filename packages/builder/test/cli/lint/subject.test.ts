import { describe, expect, it } from 'vitest';
import { isBefore, isFrom, subjectOf } from '../../../src/cli/lint/subject.ts';
import { engine, frontend, messagesOf } from './faults.ts';

const SPOE = `${engine('messages m', 'spoe-message m', 'spoe-message n')}\n[f]\nspoe-agent g\nmessages o\nspoe-message o`;

describe('the engines of a subject', () => {
  const engines = (haproxyText: string, spoeText: string, ...names: readonly string[]) => {
    const definitions =
      names.length === 0 ? undefined : messagesOf(Object.fromEntries(names.map((name) => [name, []])));
    return subjectOf({ haproxyText, spoeText, spoePath: 'here/spoe.conf', definitions }).engines;
  };

  it.each([
    ['no definitions', SPOE, [], [false, false]],
    ['a message of the first', SPOE, ['n', 'x'], [true, false]],
    ['a message of the second', SPOE, ['o'], [false, true]],
    ['messages of both', SPOE, ['m', 'o'], [true, true]],
    ['no message of either', SPOE, ['x'], [false, false]],
    ['another message, for the only one', engine('messages m', 'spoe-message m'), ['x'], [true]],
    ['no definitions, for the only one', engine('messages m', 'spoe-message m'), [], [false]],
  ])('belong to the agent with %s', (_, spoeText, names, expected) => {
    expect(engines('', spoeText, ...names).map(({ isDeclared }) => isDeclared)).toEqual(expected);
  });

  it('are named by their scopes or agents', () => {
    const text = `spoe-agent first\n${SPOE}`;
    expect(engines('', text).map(({ engineName }) => engineName)).toEqual(['first', 'e', 'f']);
    expect(engines('', 'spoe-message m').map(({ engineName }) => engineName)).toEqual(['']);
  });

  it('have the filters that name them', () => {
    const haproxyText = frontend('filter spoe config spoe.conf', 'filter spoe engine f config other.conf');
    const lines = engines(haproxyText, `spoe-agent first\n${SPOE}`).map(({ filters }) =>
      filters.map(({ line }) => line.number),
    );
    expect(lines).toEqual([[4], [3], []]);
  });

  it.each([
    ['backend a', 'backend'],
    ['listen a', 'listen'],
    ['frontend a\nbackend a', 'backend'],
    ['frontend a', undefined],
    ['backend b', undefined],
  ])('have the backend of %j: %s', (haproxyText, kind) => {
    const [first] = engines(haproxyText, engine('use-backend a'));
    expect(first?.backend?.kind).toBe(kind);
  });

  it('have no backend without its name', () => {
    expect(engines('backend', engine())[0]?.backend).toBeUndefined();
    expect(engines('backend', 'spoe-message m')[0]?.backend).toBeUndefined();
  });
});

describe('the filters of a subject', () => {
  it.each([
    ['spoe.conf', true],
    ['/etc/haproxy/spoe.conf', true],
    ['$FILE', true],
    ['/etc/${FILE}.conf', true],
    ['${FOLDER}/spoe.conf', true],
    ['${FOLDER}/other.conf', false],
    ['other.conf', false],
    ['spoe.conf/other.conf', false],
  ])('name this file with %s: %s', (path, isOurs) => {
    const haproxyText = `frontend f\nfilter spoe config ${path}`;
    const { filters, otherFilters } = subjectOf({ haproxyText, spoeText: '', spoePath: 'here/spoe.conf' });
    expect([filters.length, otherFilters.length]).toEqual(isOurs ? [1, 0] : [0, 1]);
  });
});

describe('the release', () => {
  it.each([
    ['3.0', false, true],
    ['3.1', true, false],
    ['3.2', true, false],
    [undefined, false, false],
  ])('%s is 3.1 or later: %s, and older: %s', (release, from, before) => {
    const subject = subjectOf({ haproxyText: '', spoeText: '', spoePath: 'spoe.conf', release });
    expect([isFrom(subject, '3.1'), isBefore(subject, '3.1')]).toEqual([from, before]);
  });
});
