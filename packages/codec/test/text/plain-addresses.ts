import { isIPv4, isIPv6 } from 'node:net';

/*
 * Finds the addresses of text by splitting and by regular expressions, a simple implementation to compare with. Text is
 * latin1, one character for each byte.
 */

const QUOTED = String.raw`"(?:[^"\\]|\\[^])*"`;
const PORT = String.raw`(?::(?:\d{1,5}|_[A-Za-z0-9._-]+))?`;
const TOKEN = String.raw`[A-Za-z0-9!#$%&'*+.^_\x60|~-]+`;
const PAIR = new RegExp(String.raw`^(${TOKEN})=(${QUOTED}|[!#-+\--:<>-[\]-~]+)$`);

const MAX_NODE_LENGTH = 256;

function trim(text: string): string {
  return text.replaceAll(/^[ \t]+|[ \t]+$/g, '');
}

/** The address that is all of `text`, without quotes, brackets and port; undefined if there is none. */
export function plainNode(text: string, isBareTaken: boolean): string | undefined {
  if (text.length > MAX_NODE_LENGTH) return undefined;
  const isQuoted = new RegExp(`^${QUOTED}$`).test(text);
  const node = isQuoted ? text.slice(1, -1).replaceAll(/\\([^])/g, '$1') : text;
  if (isBareTaken && isIPv6(node) && !node.includes('%')) return node;
  const found = new RegExp(String.raw`^(?:([\d.]+)|\[([\da-fA-F:.]+)\])${PORT}$`).exec(node);
  if (found?.[1] !== undefined && isIPv4(found[1])) return found[1];
  return found?.[2] !== undefined && isIPv6(found[2]) ? found[2] : undefined;
}

export function plainAddress(text: string): string | undefined {
  return plainNode(trim(text), true);
}

/** The address of each element, from the last to the first. */
export function plainXForwardedFor(text: string): (string | undefined)[] {
  return trim(text) === '' ? [] : text.split(',').toReversed().map(plainAddress);
}

/** The same for a Forwarded field. */
export function plainForwarded(text: string): (string | undefined)[] {
  if (trim(text) === '') return [];
  if (!new RegExp(String.raw`^(?:[^"\\]|${QUOTED})*$`).test(text)) return [undefined];
  return splitAt(text, ',').toReversed().map(plainElement);
}

function splitAt(text: string, separator: string): string[] {
  const parts = [''];
  for (const [piece] of text.matchAll(new RegExp(`${QUOTED}|[^]`, 'g'))) {
    if (piece === separator) parts.push('');
    else parts.push(`${parts.pop()}${piece}`);
  }
  return parts;
}

function plainElement(text: string): string | undefined {
  const pairs = splitAt(text, ';')
    .map(trim)
    .filter((pair) => pair !== '')
    .map((pair) => PAIR.exec(pair));
  if (pairs.includes(null)) return undefined;
  const nodes = pairs.filter((pair) => pair?.[1]?.toLowerCase() === 'for').map((pair) => pair?.[2] ?? '');
  return nodes.length === 1 ? plainNode(nodes[0]!, false) : undefined;
}
