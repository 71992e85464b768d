/** Reads the members of a set of Valkey or Redis. */
import { Redis } from 'iovalkey';
import { keyOf } from './source-texts.ts';

const DEFAULT_PORT = 6379;
const CONNECT_TIMEOUT_MS = 5_000;
/** The number of members asked for at once: the server answers other clients in between. */
const BATCH = 10_000;
/** The number of tries to read a set in batches while it changes; then it is read in one piece. */
const ATTEMPTS = 2;

/**
 * Reads the members, each as a line.
 *
 * @throws Error if there is no such set, its server cannot be reached, or it is not read within `timeoutMs`.
 */
export async function readSet(url: URL, maxBytes: number, timeoutMs: number): Promise<Uint8Array> {
  const client = new Redis({
    host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
    port: Number(url.port || DEFAULT_PORT),
    ...(url.username === '' ? {} : { username: decodeURIComponent(url.username) }),
    ...(url.password === '' ? {} : { password: decodeURIComponent(url.password) }),
    ...(url.protocol === 'rediss:' ? { tls: {} } : {}),
    connectTimeout: CONNECT_TIMEOUT_MS,
    lazyConnect: true,
    // The caller tries again later: a late connection is of no use.
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // Calls reject only with the information that the connection is closed.
  let reason: Error | undefined;
  client.on('error', (error: Error) => (reason ??= error));
  const timer = setTimeout(() => {
    reason ??= new Error(`not read within ${timeoutMs} ms`);
    client.disconnect();
  }, timeoutMs);
  try {
    await client.connect();
    return await readMembers(client, keyOf(url), maxBytes);
  } catch (error) {
    throw reason ?? error;
  } finally {
    clearTimeout(timer);
    client.disconnect();
  }
}

/** The set as of one moment: a set replaced during reading would give members of both. */
async function readMembers(client: Redis, key: string, maxBytes: number): Promise<Uint8Array> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    await client.watch(key);
    const lines = new Lines(maxBytes);
    let cursor = '0';
    do {
      const [next, members] = await client.sscan(key, cursor, 'COUNT', BATCH);
      lines.add(members);
      cursor = next;
    } while (cursor !== '0');
    // Only to learn whether the key has changed since it is watched.
    if ((await client.multi().exec()) !== null) return lines.toBytes();
  }
  const lines = new Lines(maxBytes);
  lines.add(await client.smembers(key));
  return lines.toBytes();
}

class Lines {
  readonly #maxBytes: number;
  readonly #parts: Buffer[] = [];
  #length = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  add(members: readonly string[]): void {
    if (members.length === 0) return;
    const part = Buffer.from(`${members.join('\n')}\n`);
    this.#length += part.length;
    if (this.#length > this.#maxBytes) throw new Error(`expected at most ${this.#maxBytes} bytes`);
    this.#parts.push(part);
  }

  toBytes(): Uint8Array {
    return Buffer.concat(this.#parts, this.#length);
  }
}
