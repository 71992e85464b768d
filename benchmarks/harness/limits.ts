/** The bounds of a figure. */
export interface Limit {
  readonly atMost?: number | undefined;
  readonly atLeast?: number | undefined;
}

/** The number of figures so far that were not within their limits. */
export let missed = 0;

/** Prints one line: a figure and, if it has a limit, the limit and whether it holds. */
export function report(what: string, value: number, unit: string, { atMost, atLeast }: Limit = {}): void {
  const figure = `${what.padEnd(64)} ${value.toFixed(value >= 100 ? 0 : 2).padStart(9)} ${unit.padEnd(9)}`;
  const limit = atMost ?? atLeast;
  if (limit === undefined) return console.log(figure.trimEnd());
  const isHeld = value <= (atMost ?? Infinity) && value >= (atLeast ?? -Infinity);
  if (!isHeld) missed++;
  console.log(`${figure} ${atMost === undefined ? 'at least' : 'at most'} ${limit}: ${isHeld ? 'held' : 'MISSED'}`);
}
