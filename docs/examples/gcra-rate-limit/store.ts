/** The state that several agents share: one server, or a cluster of them. */
import type { LabelledValue, OwnMetric } from '@spop/agent';
import type { RedisOptions } from 'iovalkey';
import { messageOf } from '../shared/message-of.ts';
import { parseStoreUrl } from '../shared/store-url.ts';
import type { ClientKey } from './client-key.ts';
import { keySlot, SLOTS } from './key-slot.ts';
import { type Kept, type ScriptSettings, StoreNode } from './store-node.ts';
import { isTakeoverDue } from './takeover.ts';

/** Time between two questions to the cluster for its slots: while one of its servers does not answer, and otherwise. */
const URGENT_MS = 300;
const CALM_MS = 10_000;
const DEFAULT_PORT = 6_379;

/** Addresses of the store. */
export interface StoreSettings extends ScriptSettings {
  /** Any of its servers; these name the others of a cluster. */
  readonly urls: readonly URL[];
  /** Certificates to trust, for `rediss:`. */
  readonly ca: string | undefined;
  /** Prefix of each key. */
  readonly prefix: string;
}

/** Asks the server that has a client's key. */
export class Store {
  readonly #settings: StoreSettings;
  readonly #nodes: Map<string, StoreNode> = new Map();
  readonly #seeds: ReadonlySet<string>;
  /** The server of each slot; of a single server there is one. */
  #slots: (StoreNode | undefined)[] = [];
  #kind: 'unknown' | 'single' | 'cluster' = 'unknown';
  #timer: NodeJS.Timeout | undefined;
  #isAsking = false;

  constructor(settings: StoreSettings) {
    this.#settings = settings;
    this.#seeds = new Set(settings.urls.map(addressOf));
    for (const address of this.#seeds) this.#node(address);
  }

  /** Decides about a request; undefined if the client's server is down. Rejects if the server did not decide. */
  decide(client: ClientKey): Promise<Kept> | undefined {
    const key = this.#settings.prefix + client.toString();
    const slot = this.#kind === 'cluster' ? keySlot(key) : 0;
    const node = this.#slots[slot];
    if (node?.isReady !== true) return undefined;
    return this.#kind === 'cluster' ? this.#follow(node, slot, key) : node.decide(key);
  }

  toMetrics(): OwnMetric[] {
    const each = (valueOf: (node: StoreNode) => number): readonly LabelledValue[] =>
      [...this.#nodes.values()].map((node) => ({ labels: { node: node.address }, value: valueOf(node) }));
    return [
      {
        name: 'rate_store_ready',
        type: 'gauge',
        help: 'Whether a server of the store answers.',
        value: each(({ isReady }) => Number(isReady)),
      },
      {
        name: 'rate_store_openings',
        type: 'counter',
        help: 'Times that the connection to a server was dropped.',
        value: each(({ openings }) => openings),
      },
    ];
  }

  close(): void {
    clearTimeout(this.#timer);
    for (const node of this.#nodes.values()) node.close();
  }

  /** A slot has moved, or a key of a moving slot: the call had no effect, and is sent again to the new server. */
  async #follow(node: StoreNode, slot: number, key: string): Promise<Kept> {
    try {
      return await node.decide(key);
    } catch (error) {
      const [, kind, address] = /^(MOVED|ASK) \d+ (\S+)$/.exec(messageOf(error)) ?? [];
      if (address === undefined) throw error;
      const owner = this.#node(address.startsWith(':') ? hostOf(node.address) + address : address);
      if (kind === 'MOVED') {
        this.#slots[slot] = owner;
        this.#schedule(0);
      }
      if (!owner.isReady) throw error;
      return owner.decide(key, { isMoving: kind === 'ASK' });
    }
  }

  #node(address: string): StoreNode {
    let node = this.#nodes.get(address);
    if (node === undefined) {
      node = new StoreNode(
        address,
        this.#optionsFor(address),
        this.#settings,
        () => this.#schedule(0),
        () => this.#mayReturn(address),
      );
      this.#nodes.set(address, node);
    }
    return node;
  }

  /** Whether no other server says that a replica may be taking the place of this one. */
  async #mayReturn(address: string): Promise<boolean> {
    const others = [...this.#nodes.values()].filter(({ isReady }) => this.#kind === 'cluster' && isReady);
    const said = await Promise.allSettled(others.map((node) => node.ask((redis) => redis.cluster('NODES'))));
    return !said.some((each) => each.status === 'fulfilled' && isTakeoverDue(String(each.value), address));
  }

  #optionsFor(address: string): RedisOptions {
    const { urls, ca } = this.#settings;
    // Servers of a cluster that are not listed have the options of the first listed one.
    const url = urls.find((each) => addressOf(each) === address) ?? urls[0];
    const { username = '', password = '', protocol = '' } = url ?? {};
    return {
      host: hostOf(address).replace(/^\[(.*)\]$/, '$1'),
      port: Number(address.slice(address.lastIndexOf(':') + 1)),
      ...(username === '' ? {} : { username: decodeURIComponent(username) }),
      ...(password === '' ? {} : { password: decodeURIComponent(password) }),
      ...(protocol === 'rediss:' ? { tls: ca === undefined ? {} : { ca } } : {}),
    };
  }

  #schedule(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#learn(), ms).unref();
  }

  /** Asks a server that answers for the store's kind, and for the slots. */
  async #learn(): Promise<void> {
    if (this.#isAsking) return;
    this.#isAsking = true;
    for (const node of [...this.#nodes.values()].filter(({ isReady }) => isReady)) {
      try {
        await this.#learnFrom(node);
        break;
      } catch (error) {
        console.error(`store ${node.address} does not say where its slots are: ${messageOf(error)}`);
      }
    }
    this.#isAsking = false;
    const isCalm = this.#kind !== 'unknown' && this.#slots.every((node) => node?.isReady === true);
    this.#schedule(isCalm ? CALM_MS : URGENT_MS);
  }

  async #learnFrom(node: StoreNode): Promise<void> {
    if (this.#kind === 'unknown') {
      const isCluster = /^cluster_enabled:1/m.test(await node.ask((redis) => redis.info('cluster')));
      this.#kind = isCluster ? 'cluster' : 'single';
      console.log(`store is       ${isCluster ? 'a cluster' : 'a single server'}`);
    }
    if (this.#kind === 'single') {
      const [first] = this.#nodes.values();
      this.#slots = [first];
      return;
    }
    const ranges = (await node.ask((redis) => redis.cluster('SLOTS'))) as unknown as SlotRange[];
    const slots = Array.from<StoreNode | undefined>({ length: SLOTS });
    for (const [from, to, [host, port]] of ranges) {
      slots.fill(this.#node(`${host || hostOf(node.address)}:${port}`), from, to + 1);
    }
    this.#slots = slots;
    for (const [address, each] of this.#nodes) {
      if (this.#seeds.has(address) || slots.includes(each)) continue;
      each.close();
      this.#nodes.delete(address);
    }
  }
}

/** A row of CLUSTER SLOTS: first and last slot, and their master, then replicas. */
type SlotRange = readonly [from: number, to: number, master: readonly [host: string, port: number]];

function addressOf(url: URL): string {
  return `${url.hostname}:${url.port || DEFAULT_PORT}`;
}

function hostOf(address: string): string {
  return address.slice(0, address.lastIndexOf(':'));
}

/**
 * Reads URLs of servers, separated by commas.
 *
 * @throws Error that says what was expected.
 */
export function parseNodes(text: string): readonly URL[] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => parseStoreUrl(part, 'URLs such as redis://user:password@host:6379, with commas between them'));
}
