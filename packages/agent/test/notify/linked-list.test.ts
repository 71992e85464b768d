import { describe, expect, it } from 'vitest';
import { Link, LinkedList } from '../../src/notify/linked-list.ts';

describe('LinkedList', () => {
  it('gives items in the order in which they were added, and none when it is empty', () => {
    const list = new LinkedList<string>();
    expect([list.first, list.takeFirst(), list.count]).toEqual([undefined, undefined, 0]);
    const links = ['a', 'b', 'c'].map((item) => new Link(item));
    for (const link of links) list.add(link);
    expect(list.remove(links[1]!)).toBe(true);
    expect(list.remove(links[1]!)).toBe(false);
    expect([list.count, list.takeFirst(), list.first, list.takeFirst(), list.takeFirst()]).toEqual([
      2,
      'a',
      'c',
      'c',
      undefined,
    ]);
  });
});
