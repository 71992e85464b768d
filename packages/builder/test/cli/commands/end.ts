import { afterEach, beforeEach, vi } from 'vitest';

/** In these tests a command's end of the process waits: `vi.runAllTimers()` throws `exit` and the exit code. */
export function endWaits(): void {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setImmediate'] });
    vi.spyOn(process, 'exit').mockImplementation((code) => {
      throw new Error(`exit ${code}`);
    });
  });
  afterEach(() => {
    vi.useRealTimers();
    vi.restoreAllMocks();
  });
}
