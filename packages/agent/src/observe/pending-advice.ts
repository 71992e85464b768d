import { list, shown } from './event-lines.ts';
import type { Advice } from './event-reporter.ts';

/** How long a NOTIFY has to wait for its handlers before the agent gives advice, in ms. */
export const LONG_PENDING_MS = 1_000;

/** Whether the deadline lets NOTIFYs wait longer than that; 0 is no deadline. */
export function mayPendLong(timeoutMs: number): boolean {
  return timeoutMs === 0 || timeoutMs > LONG_PENDING_MS;
}

/** The advice on the first NOTIFY that waits for its handlers for more than 1,000 ms. */
export function pendingAdvice(
  timeoutMs: number,
  pendingMs: number,
  streamId: number,
  messages: readonly string[],
): Advice {
  const deadline = timeoutMs === 0 ? 'there is no deadline' : `its deadline is at ${timeoutMs} ms`;
  const of = messages.length === 0 ? '' : ` of ${list(messages)}`;
  const details = { event: 'pending', streamId, messages: shown(messages), pendingMs, timeoutMs };
  return {
    level: 'warn',
    details,
    message:
      `a NOTIFY${of} has waited for its handlers for ${pendingMs} ms, and ${deadline}. HAProxy gives up ` +
      `after its 'timeout processing' and lets the request go on: set processingTimeoutMs, or the message's timeoutMs, below that. This is reported once`,
    warningCode: 'SPOP_NOTIFY_PENDING',
  };
}
