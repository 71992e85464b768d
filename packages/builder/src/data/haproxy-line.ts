/**
 * The lines of HAProxy that speak SPOP differently: 2.6 and 3.0 with the old client (src/flt_spoe.c), 3.1 with the first
 * release of the new one (src/mux_spop.c), and 3.2, which stands for every later release too.
 */
export type HaproxyLine = '2.6' | '3.0' | '3.1' | '3.2';

/** The comma-separated words of a list; spaces do not count (SPOE.txt §3.2.4). */
export function splitList(list: string): string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
