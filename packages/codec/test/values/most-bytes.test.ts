import { describe, expect, it } from 'vitest';
import { mostBytes } from '../../src/values/typed-data-writer.ts';
import { valueOf } from '../bytes.ts';

describe('the most bytes of a value', () => {
  it.each([
    ['text', 'é1', 11 + 6],
    ['text of 1,024 characters', 'x'.repeat(1_024), 11 + 3_072],
    ['longer text', 'é'.repeat(1_025), 11 + 2_050],
    ['bytes', Buffer.alloc(300), 11 + 300],
    ['a STRING', valueOf('08022f79'), 11 + 2],
    ['a BINARY', valueOf('0903010203'), 11 + 3],
    ['an IPV4', valueOf('06c0000201'), 11 + 4],
    ['an IPV6', valueOf(`07${'00'.repeat(16)}`), 11 + 16],
    ['an INT64', valueOf('0405'), 17],
    ['a BOOL', valueOf('11'), 17],
    ['a number', 5, 17],
    ['a bigint', 5n, 17],
    ['nothing', undefined, 17],
  ])('of %s', (_, value, bytes) => {
    expect(mostBytes(value)).toBe(bytes);
  });
});
