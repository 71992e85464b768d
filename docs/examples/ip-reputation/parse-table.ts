/** The text form of a table: one address or CIDR range and its score a line, and comments after `#`. */
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { messageOf } from '../shared/message-of.ts';
import { ScoreTable, type ScoredRange } from './table.ts';

const SHOWN_PROBLEMS = 10;

/** A text is not a table; the message has one line for each problem, with the number of its line. */
export class TableError extends Error {
  override readonly name: string = 'TableError';
  /** Each problem with the number of its line, for instance `line 3: …`. */
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    const shown = problems.slice(0, SHOWN_PROBLEMS);
    if (problems.length > shown.length) shown.push(`and ${problems.length - shown.length} more`);
    super(shown.join('\n'));
    this.problems = problems;
  }
}

/** Reads a whole table. @throws TableError with all its problems. */
export function parseTable(text: string): ScoreTable {
  const ranges: ScoredRange[] = [];
  const problems: string[] = [];
  const lineOf = new Map<string, number>();
  for (const [index, line] of text.split('\n').entries()) {
    const content = line.split('#', 1)[0]?.trim() ?? '';
    if (content === '') continue;
    try {
      const range = parseLine(content);
      const identity = `${range.first}/${range.bits}`;
      const earlier = lineOf.get(identity);
      if (earlier !== undefined) throw new Error(`${content.split(/\s/, 1)[0]} is on line ${earlier} already`);
      lineOf.set(identity, index + 1);
      ranges.push(range);
    } catch (error) {
      problems.push(`line ${index + 1}: ${messageOf(error)}`);
    }
  }
  if (problems.length > 0) throw new TableError(problems);
  return new ScoreTable(ranges);
}

function parseLine(content: string): ScoredRange {
  const [range = '', score = '', ...rest] = content.split(/\s+/);
  if (score === '' || rest.length > 0) {
    throw new Error(`expected an address or range and a score, as in "10.0.0.0/8 100"; found "${content}"`);
  }
  return { ...parseRange(range), score: parseScore(score) };
}

function parseScore(text: string): number {
  const score = /^\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (!(score <= 100)) throw new Error(`"${text}" is no score; a score is a whole number from 0 to 100`);
  return score;
}

function parseRange(text: string): Omit<ScoredRange, 'score'> {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  // ipaddr.js also reads 10.1 and 0x0a.0.0.1, which are mistakes in a list of addresses.
  if (isIP(host) === 0 || host.includes('%')) throw new Error(`"${host}" is no IPv4 or IPv6 address`);
  const address = ipaddr.parse(host);
  const width = address.kind() === 'ipv4' ? 32 : 128;
  const length = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) {
    throw new Error(`"/${length}" is no prefix length of an IPv${width === 32 ? 4 : 6} address; it is 0 to ${width}`);
  }
  const bytes = (address instanceof ipaddr.IPv4 ? address.toIPv4MappedAddress() : address).toByteArray();
  const first = BigInt(`0x${Buffer.from(bytes).toString('hex')}`);
  if ((first & ((1n << BigInt(width - Number(length))) - 1n)) !== 0n) {
    const family = width === 32 ? ipaddr.IPv4 : ipaddr.IPv6;
    const network = family.networkAddressFromCIDR(`${host}/${length}`).toString();
    throw new Error(`${text} does not begin at its network address; did you mean ${network}/${length}?`);
  }
  return { first, bits: Number(length) + 128 - width };
}
