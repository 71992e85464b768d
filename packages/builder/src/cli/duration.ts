import { UsageError } from './usage-error.ts';

const UNITS: Readonly<Record<string, number>> = { '': 1, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
/** The longest timer of Node, 24 days. */
const MAX_MS = 2 ** 31 - 1;

/**
 * Parses a duration as in HAProxy's configuration: `500`, `500ms`, `5s`, `2m`. Returns milliseconds.
 *
 * @throws {UsageError} for other text, for 0, and above 24 days.
 */
export function parseDuration(name: string, text: string): number {
  const [, digits = '', unit = ''] = /^(\d+(?:\.\d+)?)(ms|s|m|h|)$/.exec(text) ?? [];
  const duration = digits === '' ? 0 : Math.round(Number(digits) * (UNITS[unit] ?? 1));
  if (duration >= 1 && duration <= MAX_MS) return duration;
  throw new UsageError(
    `expected a duration from 1ms to 24 days for ${name}; found ${JSON.stringify(text)}`,
    'for instance 500ms or 5s; a number alone is milliseconds, as in HAProxy',
  );
}
