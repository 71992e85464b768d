/** The agent's own list: levels by network, user agent and published ranges, read from a text. */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type AddressValue, defineNetwork, type Network, type StringValue } from '@spop/agent';
import { messageOf } from '../shared/message-of.ts';
import { readLines } from '../shared/reloadable.ts';

/** A line: it matches if all of its conditions do. */
interface Entry {
  readonly level: number;
  readonly networks: readonly Network[] | undefined;
  readonly userAgent: string | undefined;
}

/** Levels by a client's address and user agent. */
export class List {
  readonly #entries: readonly Entry[];

  /** @throws Error that names an invalid line. Paths of ranges are relative to `folder`. */
  constructor(text: string, folder: string) {
    this.#entries = readLines(text, ([level = '', ...conditions]) => {
      if (!/^[0-3]$/.test(level) || conditions.length === 0) {
        throw new Error('expected a level from 0 to 3, and network=, ranges= or user-agent=');
      }
      let entry: Entry = { level: Number(level), networks: undefined, userAgent: undefined };
      for (const condition of conditions) entry = { ...entry, ...readCondition(condition, folder) };
      return entry;
    });
  }

  /** The level of the first line that matches; undefined if none does. */
  levelOf(src: AddressValue | undefined, userAgent: StringValue | undefined): number | undefined {
    for (const entry of this.#entries) {
      if (entry.networks !== undefined && !(src !== undefined && isWithinAny(src, entry.networks))) continue;
      if (entry.userAgent === undefined || userAgent?.includes(entry.userAgent) === true) return entry.level;
    }
    return undefined;
  }
}

function isWithinAny(src: AddressValue, networks: readonly Network[]): boolean {
  for (const network of networks) if (src.isWithin(network)) return true;
  return false;
}

function readCondition(condition: string, folder: string): Partial<Entry> {
  const [, kind, value = ''] = /^(network|ranges|user-agent)=(.+)$/.exec(condition) ?? [];
  if (kind === 'network') return { networks: [defineNetwork(value)] };
  // Spaces end a word of a line: an underscore stands for one.
  if (kind === 'user-agent') return { userAgent: value.replaceAll('_', ' ') };
  if (kind === 'ranges') return { networks: readRanges(resolve(folder, value)) };
  throw new Error(`expected network=, ranges= or user-agent=; found ${condition}`);
}

/** The form in which operators of crawlers publish ranges: `{ "prefixes": [{ "ipv4Prefix": "192.0.2.0/24" }, …] }`. */
function readRanges(path: string): readonly Network[] {
  try {
    const { prefixes } = JSON.parse(readFileSync(path, 'utf8')) as { readonly prefixes?: unknown };
    if (!Array.isArray(prefixes) || prefixes.length === 0) throw new Error('expected "prefixes", an array with some');
    return prefixes.map((prefix: { readonly ipv4Prefix?: unknown; readonly ipv6Prefix?: unknown }) =>
      defineNetwork(String(prefix.ipv4Prefix ?? prefix.ipv6Prefix)),
    );
  } catch (error) {
    throw new Error(`${path}: ${messageOf(error)}`, { cause: error });
  }
}
