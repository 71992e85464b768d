import { isIPv4, isIPv6 } from 'node:net';
import { byteAt } from './text.ts';

/** The four bytes of an IPv4 address in dotted decimal; undefined for other text. */
export function ipv4Bytes(text: string): Uint8Array | undefined {
  return isIPv4(text) ? Uint8Array.from(text.split('.'), Number) : undefined;
}

function groups(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const [a = 0, b = 0, c = 0, d = 0] = group.split('.').map(Number);
    return [a * 256 + b, c * 256 + d];
  });
}

/** The 16 bytes of an IPv6 address in any text form of RFC 4291 §2.2 without a zone; undefined for other text. */
export function ipv6Bytes(text: string): Uint8Array | undefined {
  if (!isIPv6(text) || text.includes('%')) return undefined;
  const [before = '', after] = text.split('::');
  const head = groups(before);
  const tail = groups(after ?? '');
  const middle = after === undefined ? [] : Array.from({ length: 8 - head.length - tail.length }, () => 0);
  return Uint8Array.from([...head, ...middle, ...tail].flatMap((group) => [group >> 8, group & 0xff]));
}

/** Four bytes as dotted decimal. */
export function ipv4Text(bytes: Uint8Array): string {
  return Array.from(bytes).join('.');
}

/** The start and length of the longest run of two or more zero groups, the first of equally long ones (RFC 5952 §4.2). */
function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 1 };
  for (let start = 0; start < words.length; start++) {
    let length = 0;
    while (words[start + length] === 0) length++;
    if (length > best.length) best = { start, length };
  }
  return best.length > 1 ? best : { start: -1, length: 0 };
}

/** Sixteen bytes in the text form of RFC 5952; an IPv4-mapped address ends in dotted decimal (§5). */
export function ipv6Text(bytes: Uint8Array): string {
  const words = Array.from({ length: 8 }, (_, index) => byteAt(bytes, index * 2) * 256 + byteAt(bytes, index * 2 + 1));
  if (words.slice(0, 5).every((word) => word === 0) && words[5] === 0xffff) {
    return `::ffff:${ipv4Text(bytes.subarray(12))}`;
  }
  const run = longestZeroRun(words);
  const text = (part: readonly number[]): string => part.map((word) => word.toString(16)).join(':');
  return run.start < 0
    ? text(words)
    : `${text(words.slice(0, run.start))}::${text(words.slice(run.start + run.length))}`;
}
