import { describe, expect, it } from 'vitest';
import { placesOf, textOf } from '../../src/observe/error-text.ts';

describe('textOf', () => {
  it.each([
    [new RangeError('too far'), 'RangeError: too far'],
    ['text', 'text'],
    [undefined, 'undefined'],
    [Symbol('gone'), 'Symbol(gone)'],
    [new Error('a', { cause: new Error('b', { cause: 'c' }) }), 'Error: a (cause: Error: b) (cause: c)'],
    [Object.create(null), 'object without a text'],
    [new Error('line\nline\u001b[2J'), String.raw`Error: line\u000aline\u001b[2J`],
  ])('of %o is one line', (thrown, text) => {
    expect(textOf(thrown)).toBe(text);
  });

  it('ends even if the chain of causes does not', () => {
    const error = new Error('round');
    error.cause = error;
    expect(textOf(error)).toBe('Error: round (cause: Error: round) (cause: Error: round)');
    expect(textOf('x'.repeat(10_000))).toBe(`${'x'.repeat(512)}…`);
  });
});

describe('placesOf', () => {
  it('has the requested number of places, the nearest first, none of them of Node', () => {
    const error = new Error('x');
    error.stack =
      'Error: x\n    at a (/a.js:1:2)\n    at node:internal/timers:5:1\n    at /b.js:3:4\n    at c (/c.js:5:6)';
    expect(placesOf(error, 2)).toEqual(['a (/a.js:1:2)', '/b.js:3:4']);
  });

  it('does not count a line of the text as a place', () => {
    const error = new Error('x\n    at forged (/f.js:1:1)');
    expect(placesOf(error, 1)[0]).toContain('error-text.test.ts');
  });

  it('takes a stack that does not begin with the text, as after a change of the message', () => {
    const error = new Error('after');
    error.stack = 'Error: before\n    at a (/a.js:1:2)';
    expect(placesOf(error, 1)).toEqual(['a (/a.js:1:2)']);
  });

  it('takes only lines that begin as a place does', () => {
    const error = new Error('after');
    error.stack = 'Error: before, look at this\n    at a (/a.js:1:2)\nthen at last';
    expect(placesOf(error, 3)).toEqual(['a (/a.js:1:2)']);
  });

  it('of an object that only looks like an error are none', () => {
    expect(placesOf({ stack: 'Error: x\n    at a (/a.js:1:2)' }, 1)).toEqual([]);
  });

  it('of an error whose stack cannot be read are none', () => {
    const error = Object.defineProperty(new Error('x'), 'stack', {
      get: () => {
        throw new Error('no stack');
      },
    });
    expect(placesOf(error, 1)).toEqual([]);
  });

  it.each(['text', undefined, Object.assign(new Error('x'), { stack: 7 })])('of %o are none', (thrown) => {
    expect(placesOf(thrown, 3)).toEqual([]);
  });
});
