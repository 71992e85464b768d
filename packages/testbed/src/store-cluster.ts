import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePortWithBus } from './ports.ts';
import { Store } from './store.ts';

const SLOTS = 16_384;
const MASTERS = 3;
const READY_TIMEOUT_MS = 20_000;
const POLL_MS = 50;
const OPTIONS = [
  ['--cluster-enabled', 'yes'],
  ['--cluster-node-timeout', '1000'],
  ['--cluster-require-full-coverage', 'no'],
  ['--repl-diskless-sync-delay', '0'],
].flat();

/** A cluster of Redis or Valkey on 127.0.0.1: three masters, each with a replica or without. */
export class StoreCluster {
  readonly masters: readonly Store[];
  /** In the order of their masters; empty if it was started without. */
  readonly replicas: readonly Store[];

  private constructor(masters: readonly Store[], replicas: readonly Store[]) {
    this.masters = masters;
    this.replicas = replicas;
  }

  /**
   * Starts a cluster of this program, and waits until all of its servers agree.
   *
   * @throws Error if they do not within 20 seconds.
   */
  static async start(path: string, { hasReplicas = false } = {}): Promise<StoreCluster> {
    const count = hasReplicas ? 2 * MASTERS : MASTERS;
    const stores: Store[] = [];
    try {
      for (let index = 0; index < count; index++)
        stores.push(await Store.start(path, OPTIONS, await freePortWithBus()));
      const cluster = new StoreCluster(stores.slice(0, MASTERS), stores.slice(MASTERS));
      await cluster.#meet();
      return cluster;
    } catch (error) {
      await Promise.all(stores.map((store) => store.stop()));
      throw error;
    }
  }

  /** Ends all servers. */
  async stop(): Promise<void> {
    await Promise.all([...this.masters, ...this.replicas].map((store) => store.stop({ signal: 'SIGKILL' })));
  }

  async #meet(): Promise<void> {
    const all = [...this.masters, ...this.replicas];
    for (const [index, master] of this.masters.entries()) {
      const first = Math.floor((index * SLOTS) / MASTERS);
      const next = Math.floor(((index + 1) * SLOTS) / MASTERS);
      await ask(master, `CLUSTER SET-CONFIG-EPOCH ${index + 1}`);
      await ask(master, `CLUSTER ADDSLOTSRANGE ${first} ${next - 1}`);
    }
    const [first] = this.masters;
    for (const other of all.slice(1)) await ask(other, `CLUSTER MEET 127.0.0.1 ${first?.port}`);
    const deadline = performance.now() + READY_TIMEOUT_MS;
    const until = async (store: Store, command: string, expected: RegExp): Promise<void> => {
      while (!expected.test(await ask(store, command))) {
        if (performance.now() > deadline) throw new Error(`expected ${expected} of ${command} within 20 s`);
        await sleep(POLL_MS);
      }
    };
    for (const store of all) await until(store, 'CLUSTER INFO', new RegExp(`cluster_known_nodes:${all.length}\\b`));
    for (const [index, replica] of this.replicas.entries()) {
      const [id] = (await ask(this.masters[index]!, 'CLUSTER MYID')).match(/\w{40}/) ?? [];
      await ask(replica, `CLUSTER REPLICATE ${id}`);
      await until(replica, 'INFO replication', /master_link_status:up/);
    }
    for (const store of all) await until(store, 'CLUSTER INFO', /cluster_state:ok/);
    for (const store of all)
      await until(store, 'CLUSTER NODES', new RegExp(`^(?:[^]*\\bslave\\b){${this.replicas.length}}`));
  }
}

/** The raw answer of a server to a command; an error throws. */
async function ask({ port }: Store, command: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  socket.setEncoding('latin1').write(`${command}\r\n`);
  let answer = '';
  try {
    do {
      const [text] = (await once(socket, 'data')) as [string];
      answer += text;
    } while (!isWhole(answer));
  } finally {
    socket.destroy();
  }
  if (answer.startsWith('-')) throw new Error(`${command}: ${answer.trim()}`);
  return answer;
}

/** The text of a line, or of a text after its length: `$5\r\nhello\r\n`. */
function isWhole(answer: string): boolean {
  const [line, length] = /^\$(\d+)\r\n/.exec(answer) ?? [];
  return line === undefined ? answer.endsWith('\r\n') : answer.length >= line.length + Number(length) + 2;
}
