/*
 * Finds headers and cookies by splitting and by regular expressions, a simple implementation to compare with. Text is
 * latin1, one character for each byte.
 */

export type Header = readonly [name: string, value: string];

/** Stands for bytes that are no header. */
export const MALFORMED = 'SPOP_BAD_HEADERS';

function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
}

/** The headers of `req.hdrs`, and {@link MALFORMED} if they do not end correctly. */
export function plainLines(text: string): (Header | string)[] {
  const found: (Header | string)[] = [];
  for (let rest = text; ;) {
    const end = rest.indexOf('\r\n');
    const line = rest.slice(0, Math.max(end, 0));
    const colon = line.indexOf(':');
    if (end === 0) return found;
    if (end < 0 || colon < 1 || line.slice(0, colon).includes('\r')) return [...found, MALFORMED];
    found.push([line.slice(0, colon), trim(line.slice(colon + 1))]);
    rest = rest.slice(end + 2);
  }
}

/** The same for `req.hdrs_bin`. */
export function plainPairs(bytes: Buffer): (Header | string)[] {
  const found: (Header | string)[] = [];
  for (let rest = bytes; ;) {
    const [name, afterName] = readText(rest);
    const [value, next] = readText(afterName);
    if (name === undefined || value === undefined || (name === '' && value !== '')) return [...found, MALFORMED];
    if (name === '') return found;
    found.push([name, value]);
    rest = next;
  }
}

/** Text after its length (SPOE.txt §3.1), and the bytes that follow; undefined if it is cut off. */
function readText(bytes: Buffer): [text: string | undefined, rest: Buffer] {
  let length = 0n;
  let size = 0;
  for (const byte of bytes) {
    length += BigInt(byte) << BigInt(size === 0 ? 0 : 7 * size - 3);
    size++;
    if (byte < (size === 1 ? 240 : 128)) {
      const rest = bytes.subarray(size);
      if (length > rest.length) break;
      return [rest.toString('latin1', 0, Number(length)), rest.subarray(Number(length))];
    }
  }
  return [undefined, bytes.subarray(bytes.length)];
}

/** The number of cookies of that name, and the value of the first. */
export function plainCookie(header: string, name: string): [count: number, value: string | undefined] {
  const values = header
    .split(';')
    .filter((pair) => pair.includes('='))
    .map((pair) => [trim(pair.slice(0, pair.indexOf('='))), trim(pair.slice(pair.indexOf('=') + 1))] as const)
    .filter(([found]) => found === name)
    .map(([, value]) => value.replace(/^"([^]*)"$/, '$1'));
  return [values.length, values[0]];
}
