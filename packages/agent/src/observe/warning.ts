import { RateLimit } from './rate-limit.ts';

const BURST = 10;
const WINDOW_MS = 1_000;

const limit: RateLimit = new RateLimit(BURST, WINDOW_MS, (code, suppressed) => {
  process.emitWarning(`${suppressed} more of these within a second`, { code });
  return true;
});

/** Warns of a fault in the user's code that the agent gets over: what happens at each NOTIFY takes ten lines a second. */
export function warn(code: string, message: string): void {
  if (limit.admits(code)) process.emitWarning(message, { code });
}
