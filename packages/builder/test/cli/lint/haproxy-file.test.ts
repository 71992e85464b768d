import { describe, expect, it } from 'vitest';
import { linesOf } from '../../../src/cli/lint/configuration-text.ts';
import {
  modeOf,
  optionOf,
  parseHaproxyFile,
  settingOf,
  wordAfter,
  type Proxy,
} from '../../../src/cli/lint/haproxy-file.ts';

function only(text: string): Proxy {
  const proxies = parseHaproxyFile(text).proxies;
  const [proxy] = proxies;
  if (proxy === undefined || proxies.length !== 1) throw new Error(`expected one proxy; found ${proxies.length}`);
  return proxy;
}

describe('the proxies of a file', () => {
  it('are its frontends, backends and listen sections', () => {
    const text = 'x\nglobal\na\npeers p\nb\nfrontend f\nc\nbackend b\ncache d\nd\nlisten l\nglobal\ne';
    const { proxies, global, lines } = parseHaproxyFile(text);
    const words = (all: readonly { readonly words: readonly string[] }[]) => all.map((line) => line.words.join(' '));
    expect(proxies.map(({ kind, name, lines: own }) => [kind, name, ...words(own)])).toEqual([
      ['frontend', 'f', 'c'],
      ['backend', 'b'],
      ['listen', 'l'],
    ]);
    expect(words(global.lines)).toEqual(['a', 'e']);
    expect(lines).toHaveLength(13);
  });

  it.each([
    ['the latest, before it', 'defaults a\ndefaults b\nfrontend f\ndefaults c', 'b'],
    ['those that it names', 'defaults a\ndefaults b\nfrontend f from a', 'a'],
    ['none, if they stand after it', 'defaults b\nfrontend f from a\ndefaults a', undefined],
    ['those that it names, whatever its own name', 'defaults a\ndefaults b\nfrontend from from a', 'a'],
    ['none, if they are missing', 'defaults b\nfrontend a\nfrontend f from a', undefined],
    ['none, if the name is missing', 'defaults b\nfrontend f from', 'b'],
    ['the latest, if the proxy itself has that name', 'defaults a\ndefaults b\nfrontend from a', 'b'],
    ['the latest, after another word', 'defaults a\ndefaults b\nfrontend f with a', 'b'],
    ['none before the first', 'frontend f\ndefaults a', undefined],
    ['only sections of that kind', 'ring a\nfrontend f', undefined],
  ])('have defaults: %s', (_, text, expected) => {
    expect(parseHaproxyFile(text).proxies.at(-1)?.defaults?.name).toBe(expected);
  });

  it('may have the word of named defaults as a name', () => {
    expect(only('defaults from\nfrontend from').defaults?.name).toBe('from');
  });
});

describe('defaults', () => {
  it.each([
    ['that they name', 'defaults a\nx 1\ndefaults b from a\ny 2', ['x 1', 'y 2']],
    ['that they name, without a name', 'defaults a\nx 1\ndefaults from a\ny 2', ['x 1', 'y 2']],
    ['of which those have others', 'defaults a\nx 1\ndefaults b from a\ny 2\ndefaults c from b', ['x 1', 'y 2']],
    ['only if they name some', 'defaults a\nx 1\ndefaults b\ny 2', ['y 2']],
    ['only if there are some of that name', 'defaults a\nx 1\ndefaults b from c\ny 2', ['y 2']],
    ['only if a name follows', 'defaults a\nx 1\ndefaults b from\ny 2', ['y 2']],
    ['not by their own name', 'defaults a\nx 1\ndefaults from\ny 2', ['y 2']],
  ])('have the settings of those %s', (_, text, expected) => {
    const { defaults } = only(`${text}\nfrontend f`);
    expect(defaults?.lines.map(({ words }) => words.join(' '))).toEqual(expected);
  });

  it('come before their own settings', () => {
    const proxy = only('defaults a\nmode tcp\noption o\ndefaults from a\nmode http\nno option o\nfrontend f');
    expect([modeOf(proxy), optionOf(proxy, 'o')]).toEqual(['http', false]);
  });
});

