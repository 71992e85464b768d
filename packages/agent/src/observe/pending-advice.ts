import { list, shown } from './event-lines.ts';
import type { Advice } from './event-reporter.ts';

/** From when on a NOTIFY that waits for its handlers is worth a word, where the deadline lets it wait so long. */
export const LONG_PENDING_MS = 1_000;

/** Whether NOTIFYs can wait for longer than HAProxy usually does. */
export function mayPendLong(timeoutMs: number): boolean {
  return timeoutMs === 0 || timeoutMs > LONG_PENDING_MS;
}

/** What is told of the first NOTIFY that waits for its handlers for over a second. */
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
      `after its 'timeout processing' and lets the request go on: set processingTimeoutMs, or the message's timeoutMs, below that. This is told once`,
    warningCode: 'SPOP_NOTIFY_PENDING',
  };
}
