import { RateLimit } from './rate-limit.ts';

const BURST = 10;
const WINDOW_MS = 1_000;

const limit: RateLimit = new RateLimit(BURST, WINDOW_MS, (code, suppressed) => {
  process.emitWarning(`${suppressed} more of these within a second`, { code });
  return true;
});

/** Emits a process warning for an error in the user's code that the agent survives; at most ten of each code a second. */
export function warn(code: string, message: string): void {
  if (limit.admits(code)) process.emitWarning(message, { code });
}