describe('the filters of a file', () => {
  it('have an engine and a file, or not', () => {
    const text = 'filter spoe\nlisten l\nfilter spoe engine e config a/b.conf\nfilter cache c\nfilter spoe';
    expect(parseHaproxyFile(text).filters.map(({ proxy, line, ...rest }) => [proxy.name, line.number, rest])).toEqual([
      ['l', 3, { engine: 'e', config: 'a/b.conf' }],
      ['l', 5, { engine: undefined, config: '' }],
    ]);
  });
});

describe('programs beside a file', () => {
  it.each([
    ['http-request lua.check', true],
    ['lua-load a.lua', true],
    ['use-service lua.reply', true],
    ['http-request set-var(txn.a) lua.fetch', true],
    ['server lua 127.0.0.1:80', false],
    ['use_backend not-lua.a', false],
    ['filter opentelemetry config a', true],
    ['filter', true],
    ['x filter opentelemetry', false],
  ])('may set variables with %j: %s', (line, expected) => {
    expect(parseHaproxyFile(`frontend f\n${line}`).hasPrograms).toBe(expected);
  });

  it.each(['spoe', 'compression', 'comp-req', 'comp-res', 'cache', 'trace', 'bwlim-in', 'bwlim-out', 'fcgi-app'])(
    'are no filter %s',
    (name) => {
      expect(parseHaproxyFile(`filter ${name} a`).hasPrograms).toBe(false);
    },
  );
});

describe('whether a file is whole', () => {
  it.each([
    ['has an entry', 'frontend f', true],
    ['has one that is a backend too', 'listen l', true],
    ['has a backend alone', 'backend b', false],
    ['has an entry after a backend', 'backend b\nfrontend f', true],
    ['has nothing', '', false],
    ['has the backends that it names', 'frontend f\nuse_backend b if x\ndefault_backend c\nbackend b\nbackend c', true],
    ['lacks a backend', 'frontend f\nuse_backend b', false],
    ['lacks the default backend', 'frontend f\ndefault_backend b', false],
    ['lacks one of two', 'frontend f\nuse_backend b\nuse_backend c\nbackend b', false],
    ['names a backend by the environment', 'frontend f\nuse_backend $B', true],
    ['names a backend by a request', 'frontend f\nuse_backend %[path]', true],
    ['names none', 'frontend f\nuse_backend', false],
  ])('depends on its proxies: it %s', (_, text, expected) => {
    expect(parseHaproxyFile(text).isWhole).toBe(expected);
  });
});

describe('wordAfter', () => {
  it.each([
    ['a b c', 'a', 'b'],
    ['a b c', 'b', 'c'],
    ['a b c', 'c', undefined],
    ['a b c', 'd', undefined],
  ])('in %j gives what stands after %j: %s', (text, word, expected) => {
    const [line] = linesOf(text);
    expect(line && wordAfter(line, word)).toBe(expected);
  });
});

describe('a setting of a proxy', () => {
  it.each([
    ['defaults\nmode http\nfrontend f', 'http'],
    ['defaults\nmode http\nfrontend f\nmode tcp', 'tcp'],
    ['defaults\nfrontend f\nmode http\nmode log', 'log'],
    ['defaults\nfrontend f', 'tcp'],
    ['frontend f', 'tcp'],
  ])('is its mode in %j: %s', (text, mode) => {
    expect(modeOf(only(text))).toBe(mode);
  });

  it('may have two words', () => {
    const proxy = only('defaults\ntimeout queue 1s\ntimeout connect 2s\nfrontend f\ntimeout connect 3s');
    expect(['queue', 'connect', 'client'].map((name) => settingOf(proxy, 'timeout', name))).toEqual([
      '1s',
      '3s',
      undefined,
    ]);
  });

  it.each([
    ['defaults\noption a\nfrontend f', true],
    ['defaults\nno option a\nfrontend f', false],
    ['defaults\noption a\nfrontend f\nno option a', false],
    ['defaults\nno option a\nfrontend f\noption a', true],
    ['frontend f\noption a\nno option a', false],
    ['frontend f\nno option a\noption a', true],
    ['frontend f\noption b\nno option c', undefined],
    ['defaults\nfrontend f', undefined],
  ])('is an option in %j: %s', (text, expected) => {
    expect(optionOf(only(text), 'a')).toBe(expected);
  });
});
