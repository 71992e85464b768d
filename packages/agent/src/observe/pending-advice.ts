import { list, shown } from './event-lines.ts';
import type { Advice } from './event-reporter.ts';

/** From when on a NOTIFY that waits for its handlers is worth a word, where the deadline lets it wait so long. */
export const LONG_PENDING_MS = 1_000;

/** Whether NOTIFYs can wait for longer than HAProxy usually does. */
export function mayPendLong(processingTimeoutMs: number): boolean {
  return processingTimeoutMs === 0 || processingTimeoutMs > LONG_PENDING_MS;
}

/** What is told of the first NOTIFY that waits for its handlers for over a second. */
export function pendingAdvice(
  processingTimeoutMs: number,
  pendingMs: number,
  streamId: number,
  messages: readonly string[],
): Advice {
  const deadline = processingTimeoutMs === 0 ? 'there is no deadline' : `its deadline is at ${processingTimeoutMs} ms`;
  const of = messages.length === 0 ? '' : ` of ${list(messages)}`;
  const details = { event: 'pending', streamId, messages: shown(messages), pendingMs, processingTimeoutMs };
  return {
    level: 'warn',
    details,
    message:
      `a NOTIFY${of} has waited for its handlers for ${pendingMs} ms, and ${deadline} (processingTimeoutMs). HAProxy gives up ` +
      `after its 'timeout processing' and lets the request go on: set processingTimeoutMs below that. This is told once`,
    warningCode: 'SPOP_NOTIFY_PENDING',
  };
}
