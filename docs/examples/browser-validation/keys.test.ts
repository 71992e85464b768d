import { createHmac, randomBytes } from 'node:crypto';
import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Keys } from './keys.ts';

describe('keys', () => {
  it('sign like HMAC-SHA-256, with any length', () => {
    const secrets = uint8Array({ minLength: 32, maxLength: 130 });
    const parts = uint8Array({ maxLength: 300 });
    assert(
      property(secrets, parts, parts, (secret, head, visitor) => {
        const keys = new Keys(Buffer.from(secret).toString('base64'));
        const expected = createHmac('sha256', secret).update(head).update(visitor).digest();
        expect(keys.sign(head, visitor)).toEqual(expected);
        expect(keys.verify(keys.signingId, head, visitor, expected)).toBe(true);
        expected[31]! ^= 1;
        expect(keys.verify(keys.signingId, head, visitor, expected)).toBe(false);
        expect(keys.verify(keys.signingId ^ 1, head, visitor, expected)).toBeUndefined();
      }),
    );
  });

  it('are both tried if two of them have the same id', () => {
    // One byte: of 300 keys some have the same.
    const all = Array.from({ length: 300 }, () => randomBytes(32).toString('base64'));
    const keys = new Keys(all.join('\n'));
    for (const each of all) {
      const own = new Keys(each);
      expect(keys.verify(own.signingId, Buffer.of(1), Buffer.of(2), own.sign(Buffer.of(1), Buffer.of(2)))).toBe(true);
    }
  });

  it.each([
    '',
    '# none',
    'c2hvcnQ=',
    `${Buffer.alloc(32).toString('base64')} x`,
    Buffer.alloc(32).toString('hex').slice(1),
  ])('are not in %j', (file) => {
    expect(() => new Keys(file)).toThrow(/expected /);
  });
});
