import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Output, printable } from '../../src/cli/output.ts';
import { takeWritten } from './written.ts';

describe('printable', () => {
  it.each([
    ['\u0000\u0008\t\n\u000b\u000d\u001f', String.raw`\x00\x08` + '\t\n' + String.raw`\x0b\x0d\x1f`],
    [' ~\u007f\u0080\u009f\u00a0', String.raw` ~\x7f\x80\x9f` + '\u00a0'],
    ['\u2029\u202a\u202e\u202f', '\u2029' + String.raw`\u202a\u202e` + '\u202f'],
    ['\u2065\u2066\u2069\u206a', '\u2065' + String.raw`\u2066\u2069` + '\u206a'],
    ['é €', 'é €'],
  ])('makes %j visible', (text, visible) => {
    expect(printable(text)).toBe(visible);
  });

  it('removes control sequences of a terminal, and keeps all other text', () => {
    expect(printable('a\u001b[1mb\u009bc\u202ed\te\n')).toBe(String.raw`a\x1b[1mb\x9bc\u202ed` + '\te\n');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(printable(text)).not.toMatch(/(?![\t\n])[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
      }),
    );
  });
});

describe('Output', () => {
  const { isTTY } = process.stderr;

  beforeEach(() => {
    vi.stubEnv('FORCE_COLOR', undefined);
    vi.stubEnv('NO_COLOR', '1');
  });

  afterEach(() => {
    vi.unstubAllEnvs();
    process.stderr.isTTY = isTTY;
  });

  function everything(output: Output): void {
    output.print('a');
    output.say('b');
    output.warn('c');
    output.table(['title'], [['d']]);
    output.json({ e: 1 });
    output.progress('f');
    output.fail('g', 'h');
  }

  it.each([
    ['lines and tables', {}, ['a\n', 'b\n', 'warning: c\n', 'title\n', 'd\n', 'spop: g\n', '  h\n']],
    ['JSON', { isJson: true }, ['b\n', 'warning: c\n', '{"e":1}\n', 'spop: g\n', '  h\n']],
    ['nothing but the error that ends the program', { isQuiet: true }, ['spop: g\n', '  h\n']],
  ])('writes %s with %j', (_, options, lines) => {
    const written = takeWritten();
    process.stderr.isTTY = false;
    everything(new Output(options));
    expect(written).toEqual(lines);
  });

  it('colours titles and the beginning of messages', () => {
    const written = takeWritten();
    vi.stubEnv('NO_COLOR', undefined);
    vi.stubEnv('FORCE_COLOR', '1');
    process.stderr.isTTY = false;
    everything(new Output());
    expect(written).toEqual([
      'a\n',
      'b\n',
      '\u001b[33mwarning:\u001b[39m c\n',
      '\u001b[2mtitle\u001b[22m\n',
      'd\n',
      '\u001b[31mspop:\u001b[39m g\n',
      '\u001b[2m  h\u001b[22m\n',
    ]);
  });

  it('replaces a line of progress on a terminal by the next line, once', () => {
    const written = takeWritten();
    process.stderr.isTTY = true;
    const output = new Output();
    output.progress('1 of 2\u001b');
    output.progress('2 of 2');
    output.print('done');
    output.say('bye');
    expect(written).toEqual(['\r\u001b[K1 of 2\\x1b', '\r\u001b[K2 of 2', '\r\u001b[K', 'done\n', 'bye\n']);
  });

  it('has no progress with --quiet', () => {
    const written = takeWritten();
    process.stderr.isTTY = true;
    new Output({ isQuiet: true }).progress('1 of 2');
    expect(written).toEqual([]);
  });

  it.each<[string, string[], string[][], string[]]>([
    [
      'titles above the longest cells',
      ['name', 'a'],
      [
        ['x', '12'],
        ['longer', '3'],
      ],
      ['name    a', 'x       12', 'longer  3'],
    ],
    ['a last column that only some rows have', ['a', 'b'], [['x'], ['y', ''], ['z', '1']], ['a  b', 'x', 'y', 'z  1']],
    [
      'no last column without cells',
      ['a', 'b', 'c'],
      [
        ['x', '1', ''],
        ['y', '2'],
      ],
      ['a  b', 'x  1', 'y  2'],
    ],
    ['each row in one line', ['a', 'b'], [['x\ny', '\t\u001b']], ['a     b', String.raw`x\ny  \t\x1b`]],
  ])('writes tables with %s', (_, titles, rows, lines) => {
    const written = takeWritten();
    new Output().table(titles, rows);
    expect(written).toEqual(lines.map((line) => `${line}\n`));
  });

  it('writes bytes as digits, and large integers as text, in JSON', () => {
    const written = takeWritten();
    new Output({ isJson: true }).json({ bytes: Uint8Array.of(0, 255), small: 2n ** 53n - 1n, large: 2n ** 53n });
    expect(written).toEqual(['{"bytes":"00ff","small":9007199254740991,"large":"9007199254740992"}\n']);
  });
});
