import { describe, expect, it } from 'vitest';
import { type Holder, IncompleteBytes } from '../src/incomplete-bytes.ts';

/** A limit of 100 bytes, and connections that record the calls of their methods. */
function setup() {
  const incomplete = new IncompleteBytes(100);
  const calls: string[] = [];
  const holder = (name: string, incompleteSince: number, isEmpty: boolean = false): Holder => {
    const made: Holder = {
      incompleteSince,
      giveBackEmpty: () => {
        if (isEmpty) incomplete.note(made, 0);
      },
      endForRoom: () => void calls.push(`${name} ends`),
    };
    return made;
  };
  return { calls, holder, incomplete };
}

describe('IncompleteBytes', () => {
  it('adds up the changing bytes of all connections', () => {
    const { calls, holder, incomplete } = setup();
    const [a, b] = [holder('a', 1), holder('b', 2)];
    incomplete.note(a, 40);
    incomplete.note(b, 60);
    expect(incomplete.total).toBe(100);
    incomplete.note(a, 10);
    incomplete.note(b, 0);
    incomplete.note(b, 0);
    expect([incomplete.total, calls]).toEqual([10, []]);
  });

  it('ends the connections whose frame was begun longest ago, until the others fit', () => {
    const { calls, holder, incomplete } = setup();
    incomplete.note(holder('third', 3), 30);
    incomplete.note(holder('first', 1), 10);
    incomplete.note(holder('second', 2), 30);
    incomplete.note(holder('latest', 4), 50);
    expect([calls, incomplete.total]).toEqual([['first ends', 'second ends'], 80]);
  });

  it('ends the connection that took too much, if it is the oldest', () => {
    const { calls, holder, incomplete } = setup();
    const old = holder('old', 1);
    incomplete.note(old, 40);
    incomplete.note(holder('new', 2), 40);
    incomplete.note(old, 80);
    expect([calls, incomplete.total]).toEqual([['old ends'], 40]);
  });

  it('takes back memory without bytes first', () => {
    const { calls, holder, incomplete } = setup();
    incomplete.note(holder('empty', 1, true), 40);
    incomplete.note(holder('old', 2), 40);
    incomplete.note(holder('new', 3), 60);
    expect([calls, incomplete.total]).toEqual([[], 100]);
  });

  it('takes back no memory at the limit', () => {
    const { holder, incomplete } = setup();
    incomplete.note(holder('empty', 1, true), 40);
    incomplete.note(holder('new', 2), 60);
    expect(incomplete.total).toBe(100);
  });

  it('ends no connection if one holds fewer bytes than before', () => {
    const { calls, holder, incomplete } = setup();
    const a = holder('a', 1);
    incomplete.note(a, 90);
    incomplete.note(a, 80);
    expect(calls).toEqual([]);
  });
});
