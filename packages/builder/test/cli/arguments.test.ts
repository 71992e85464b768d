import { describe, expect, it } from 'vitest';
import { Arguments } from '../../src/cli/arguments.ts';
import { disconnectCode } from '../../src/cli/command.ts';
import { targetOptions } from '../../src/cli/target.ts';

describe('Arguments', () => {
  it('name the option that was probably meant, or the help', () => {
    expect(() => new Arguments(['--timout', '1'], targetOptions)).toThrow(
      expect.objectContaining({ message: 'there is no option --timout', hint: 'did you mean --timeout?' }),
    );
    expect(() => new Arguments(['--everything'], targetOptions)).toThrow(
      expect.objectContaining({ hint: 'the help lists all options: add --help' }),
    );
  });

  it('refuse to be asked for an option that the command does not declare', () => {
    expect(() => new Arguments([], targetOptions).has('json')).toThrow(
      new TypeError('the command has no option --json'),
    );
  });

  const options = {
    count: { value: 'N', about: 'how many' },
    quiet: { about: 'say less', short: 'q' },
    shape: { value: 'SHAPE', about: 'round or square', choices: ['round', 'square'] },
  };
  const given = (...words: readonly string[]): Arguments => new Arguments(words, options);

  it('keep the other words in their order, and the last value of an option', () => {
    const args = given('a', '--count', '1', 'b', '-q', '--count=2', '--', '--quiet');
    expect(args.words).toEqual(['a', 'b', '--quiet']);
    expect([args.text('count'), args.has('quiet'), args.text('shape')]).toEqual(['2', true, undefined]);
  });

  it.each([
    [['--count'], 'the option --count needs a value', 'write --count N'],
    [['--quiet=no'], 'the option --quiet takes no value; found "no"', 'write --quiet alone'],
    [['--shape', 'oval'], 'expected one of round, square for --shape; found "oval"', 'round or square'],
    [['-x'], 'there is no option -x', 'the help lists all options: add --help'],
    [['--quite'], 'there is no option --quite', 'did you mean --quiet?'],
  ])('refuse %j', (words, message, hint) => {
    expect(() => given(...words)).toThrow(expect.objectContaining({ name: 'UsageError', message, hint }));
  });

  it.each([
    ['3', 3],
    ['0010', 10],
  ])('read %s as a count from 3 to 10', (text, count) => {
    expect(given('--count', text).count('count', 5, 3, 10)).toBe(count);
  });

  it('have the usual count if none was given', () => {
    expect(given().count('count', 0, 3, 10)).toBe(0);
  });

  it.each(['2', '11', '', 'x5', '5x', '-5', '5.0', '0000000000000005'])('refuse %j as a count from 3 to 10', (text) => {
    expect(() => given(`--count=${text}`).count('count', 5, 3, 10)).toThrow(
      expect.objectContaining({
        message: `expected --count to be a whole number from 3 to 10; found "${text}"`,
        hint: 'for instance --count 5',
      }),
    );
  });

  it('name the least count if the usual one is below it', () => {
    expect(() => given('--count', '2').count('count', 0, 3, 10)).toThrow(
      expect.objectContaining({ hint: 'for instance --count 3' }),
    );
  });
});

describe('disconnectCode', () => {
  it.each([
    [0, 64],
    [4, 68],
    [98, 162],
    [99, 163],
    [100, 163],
    [-1, 163],
    [1.5, 163],
    [undefined, 163],
  ])('is for status %s: %i', (status, code) => {
    expect(disconnectCode(status)).toBe(code);
  });
});
