/** The arrival times of many clients in a fixed amount of memory: when it is full, the oldest is forgotten. */

const WORDS = 4;

/**
 * A hash table whose entries are also a heap, the oldest time first. It reserves {@link BYTES_PER_CLIENT} for each client that
 * it has room for, touches them when clients come, and allocates nothing after its construction.
 */
export class ArrivalTimes {
  readonly #words: Int32Array;
  readonly #times: Float64Array;
  /** Entries by their place in the heap: the children of `place` are at `2 * place + 1` and the next, and are not older. */
  readonly #heap: Int32Array;
  readonly #placeOf: Int32Array;
  /** The first entry of each bucket, and the next one of each entry; counted from 1, and 0 for none. */
  readonly #buckets: Int32Array;
  readonly #next: Int32Array;
  /** A random seed: clients cannot choose addresses that are all in one bucket. */
  readonly #seed: number = crypto.getRandomValues(new Int32Array(1))[0]!;
  #size = 0;

  constructor(maxClients: number) {
    this.#words = new Int32Array(WORDS * maxClients);
    this.#times = new Float64Array(maxClients);
    this.#heap = new Int32Array(maxClients);
    this.#placeOf = new Int32Array(maxClients);
    this.#next = new Int32Array(maxClients);
    this.#buckets = new Int32Array(2 ** Math.ceil(Math.log2(maxClients)));
  }

  get size(): number {
    return this.#size;
  }

  /** The client's arrival time; 0 for an unknown client. */
  get(client: Int32Array): number {
    const entry = this.#find(client);
    return entry < 0 ? 0 : this.#times[entry]!;
  }

  /** Keeps the client's arrival time. */
  set(client: Int32Array, time: number): void {
    let entry = this.#find(client);
    if (entry < 0) entry = this.#add(client);
    this.#times[entry] = time;
    this.#moveDown(this.#moveUp(this.#placeOf[entry]!));
  }

  /** The place of a new entry of this client, or of the oldest, whose client is forgotten. */
  #add(client: Int32Array): number {
    let entry = this.#size;
    if (entry < this.#times.length) {
      this.#size++;
      this.#heap[entry] = entry;
      this.#placeOf[entry] = entry;
    } else {
      entry = this.#heap[0]!;
      this.#unlink(entry);
    }
    for (let word = 0; word < WORDS; word++) this.#words[WORDS * entry + word] = client[word]!;
    const bucket = this.#bucketOf(client, 0);
    this.#next[entry] = this.#buckets[bucket]!;
    this.#buckets[bucket] = entry + 1;
    return entry;
  }

  #find(client: Int32Array): number {
    const words = this.#words;
    for (let entry = this.#buckets[this.#bucketOf(client, 0)]! - 1; entry >= 0; entry = this.#next[entry]! - 1) {
      const at = WORDS * entry;
      const isIt =
        words[at] === client[0] &&
        words[at + 1] === client[1] &&
        words[at + 2] === client[2] &&
        words[at + 3] === client[3];
      if (isIt) return entry;
    }
    return -1;
  }

  #unlink(entry: number): void {
    const bucket = this.#bucketOf(this.#words, WORDS * entry);
    let before = this.#buckets[bucket]! - 1;
    if (before === entry) {
      this.#buckets[bucket] = this.#next[entry]!;
      return;
    }
    while (this.#next[before] !== entry + 1) before = this.#next[before]! - 1;
    this.#next[before] = this.#next[entry]!;
  }

  /** Mixes each word in as MurmurHash3 does. */
  #bucketOf(words: Int32Array, at: number): number {
    let hash = this.#seed;
    for (let word = at; word < at + WORDS; word++) {
      const mixed = Math.imul(words[word]!, 0xcc9e2d51);
      hash ^= Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593);
      hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
    }
    hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
    hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
    return (hash ^ (hash >>> 16)) & (this.#buckets.length - 1);
  }

  /** Moves the entry up until its parent is not younger. @returns its new place. */
  #moveUp(from: number): number {
    const heap = this.#heap;
    const times = this.#times;
    const entry = heap[from]!;
    const time = times[entry]!;
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const other = heap[above]!;
      if (times[other]! <= time) break;
      this.#put(other, place);
      place = above;
    }
    this.#put(entry, place);
    return place;
  }

  #moveDown(from: number): void {
    const heap = this.#heap;
    const times = this.#times;
    const size = this.#size;
    const entry = heap[from]!;
    const time = times[entry]!;
    let place = from;
    for (;;) {
      let below = 2 * place + 1;
      if (below >= size) break;
      if (below + 1 < size && times[heap[below + 1]!]! < times[heap[below]!]!) below++;
      const other = heap[below]!;
      if (times[other]! >= time) break;
      this.#put(other, place);
      place = below;
    }
    this.#put(entry, place);
  }

  #put(entry: number, place: number): void {
    this.#heap[place] = entry;
    this.#placeOf[entry] = place;
  }
}

/** Memory for each client: four words, a time, its place in the heap and back, the next of its bucket, and one bucket or two. */
export const BYTES_PER_CLIENT: number = 44;
