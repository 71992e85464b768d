import { describe, expect, it } from 'vitest';
import { keySlot } from './key-slot.ts';

describe('keySlot', () => {
  // 0x31c3 is the check value of CRC16/XMODEM; the others are from CLUSTER KEYSLOT.
  it.each([
    ['123456789', 0x31c3],
    ['', 0],
    ['foo', 12_182],
    ['{user1000}.following', 3_443],
    ['foo{user1000}{x}', 3_443],
    ['user1000', 3_443],
    ['foo{}{bar}', 8_363],
    ['foo{{bar}}zap', 4_015],
  ])('of %o is %i', (key, slot) => {
    expect(keySlot(key)).toBe(slot);
  });
});
