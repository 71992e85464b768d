import { describe, expect, it } from 'vitest';
import { isThenable, watchRejection } from '../src/thenable.ts';

const then = (): void => {};

describe('isThenable', () => {
  it.each<[string, unknown, boolean]>([
    ['a promise', Promise.resolve(), true],
    ['an object with a method then', { then }, true],
    ['a function with a method then', Object.assign(() => {}, { then }), true],
    ['an object that inherits it', Object.create({ then }), true],
    ['an object whose then is no function', { then: true }, false],
    ['an object without it', {}, false],
    ['a function', () => {}, false],
    ['null', null, false],
    ['undefined', undefined, false],
    ['a text', 'then', false],
    ['a number', 7, false],
  ])('of %s', (_, value, expected) => {
    expect(isThenable(value)).toBe(expected);
  });
});

describe('watchRejection', () => {
  /** What was told of a result after all that it causes. */
  async function toldOf(result: unknown): Promise<unknown[]> {
    const told: unknown[] = [];
    watchRejection(result, 'hook', (subject, reason) => told.push([subject, reason]));
    await new Promise(setImmediate);
    return told;
  }

  it('tells the subject and the reason of a promise that rejects', async () => {
    const reason = new Error('disk full');
    expect(await toldOf(Promise.reject(reason))).toEqual([['hook', reason]]);
    expect(await toldOf({ then: (_: unknown, reject: (error: unknown) => void) => reject(reason) })).toEqual([
      ['hook', reason],
    ]);
  });

  it.each([[Promise.resolve(1)], [undefined], [{}], ['text']])('tells nothing of %o', async (result) => {
    expect(await toldOf(result)).toEqual([]);
  });
});
