/**
 * Looks addresses up in one million entries, in the blocklist of docs/examples/ip-blocklist and in `net.BlockList`, and
 * prints the time and the bytes as one line of JSON. run.ts starts it, as JavaScript.
 */
import { BlockList } from 'node:net';
import { AddressSet, layOut } from '../../docs/examples/ip-blocklist/address-set.ts';
import { parseList } from '../../docs/examples/ip-blocklist/parse-list.ts';
import { type Measured, measured } from '../harness/measured.ts';
import type { Operation } from '../harness/operation.ts';
import { randomFrom } from '../harness/random.ts';
import { randomIpv4, randomIpv6, randomLines } from './random-list.ts';

const ENTRIES = 1_000_000;
/** A power of two, so that a mask wraps the index. */
const ASKED = 1 << 15;

/** The figures of one kind of look-ups. */
export interface LookUpFigures extends Measured {
  /** How many of a thousand addresses are listed. */
  readonly perMille: number;
}

/** All figures. */
export interface Figures {
  readonly ipv4Bytes: number;
  readonly ipv6Bytes: number;
  readonly lookUps: Readonly<Record<string, LookUpFigures>>;
}

function wordsOf(text: string): Int32Array {
  const list = parseList(Buffer.from(text)).ranges;
  const words = text.includes(':') ? list.ipv6.subarray(0, 4) : [list.ipv4.at(-1) ?? 0];
  return Int32Array.from(words, (word) => word | 0);
}

/** An address whose words are in one array with those of others, as a handler's are in one buffer. */
class Asked {
  readonly family: 4 | 6;
  readonly #words: Int32Array;
  readonly #width: number;
  #at = 0;

  constructor(texts: readonly string[]) {
    const all = texts.map(wordsOf);
    this.#width = all[0]?.length ?? 1;
    this.family = this.#width === 1 ? 4 : 6;
    this.#words = Int32Array.from(all.flatMap((words) => [...words]));
  }

  next(): this {
    this.#at = (this.#at + 1) & (ASKED - 1);
    return this;
  }

  wordAt(index: number): number {
    return this.#words[this.#at * this.#width + index]!;
  }
}

async function measure(operation: Operation, texts: number = ASKED): Promise<LookUpFigures> {
  let listed = 0;
  for (let i = 0; i < texts; i++) listed += operation();
  return { ...(await measured(operation)), perMille: (listed / texts) * 1_000 };
}

const lines = randomLines(ENTRIES, 1);
const tables = layOut(parseList(Buffer.from(lines.join('\n'))).ranges);
const bytesOf = (arrays: readonly { readonly byteLength: number }[]): number =>
  arrays.reduce((sum, { byteLength }) => sum + byteLength, 0);
const ipv4Bytes = bytesOf(Object.values(tables.ipv4));
const ipv6Bytes = bytesOf(Object.values(tables.ipv6));
const set = new AddressSet(tables);

const random = randomFrom(2);
const clients4 = Array.from({ length: ASKED }, () => randomIpv4(random));
const clients6 = Array.from({ length: ASKED }, () => randomIpv6(random));
const listed4 = lines.filter((line) => !line.includes(':') && !line.includes('/')).slice(0, ASKED);
const lookUpIn = (texts: readonly string[]): Operation => {
  const asked = new Asked(texts);
  return () => (set.has(asked.next()) ? 1 : 0);
};
const lookUps: Record<string, LookUpFigures> = {
  'IPv4 clients': await measure(lookUpIn(clients4)),
  'IPv6 clients': await measure(lookUpIn(clients6)),
  'listed IPv4 addresses': await measure(lookUpIn(listed4)),
};

const blockList = new BlockList();
for (const line of lines) {
  const [address = '', prefix] = line.split('/');
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  if (prefix === undefined) blockList.addAddress(address, family);
  else blockList.addSubnet(address, Number(prefix), family);
}
const checkIn = (texts: readonly string[], family: 'ipv4' | 'ipv6'): Operation => {
  let at = 0;
  return () => (blockList.check(texts[(at = (at + 1) & (ASKED - 1))]!, family) ? 1 : 0);
};
lookUps['IPv4 clients, net.BlockList'] = await measure(checkIn(clients4, 'ipv4'));
lookUps['IPv6 clients, net.BlockList'] = await measure(checkIn(clients6, 'ipv6'));

console.log(JSON.stringify({ ipv4Bytes, ipv6Bytes, lookUps } satisfies Figures));
