import { afterEach, describe, expect, it, vi } from 'vitest';
import { warn } from '../../src/observe/warning.ts';

describe('warn', () => {
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });

  it('emits ten warnings of a code in a second, then the number of the others', () => {
    vi.useFakeTimers();
    const emit = vi.spyOn(process, 'emitWarning').mockImplementation(() => {});
    for (let i = 0; i < 5_000; i++) warn('SPOP_FALLBACK_THREW', `no answer ${i}`);
    warn('SPOP_HOOK_THREW', 'another one');
    expect(emit.mock.calls).toHaveLength(11);
    expect(emit.mock.calls[9]).toEqual(['no answer 9', { code: 'SPOP_FALLBACK_THREW' }]);
    expect(emit.mock.calls[10]).toEqual(['another one', { code: 'SPOP_HOOK_THREW' }]);
    vi.advanceTimersByTime(1_000);
    expect(emit.mock.calls.slice(11)).toEqual([
      ['4990 more of these within a second', { code: 'SPOP_FALLBACK_THREW' }],
    ]);
    warn('SPOP_FALLBACK_THREW', 'again');
    expect(emit).toHaveBeenLastCalledWith('again', { code: 'SPOP_FALLBACK_THREW' });
    vi.advanceTimersByTime(1_000);
    expect(emit.mock.calls).toHaveLength(13);
  });
});
